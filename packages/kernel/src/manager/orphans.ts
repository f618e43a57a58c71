/**
 * Transfers that nobody will end. A manager counts a frame's transfer before it asks the disk for the write; one that dies
 * in between leaves the count and no request. A request that did reach the mailbox is the driver's, and it ends the
 * transfer itself. So: once the driver has taken all mail of the dead manager and answered a barrier asked for after that,
 * whatever is still counted on its frames is an orphan.
 */
import { actorPorts, diskCalls, mailboxWords, type PortId } from '@katydid/abi'
import { ask, invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { limbo, sweepLimbo } from './manager-gone.js'

const drainMs = 30_000
const barrierMs = 60_000

/** Frees every frame of the dead managers; false when the driver does not answer. */
export function* freeLimbo(machine: Machine, dead: readonly PortId[]): Script<boolean> {
  if (sweepLimbo(machine) === 0) return true
  const drained = (): boolean => dead.every((port) => mailTaken(machine, port))
  if (!(yield* machine.waits.until(drained, drainMs))) return false
  const { disk } = actorPorts
  const reply = yield* ask(machine.messenger, disk, diskCalls.diskSync, {}, barrierMs)
  // A refusal is an answer too: behind a failed write nothing is written from any frame.
  if (reply.status === 'timed_out' || reply.status === 'actor_gone') return false
  for (const frame of machine.frames.ofSet(limbo))
    machine.region.words.store(machine.region.frameWord(frame, 'transfer'), 0)
  const left = sweepLimbo(machine)
  invariant(left === 0, 'ME6: a frame whose transfers are over is free', { left })
  return true
}

/** Whether the driver has taken everything that the manager ever sent it. */
function mailTaken(machine: Machine, port: PortId): boolean {
  const { region } = machine
  const place = region.plan.mailboxes.find(
    ({ from, to }) => from === port && to === actorPorts.disk,
  )
  invariant(place !== undefined, 'AC2: a manager has a mailbox to its disk', { port })
  const head = place.at >> 2
  const { published, consumed } = mailboxWords.at
  return region.words.load(head + consumed) === region.words.load(head + published)
}
