/**
 * One life of a machine of a world: its region, its threads, and the host's way to its kernel.
 *
 * Order of a start: region, barrier thread, disk driver, network driver where there are others, kernel; then the kernel recovers, orders its
 * managers and says that it is ready.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  actorPorts,
  outputCalls,
  type AnySignature,
  type ArgsOf,
  type MachineId,
  type MachineShape,
  type ManagerProgram,
  type PortId,
  type Reply,
  type WorldEvent,
} from '@katydid/abi'
import { ControlError, Region, type Remote } from '@katydid/actor'
import type { NetworkControl, NetworkData } from '@katydid/devices'
import type { KernelConfig } from '@katydid/kernel'
import { KatydidError, systemWords } from './error.js'
import type { WorldEvents } from './events.js'
import type { HostCall } from './host-call.js'
import { networkActor, Supervisor, type KernelControl, type NetworkStart } from './supervisor.js'
import { ownWorkers, type Workers } from './workers.js'

const managerBackMs = 10_000
const lookMs = 20

/** What makes a machine one of several. */
export interface NetworkOptions extends Pick<NetworkStart, 'onStart'> {
  readonly others: readonly MachineId[]
  /** Which life of the machine it is, from 1. */
  readonly incarnation: number
  /** Of sockets; without it the drivers are joined by ports. */
  readonly folder?: string
}

export interface MachineOptions {
  readonly machine: MachineId
  readonly events: WorldEvents
  /** It has stopped by itself; it is being closed. */
  readonly onFailed: (why: KatydidError) => void
  /** What a call that finds it gone is told; without it why it has stopped. */
  readonly goneError?: () => KatydidError
  readonly network?: NetworkOptions
  readonly worldId: string
  readonly snapshotEveryMs: number
  readonly line: 'eager' | 'lazy'
  /** Besides the one that every world has. */
  readonly managers: readonly ManagerProgram[]
  readonly shape: MachineShape
  /** Descriptor of the disk's file, open for reading and writing. */
  readonly diskFd: number
  readonly diskBytes: number
  /** Whether a blank file becomes a disk, or is damage. */
  readonly format: boolean
  readonly acceptChanged?: boolean
  /** Snapshots that the first manager retains of each container, and lines that are kept. */
  readonly retain: number
  /** By itself it keeps a line so long after the last one. */
  readonly retainEveryMs: number
  readonly auditEvery?: number
  readonly managerFrames?: number
  readonly locusHeapMb?: number
}

/** Actors that can be crashed on request; a network driver is there where there are several machines. */
export type MachinePart = 'kernel' | 'disk' | 'barrier' | 'manager' | 'network'

export interface MachineStart {
  readonly machine: Machine
  /** Settles when its kernel has recovered what the machine holds, or it has failed before. */
  readonly ready: Promise<Ready>
}

export type Ready = Extract<WorldEvent, { readonly kind: 'ready' }>

/** What the host may call on the kernel besides what the supervisor does. */
export interface KernelHostControl extends KernelControl {
  /** A declared call, made by the host. */
  call(op: number, args: unknown): unknown
}

export class Machine {
  readonly machine: MachineId
  readonly region: Region
  /** Which life it is, from 1; of a machine alone always 1. */
  readonly incarnation: number
  readonly host: HostCall
  readonly #events: WorldEvents
  readonly #supervisor: Supervisor<KernelHostControl>
  readonly #giveUp: (why: KatydidError) => void

  private constructor(
    region: Region,
    { machine, events, network, goneError }: MachineOptions,
    supervisor: Supervisor<KernelHostControl>,
    kernel: Remote<KernelHostControl>,
    giveUp: (why: KatydidError) => void,
  ) {
    this.machine = machine
    this.region = region
    this.#giveUp = giveUp
    this.incarnation = network?.incarnation ?? 1
    this.#events = events
    this.#supervisor = supervisor
    this.host = async <S extends AnySignature>(signature: S, args: ArgsOf<S>) => {
      try {
        return (await kernel.call(signature.op, args)) as Reply<S>
      } catch (error) {
        if (!(error instanceof ControlError) || error.status !== 'actor_gone') throw error
        throw (
          goneError?.() ??
          this.failure ??
          new KatydidError('closed', 'The world was closed meanwhile.')
        )
      }
    }
  }

  /** Starts a machine. Whoever does closes it, also when it never becomes ready. */
  static start(options: MachineOptions): MachineStart {
    const { shape, diskFd, locusHeapMb, events, machine: self } = options
    const region = makeRegion(shape, self)
    const workers = ownWorkers()
    const { ready, failed } = readiness(events)
    const supervisor = new Supervisor<KernelHostControl>({
      region,
      workers,
      events,
      diskFd,
      acceptChanged: options.acceptChanged ?? false,
      onFailed: (why) => {
        failed(why)
        options.onFailed(why)
      },
      ...(locusHeapMb === undefined ? {} : { locusHeapMb }),
    })
    startActors(supervisor, workers, options)
    return { machine: new Machine(region, options, supervisor, supervisor.kernel!, failed), ready }
  }

