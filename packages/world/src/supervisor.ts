/**
 * Who starts whom and who sees whose end, on the thread that opened the world. It never blocks.
 *
 * The kernel decides, the supervisor does: it carries out the kernel's orders, tells it every ending, and raises the
 * tick by which deadlines are counted. A network driver that dies is started again: its machine goes on without it. A kernel,
 * disk or barrier thread is not: everything of theirs is on the disk, so the machine stops with a clear status.
 */
import { fileURLToPath } from 'node:url'
import {
  actorPorts,
  asGeneration,
  isManagerPort,
  locusOfPort,
  locusStates,
  type Ending,
  type Generation,
  type Order,
  type PortId,
  type Status,
} from '@katydid/abi'
import {
  spawnTogether,
  type Region,
  type Remote,
  type SpawnedActor,
  type SpawnSeat,
} from '@katydid/actor'
import type { ConsoleControl, NetworkControl } from '@katydid/devices'
import { changeOf } from './changed-program.js'
import { KatydidError } from './error.js'
import type { WorldEvents } from './events.js'
import { LocusPool } from './locus-pool.js'
import { moduleHash } from './module-hash.js'
import type { Workers } from './workers.js'

type StartManager = Extract<Order, { order: 'start_manager' }>
type StartLocus = Extract<Order, { order: 'start_locus' }>
type Output = Extract<Order, { order: 'output' }>

/** What the kernel lets the supervisor call. */
export interface KernelControl {
  /** An actor or a locus's worker has ended and can run no more. */
  reported(ending: Ending): void
  /** A manager's module is not what the world recorded, and the host accepts it: this is its hash now. */
  accepted(port: PortId, hash: string): void
}

export interface SupervisorOptions {
  readonly region: Region
  readonly workers: Workers
  readonly events: WorldEvents
  /** Descriptor of the disk's file, from which managers read blocks themselves. */
  readonly diskFd: number
  readonly locusHeapMb?: number
  /** Managers whose module is not what the world recorded are started all the same. */
  readonly acceptChanged?: boolean
  /** The machine cannot go on; its threads are being ended. */
  readonly onFailed: (why: KatydidError) => void
}

/** One of the actors that a thread is started for. */
export interface ActorStart {
  readonly port: PortId
  readonly name: string
  readonly data: unknown
}

export const networkActor = ({ data }: NetworkStart): ActorStart => ({
  port: actorPorts.network,
  name: 'network driver',
  data,
})

/** How the network driver is started, and who joins it with the others each time it is. */
export interface NetworkStart {
  readonly data: unknown
  readonly onStart: (driver: Remote<NetworkControl>) => void
}

/** Milliseconds a tick. A stopped process counts as one tick, however long it was stopped. */
const tickMs = 100
/** Ends of a manager within `restartWindowMs` after which it is not started again. */
const mostRestarts = 20
const restartWindowMs = 10_000

/** What the supervisor needs of a disk driver. */
interface StoppableDisk {
  stop(): Promise<string | null>
}

const diskStopMs = 5000
const closing = 'the world closes'

export class Supervisor<Kernel extends KernelControl> {
  readonly #region: Region
  readonly #workers: Workers
  readonly #events: WorldEvents
  readonly #diskFd: number
  readonly #acceptChanged: boolean
  readonly #onFailed: (why: KatydidError) => void
  readonly #loci: LocusPool
  readonly #actors = new Map<PortId, SpawnedActor<unknown>>()
  readonly #restarts = new Map<PortId, number[]>()
  readonly #ticker: NodeJS.Timeout
  #network: NetworkStart | null = null
  /** Loci the kernel has ordered and nobody has let go on yet; null once they may. */
  #heldLoci: { readonly port: PortId; readonly generation: Generation }[] | null = []
  #closing = false
  #closed: Promise<void> | null = null
  #failure: KatydidError | null = null

