/**
 * Who is who on a machine. Actor ports come first, loci behind them; a mailbox joins two ports in one direction.
 */
import { asPort, type LocusSlot, type PortId } from './ids.js'

/** Actor slots of a machine. `maxManagers` managers have the ports from `firstManager` on. */
export const actorPorts = {
  kernel: asPort(0),
  disk: asPort(1),
  barrier: asPort(2),
  firstManager: asPort(3),
  console: asPort(8),
  /** The way to the world's other machines; started only where there are any. */
  network: asPort(9),
} as const
export const maxActors = 10
/** Actors that never block their thread, so that one can run them all. */
const smallActors: readonly PortId[] = [actorPorts.kernel, actorPorts.console, actorPorts.network]
/** Whose bell is rung for an actor: its own, or the kernel's where small actors share a thread. */
export const bellPortOf = (port: PortId, together: boolean): PortId =>
  together && smallActors.includes(port) ? actorPorts.kernel : port
export const maxManagers = actorPorts.console - actorPorts.firstManager
/** Whether a manager runs, or may run, at the port. */
export const isManagerPort = (port: number): boolean =>
  port >= actorPorts.firstManager && port < actorPorts.firstManager + maxManagers
/** Hard limit of loci on a machine: bits in `attached` and words in `seen`. */
export const maxLociLimit = 128
/** The host (the thread that opened the world) as a principal: it has no mailbox, only control ports. */
export const hostPort = asPort(255)

export const locusPort = (slot: LocusSlot): PortId => asPort(maxActors + slot)
export const isLocusPort = (port: PortId): boolean => port >= maxActors && port !== hostPort
export const locusOfPort = (port: PortId): LocusSlot => (port - maxActors) as unknown as LocusSlot

export interface Channel {
  readonly from: PortId
  readonly to: PortId
  /** Capacity in bytes, a power of two. */
  readonly bytes: number
}

/**
 * Every mailbox of a machine with `maxLoci` loci, in the order in which they lie in the region; `network` adds those of the
 * network driver, which a world of one machine does not have.
 */
export function channels(maxLoci: number, network = false): readonly Channel[] {
  const both = (a: PortId, b: PortId, there: number, back: number): Channel[] => [
    { from: a, to: b, bytes: there },
    { from: b, to: a, bytes: back },
  ]
  const kib = 1024
  const { kernel, disk, barrier, console, firstManager } = actorPorts
  const result = [
    ...both(kernel, disk, 4096 * kib, 4096 * kib),
    ...both(disk, barrier, 4 * kib, 4 * kib),
    ...both(kernel, console, 512 * kib, 16 * kib),
  ]
  for (let m: number = firstManager; m < firstManager + maxManagers; m++) {
    result.push(
      ...both(kernel, asPort(m), 128 * kib, 128 * kib),
      ...both(asPort(m), disk, 1024 * kib, 1024 * kib),
    )
  }
  // A locus is given two blocks in one message when it starts: its arguments and the answer that was saved; and an input goes both ways.
  for (let l = 0; l < maxLoci; l++)
    result.push(...both(locusPort(l as LocusSlot), kernel, 256 * kib, 256 * kib))
  if (!network) return result
  // Twice as wide as to the disk: what goes to another machine are pages and records too.
  result.push(...both(kernel, actorPorts.network, 8192 * kib, 8192 * kib))
  for (let m: number = firstManager; m < firstManager + maxManagers; m++)
    result.push(...both(asPort(m), actorPorts.network, 1024 * kib, 1024 * kib))
  return result
}