  /** Why it stopped by itself; null while it runs. */
  get failure(): KatydidError | null {
    return this.#supervisor.failure
  }

  /** Lets loci start; until then those the kernel starts again are held. */
  begin(): void {
    this.#events.dropsUnheard = true
    this.#supervisor.begin()
  }

  /**
   * Ends the worker of an actor wherever it is; a manager (the first, or the one at `port`) that is just being started
   * again is waited for.
   */
  async crash(part: MachinePart, port: PortId = actorPorts.firstManager): Promise<void> {
    const at = part === 'manager' ? port : actorPorts[part]
    for (let waitedMs = 0; waitedMs < managerBackMs; waitedMs += lookMs) {
      if (await this.#supervisor.crash(at, 'crashed on request')) return
      await sleep(lookMs)
    }
    throw new KatydidError('no_manager', 'The machine has no such manager.')
  }

  /** Waits until all that can be told of what was printed has been, for a short time; at once when nobody listens. */
  async outputSettled(): Promise<void> {
    if (this.#events.hears('output')) await this.host(outputCalls.outputSettled, {})
  }

  /** The network driver that runs; null when there is none. */
  get network(): Remote<NetworkControl> | null {
    return this.#supervisor.network
  }

  /** Ends every thread of the machine, the disk's in good order. */
  close(): Promise<void> {
    this.#giveUp(new KatydidError('closed', 'The machine was closed before it was ready.'))
    return this.#supervisor.close()
  }

  /** Ends every thread of the machine wherever it is, as a loss of power does. */
  kill(): Promise<void> {
    this.#giveUp(new KatydidError('unreachable', 'The machine was killed before it was ready.'))
    return this.#supervisor.kill()
  }
}

/** Barrier and disk first, then the rest, each on its own thread or on one. */
function startActors(
  supervisor: Supervisor<KernelHostControl>,
  workers: Workers,
  options: MachineOptions,
): void {
  const { shape, diskFd, diskBytes, format, network } = options
  const { barrier, disk, console: consolePort, kernel } = actorPorts
  supervisor.start(workers.barrier, [
    { port: barrier, name: 'barrier thread', data: { fd: diskFd } },
  ])
  const diskData = { fd: diskFd, bytes: diskBytes, format }
  supervisor.start(workers.disk, [{ port: disk, name: 'disk driver', data: diskData }])
  const console = { port: consolePort, name: 'console driver', data: {} }
  const first = { port: kernel, name: 'kernel', data: kernelConfig(options, workers) }
  const wires =
    network === undefined ? null : { data: networkData(options, network), onStart: network.onStart }
  if (shape.together === true) {
    const all = [first, console, ...(wires === null ? [] : [networkActor(wires)])]
    supervisor.start(workers.together, all)
    if (wires !== null) wires.onStart(supervisor.network!)
    return
  }
  supervisor.start(workers.console, [console])
  if (wires !== null) supervisor.startNetwork(wires)
  supervisor.start(workers.kernel, [first])
}

function kernelConfig(options: MachineOptions, { defaultManager }: Workers): KernelConfig {
  const { network, managerFrames, retain } = options
  return {
    worldId: options.worldId,
    snapshotEveryMs: options.snapshotEveryMs,
    line: options.line,
    // Nobody goes back to a line of one machine of several.
    keepLines: network === undefined ? retain : 0,
    keepEveryMs: options.retainEveryMs,
    ...(options.auditEvery === undefined ? {} : { auditEvery: options.auditEvery }),
    manager: {
      ...defaultManager,
      options: {
        retain,
        ...(managerFrames === undefined ? {} : { ownFrames: managerFrames }),
      },
    },
    others: options.managers,
    ...(network === undefined
      ? {}
      : { machines: { self: options.machine, others: network.others } }),
  }
}

function networkData(
  { machine, worldId }: MachineOptions,
  { others, incarnation, folder }: NetworkOptions,
): NetworkData {
  const peers = [machine, ...others]
  return {
    world: worldId,
    machine,
    incarnation,
    peers,
    ...(folder === undefined ? {} : { folder }),
  }
}

/** The machine's memory; a system that has not that much to give is no bug. */
function makeRegion(shape: MachineShape, machine: number): Region {
  try {
    return Region.create(shape, machine)
  } catch (error) {
    throw new KatydidError(
      'no_resource',
      `The system has no room for ${shape.frames} frames: ${systemWords(error)}. Ask for fewer frames.`,
    )
  }
}

/** The first `ready`, and what rejects it. */
function readiness(events: WorldEvents): {
  readonly ready: Promise<Ready>
  readonly failed: (why: KatydidError) => void
} {
  let failed: (why: KatydidError) => void = () => undefined
  const ready = new Promise<Ready>((resolve, reject) => {
    const stop = events.on('ready', (event) => {
      stop()
      resolve(event)
    })
    failed = (why) => {
      stop()
      reject(why)
    }
  })
  // Awaited only after the threads are started: a failure before that must not count as unhandled.
  ready.catch(() => undefined)
  return { ready, failed }
}