  constructor(options: SupervisorOptions) {
    const { region, workers, events, diskFd, locusHeapMb } = options
    this.#region = region
    this.#workers = workers
    this.#events = events
    this.#diskFd = diskFd
    this.#acceptChanged = options.acceptChanged ?? false
    this.#onFailed = options.onFailed
    this.#loci = new LocusPool({
      region: region.handle,
      worker: workers.locus,
      onEnding: (ending) => this.#locusEnded(ending),
      onOrder: (order) => {
        // Whatever a program may post on its thread’s port: what it logs is all that is listened to.
        if (order?.order === 'report' && order.event.kind === 'log') this.#obey(order)
      },
      ...(locusHeapMb === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: locusHeapMb } }),
    })
    const tick = region.machineWord('tick')
    this.#ticker = setInterval(() => region.words.add(tick, 1), tickMs).unref()
  }

  /** Why the world has stopped by itself; null while it runs. */
  get failure(): KatydidError | null {
    return this.#failure
  }

  /** Starts actors that every machine has, on one thread, and carries out what they order. */
  start(file: URL, actors: readonly ActorStart[]): void {
    const region = this.#region
    const seats = actors.map(({ port, name, data }): SpawnSeat => {
      const last = region.words.load(region.actorWord(port, 'generation'))
      const onOrder = (order: Order): void => this.#ordered(port, order)
      return { port, name, data, generation: asGeneration(last + 1), onOrder }
    })
    for (const actor of spawnTogether({ file, region: region.handle }, seats)) {
      this.#actors.set(actor.port, actor)
      void actor.ended.then((ending) => this.#actorEnded(actor.name, ending))
    }
  }

  /** Starts the network driver on a thread of its own, now and whenever it has ended. */
  startNetwork(network: NetworkStart): void {
    this.#network = network
    this.start(this.#workers.network, [networkActor(network)])
    network.onStart(this.network!)
  }

  /** What the host calls on the kernel. */
  get kernel(): Remote<Kernel> | null {
    const kernel = this.#actors.get(actorPorts.kernel)
    return (kernel?.control as Remote<Kernel> | undefined) ?? null
  }

  /** The network driver that runs, or null. */
  get network(): Remote<NetworkControl> | null {
    const driver = this.#actors.get(actorPorts.network)
    return (driver?.control as Remote<NetworkControl> | undefined) ?? null
  }

  /** Lets loci start: those that were ordered meanwhile, and from now on all. */
  begin(): void {
    const held = this.#heldLoci ?? []
    this.#heldLoci = null
    for (const { port, generation } of held) this.#loci.start(port, generation)
  }

  /** Ends the worker of the manager at `port` wherever it is. False when there is none. */
  async crash(port: PortId, reason: string): Promise<boolean> {
    const actor = this.#actors.get(port)
    if (actor === undefined) return false
    await actor.terminate(reason)
    return true
  }

  /**
   * Ends everything and waits until each thread has exited: loci first, the disk last and in good order, so that the next
   * opening has less to look at. Doing it twice is ok.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Ends every thread wherever it is, as a loss of power does: nothing is written any more once this has settled. */
  kill(): Promise<void> {
    this.#closing = true
    clearInterval(this.#ticker)
    const actors = [...this.#actors.values()].map((actor) =>
      actor.terminate('the machine is killed'),
    )
    const killed = Promise.all([...actors, this.#loci.close()]).then(() => undefined)
    this.#closed ??= killed
    return killed
  }

  async #close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#ticker)
    await this.#loci.close()
    const { disk, barrier } = actorPorts
    const actors = [...this.#actors.values()]
    const early = actors.filter(({ port }) => port !== disk && port !== barrier)
    await Promise.all(early.map((actor) => actor.terminate(closing)))
    await this.#stopDisk()
    await Promise.all(actors.map((actor) => actor.terminate(closing)))
  }

  async #stopDisk(): Promise<void> {
    const disk = this.#actors.get(actorPorts.disk) as SpawnedActor<StoppableDisk> | undefined
    if (disk === undefined) return
    // A disk that does not answer loses nothing by being ended: all that was promised is durable.
    const patience = new Promise<void>((resolve) => {
      setTimeout(resolve, diskStopMs).unref()
    })
    await Promise.race([disk.control.stop().catch(() => null), patience])
  }

  /** Lines go to whoever listens; the console hears how far they were taken. */
  #tellOutput({ first, lines }: Output, console: Remote<ConsoleControl>): void {
    if (this.#closing) return
    for (const [
      nth,
      { container, incarnation, interval, sequence, locus, text },
    ] of lines.entries()) {
      const durable = first === 0 ? 'volatile' : 'recoverable'
      const line = { container, incarnation, interval, sequence, locus, text }
      this.#events.emitOutput({ kind: 'output', durable, ...line }, () => {
        if (first === 0) return
        console.taken(first + nth).catch(() => {
          // The console is gone: its own ending tells.
        })
      })
    }
  }

  #ordered(port: PortId, order: Order): void {
    if (port === actorPorts.console && order?.order === 'output') {
      const console = this.#actors.get(port)!
      this.#tellOutput(order, console.control as Remote<ConsoleControl>)
      return
    }
    const allowed = port === actorPorts.kernel ? order : reportOf(port, order)
    if (allowed !== null) this.#obey(allowed)
  }

  #obey(order: Order): void {
    if (this.#closing) return
    switch (order.order) {
      case 'output':
        // The console’s alone.
        return
      case 'start_manager':
        this.#startManager(order)
        return
      case 'stop_actor': {
        const actor = this.#actors.get(order.port)
        if (actor?.generation === order.generation) void actor.terminate(order.reason)
        return
      }
      case 'start_locus':
        this.#startLocus(order)
        return
      case 'stop_locus':
        this.#stopLocus(order.port, order.generation, order.reason)
        return
      case 'report':
        if (order.event.kind === 'failed') {
          this.#fail(order.event.status as Status, order.event.detail)
          return
        }
        this.#events.emit(order.event)
        return
    }
  }

  /** What is run again is part of the world's coming back, so nobody has to let it go on; but it runs only if it is what the world recorded. */
  #startLocus({ port, generation, replays }: StartLocus): void {
    if (this.#heldLoci === null) this.#loci.start(port, generation)
    else if (replays === null) this.#heldLoci.push({ port, generation })
    else {
      const change = this.#acceptChanged ? null : changeOf(replays.container, replays.program)
      if (change === null) this.#loci.start(port, generation)
      else this.#fail(change.status, change.message)
    }
  }

  /** A locus that is still held has no thread: it has ended as soon as it is told to. */
  #stopLocus(port: PortId, generation: Generation, detail: string): void {
    const isIt = (each: { port: PortId; generation: Generation }): boolean =>
      each.port === port && each.generation === generation
    if (this.#heldLoci?.some(isIt) !== true) {
      this.#loci.stop(port, generation, detail)
      return
    }
    this.#heldLoci = this.#heldLoci.filter((each) => !isIt(each))
    this.#locusEnded({ event: 'signal', port, generation, detail })
  }

  #startManager({ port, module, boot, options, recordedHash }: StartManager): void {
    if (!this.#isAsRecorded(port, module, recordedHash)) return
    if (!this.#mayStartAgain(port)) {
      const sentence = `The manager at port ${port} has ended ${mostRestarts} times in ${restartWindowMs / 1000} s and is not started again.`
      this.#fail('manager_failed', sentence)
      return
    }
    const data = { boot, diskFd: this.#diskFd, ...(options === null ? {} : { options }) }
    this.start(this.#workers.manager(module), [{ port, name: `manager ${port}`, data }])
  }

  /** Whether the actor has not ended too often of late; counts. */
  #mayStartAgain(port: PortId): boolean {
    const now = performance.now()
    const recent = (this.#restarts.get(port) ?? []).filter((at) => now - at < restartWindowMs)
    this.#restarts.set(port, [...recent, now])
    return recent.length < mostRestarts
  }

  /**
   * Whether the manager's module may be started: it is what the world recorded, or the host accepts it. Katydid's own belong to
   * its version, which the world's manifest is checked for.
   */
  #isAsRecorded(port: PortId, module: string, recorded: string | null): boolean {
    if (recorded === null || !module.startsWith('file:')) return true
    const file = fileURLToPath(module)
    let hash: string
    try {
      hash = moduleHash(file)
    } catch {
      this.#fail(
        'no_such_program',
        `The module of the manager at port ${port} is gone: ${file}. Bring it back; the world’s containers need it.`,
      )
      return false
    }
    if (hash === recorded) return true
    if (this.#acceptChanged) {
      this.kernel?.accepted(port, hash).catch(() => {
        // The kernel is gone too: its own ending tells.
      })
      return true
    }
    this.#fail(
      'program_changed',
      `The module of the manager at port ${port} has changed since the world recorded it: ${file}, or something it imports. Bring the old content back, or open the world with acceptChanged.`,
    )
    return false
  }

  #actorEnded(name: string, ending: Ending): void {
    if (this.#closing) return
    this.#events.emit({ kind: 'ended', ending })
    if (isManagerPort(ending.port)) {
      this.#actors.delete(ending.port)
      this.#report(ending)
      return
    }
    const sentence = ending.detail.split('\n', 1)[0]!.replace(/^\w*Error: /, '')
    if (ending.status !== undefined) {
      this.#fail(ending.status, sentence)
      return
    }
    if (ending.port === actorPorts.network && this.#network !== null) {
      this.#actors.delete(ending.port)
      if (this.#mayStartAgain(ending.port)) {
        this.startNetwork(this.#network)
        return
      }
    }
    const rest =
      this.#region.plan.shape.network === true
        ? 'its machine. Everything recoverable is on the disk.'
        : 'the world. Everything recoverable is on the disk: open the world again.'
    this.#fail(
      'actor_gone',
      `The ${name} has ended (${ending.event}: ${sentence}), and with it ${rest}`,
    )
  }

  #locusEnded(ending: Ending): void {
    const { words } = this.#region
    const slot = locusOfPort(ending.port)
    const state = this.#region.locusWord(slot, 'state')
    const generation = words.load(this.#region.locusWord(slot, 'generation'))
    // Dead is written here and nowhere earlier: until its worker has exited a locus may use its translations.
    if (generation === ending.generation && words.load(state) !== locusStates.ended)
      words.store(state, locusStates.dead)
    if (this.#closing) return
    this.#events.emit({ kind: 'ended', ending })
    this.#report(ending)
  }

  #report(ending: Ending): void {
    this.kernel?.reported(ending).catch(() => {
      // The kernel is gone too: its own ending tells.
    })
  }

  /** Stops a machine that cannot go on. */
  #fail(status: Status, detail: string): void {
    if (this.#closing || this.#failure !== null) return
    this.#failure = new KatydidError(status, detail)
    void this.close()
    this.#onFailed(this.#failure)
  }
}

/** Whatever managers and drivers may post: only what they report is listened to, and the end of the world is not theirs to say. */
function reportOf(port: PortId, order: Order | null | undefined): Order | null {
  if (order?.order !== 'report') return null
  const { event } = order
  // What is printed comes by the console's own order, so nobody else can pass for it.
  if (event.kind === 'output') return null
  if (event.kind !== 'failed') return order
  const { status, detail } = event
  return { order: 'report', event: { kind: 'trouble', port, status, detail } }
}
