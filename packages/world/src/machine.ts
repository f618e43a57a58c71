/**
 * One machine of a world, running: its region, its threads, and the host's way to its kernel.
 *
 * Order of a start: region, barrier thread, disk driver, kernel; then the kernel recovers, orders its managers and says
 * that it is ready. Whatever fails on the way ends what was started.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  actorPorts,
  outputCalls,
  type AnySignature,
  type ArgsOf,
  type MachineShape,
  type ManagerProgram,
  type PortId,
  type Reply,
} from '@katydid/abi'
import { ControlError, Region, type Remote } from '@katydid/actor'
import type { KernelConfig } from '@katydid/kernel'
import { KatydidError, systemWords } from './error.js'
import { WorldEvents, type EventOf } from './events.js'
import type { HostCall } from './host-call.js'
import { Supervisor, type KernelControl } from './supervisor.js'
import { ownWorkers } from './workers.js'

const managerBackMs = 10_000
const lookMs = 20

export interface MachineOptions {
  readonly machine: number
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

/** Actors that can be crashed on request. */
export type MachinePart = 'kernel' | 'disk' | 'barrier' | 'manager'

/** What the host may call on the kernel besides what the supervisor does. */
export interface KernelHostControl extends KernelControl {
  /** A declared call, made by the host. */
  call(op: number, args: unknown): unknown
}

export class Machine {
  readonly region: Region
  readonly events: WorldEvents
  readonly host: HostCall
  readonly #supervisor: Supervisor<KernelHostControl>

  private constructor(
    region: Region,
    events: WorldEvents,
    supervisor: Supervisor<KernelHostControl>,
    kernel: Remote<KernelHostControl>,
  ) {
    this.region = region
    this.events = events
    this.#supervisor = supervisor
    this.host = async <S extends AnySignature>(signature: S, args: ArgsOf<S>) => {
      try {
        return (await kernel.call(signature.op, args)) as Reply<S>
      } catch (error) {
        if (!(error instanceof ControlError) || error.status !== 'actor_gone') throw error
        throw this.failure ?? new KatydidError('closed', 'The world was closed meanwhile.')
      }
    }
  }

  /** Starts a machine; resolves when its kernel has recovered the world. */
  static async start(
    options: MachineOptions,
  ): Promise<{ readonly machine: Machine; readonly ready: EventOf<'ready'> }> {
    const { shape, diskFd, diskBytes, format, locusHeapMb, managerFrames } = options
    const region = makeRegion(shape, options.machine)
    const events = new WorldEvents()
    const workers = ownWorkers()
    const supervisor = new Supervisor<KernelHostControl>({
      region,
      workers,
      events,
      diskFd,
      acceptChanged: options.acceptChanged ?? false,
      ...(locusHeapMb === undefined ? {} : { locusHeapMb }),
    })
    const ready = firstOf(events)
    supervisor.start(actorPorts.barrier, 'barrier thread', workers.barrier, { fd: diskFd })
    supervisor.start(actorPorts.disk, 'disk driver', workers.disk, {
      fd: diskFd,
      bytes: diskBytes,
      format,
    })
    supervisor.start(actorPorts.console, 'console driver', workers.console, {})
    const { control } = supervisor.start<KernelHostControl>(
      actorPorts.kernel,
      'kernel',
      workers.kernel,
      {
        worldId: options.worldId,
        snapshotEveryMs: options.snapshotEveryMs,
        line: options.line,
        keepLines: options.retain,
        keepEveryMs: options.retainEveryMs,
        ...(options.auditEvery === undefined ? {} : { auditEvery: options.auditEvery }),
        manager: {
          ...workers.defaultManager,
          options: {
            retain: options.retain,
            ...(managerFrames === undefined ? {} : { ownFrames: managerFrames }),
          },
        },
        others: options.managers,
      } satisfies KernelConfig,
    )
    const machine = new Machine(region, events, supervisor, control)
    try {
      return { machine, ready: await ready }
    } catch (error) {
      await machine.close()
      throw error
    }
  }

  /** Why it stopped by itself; null while it runs. */
  get failure(): KatydidError | null {
    return this.#supervisor.failure
  }

  /** Lets loci start; until then those the kernel starts again are held. */
  begin(): void {
    this.events.dropsUnheard = true
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
    if (this.events.hears('output')) await this.host(outputCalls.outputSettled, {})
  }

  /** Ends every thread of the machine, and every wait for what happens in it. */
  async close(): Promise<void> {
    await this.#supervisor.close()
    this.events.close()
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

/** The first `ready`; rejects when the machine fails before. */
function firstOf(events: WorldEvents): Promise<EventOf<'ready'>> {
  const ready = new Promise<EventOf<'ready'>>((resolve, reject) => {
    const stop = [
      events.on('ready', (event) => {
        for (const each of stop) each()
        resolve(event)
      }),
      events.on('failed', ({ status, detail }) => {
        for (const each of stop) each()
        reject(new KatydidError(status as KatydidError['status'], detail))
      }),
    ]
  })
  // Awaited only after the threads are started: a failure before that must not count as unhandled.
  ready.catch(() => undefined)
  return ready
}
