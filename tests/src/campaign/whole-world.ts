/**
 * A whole machine in the simulator: the real kernel core, the real self-managing manager, the real disk driver, loci that are
 * generators, and a supervisor that obeys the kernel's orders. Everything is drawn from one seed.
 *
 * Beside it runs a `WorldModel`; of each unit a picture is kept at each of its points, at the very step of its cut. A world is killed by
 * leaving it: its disk's bytes and the pictures are given to the next.
 */
import {
  actorPorts,
  locusPort,
  type Ending,
  type Generation,
  type MachineId,
  type ManagerBoot,
  type ManagerProgram,
  type MachineShape,
  type Order,
  type PortId,
  type Status,
  type WorldEvent,
} from '@katydid/abi'
import { generationOf, Random, RemoteCalls, type Messenger } from '@katydid/actor'
import { Crashed } from '@katydid/actor/sim-endpoint.js'
import { KernelActor, type BootResult, type HostAnswer } from '@katydid/kernel'
import {
  defaultOptions,
  demandZeroDefaults,
  DemandZeroManager,
  SelfManagingManager,
  TransactionalManager,
  type DemandZeroOptions,
  type SelfManagingOptions,
} from '@katydid/managers'
import { CannotStart } from '@katydid/managers/paging/cannot-start.js'
import { unitsOf } from '@katydid/kernel/state-interval/units.js'
import { AccessError } from '@katydid/memory'
import { CountingMessenger } from './counting-messenger.js'
import { ConsoleCore, serveConsole, type SimDriverOptions, type SimWires } from '@katydid/devices'
import type { OtherMachines } from '@katydid/kernel/machines/across.js'
import { DiskBench, type DiskShape } from './disk-bench.js'
import { SimLocus } from './sim-locus.js'
import { OpenTransactions } from './sim-transaction.js'
import { ToldOutput, type ToldLines } from './told-output.js'
import type { WatchedNetwork } from './watched-network.js'
import { WatchedSimulator } from './watched-simulator.js'
import { WorldModel, type UnitPicture } from './world-model.js'

/** What a locus does between its begin and its end; what it returns is its result block. */
export type SimProgram = (
  locus: SimLocus,
) => Generator<'step' | number | (() => boolean), Uint8Array>

/** Loci whose names begin so run the program `read`, whatever their container's program is. */
export const readerName = 'reader'

export interface WholeShape {
  readonly frames: number
  readonly maxLoci: number
  readonly maxContainers: number
  readonly disk: DiskShape
  readonly manager: Partial<SelfManagingOptions>
  readonly demandZero?: Partial<DemandZeroOptions>
  readonly snapshotEveryMs: number
  /** Older lines that are kept. */
  readonly keepLines?: number
  /** Deterministic containers are audited with every so many captures; absent: never. */
  readonly auditEvery?: number
  /** Managers besides the self-managing one. */
  readonly others?: readonly ManagerProgram[]
  /** Whose the containers of these names are, by the name of the manager; the others are as `managerOf` says. */
  readonly managers?: Readonly<Record<string, string>>
  /** When the line moves; default: eager. */
  readonly line?: 'eager' | 'lazy'
  /** What each message takes, in milliseconds. */
  readonly delayMs: (random: Random) => number
}

const ownContainerBytes = 512 * 4096

/** A manager whose containers are empty after every recovery. */
export const demandZero: ManagerProgram = {
  name: 'demand-zero',
  module: 'demand-zero',
  hash: 'd',
  containerBytes: 16 * 4096,
  keepsRoot: false,
  options: {},
}

/** A second manager of the kind of the first. */
export const second: ManagerProgram = {
  name: 'second',
  module: 'self-managing',
  hash: 'm',
  containerBytes: ownContainerBytes,
  keepsRoot: true,
  options: {},
}

/** A manager whose containers are changed in transactions. */
export const transactional: ManagerProgram = {
  name: 'transactional',
  module: 'transactional',
  hash: 't',
  containerBytes: 256 * 4096,
  keepsRoot: true,
  options: {},
}

/** A manager whose containers have their visits logged. */
export const deterministic: ManagerProgram = {
  ...transactional,
  name: 'deterministic',
  module: 'deterministic',
  hash: 'l',
}

/** The same, which logs less of what its visits see. */
export const logging: ManagerProgram = {
  ...transactional,
  name: 'logging',
  module: 'logging',
  hash: 'g',
}

/** Containers that are given to the demand-zero manager, where nothing else is said. */
const volatileNames: readonly string[] = ['e', 'v']

/** When the line moves in the lives of a campaign of that seed: in one of three only when somebody asks. */
export const lineOf = (seed: number): 'eager' | 'lazy' => (seed % 3 === 0 ? 'lazy' : 'eager')

/** The name of the manager that takes on the container of that name; '' is the first. */
export function managerOf({ managers = {} }: WholeShape, name: string): string {
  return managers[name] ?? (volatileNames.includes(name) ? demandZero.name : '')
}

export const smallShape: WholeShape = {
  frames: 56,
  maxLoci: 6,
  maxContainers: 12,
  disk: { segmentBlocks: 32, capacity: 192 },
  manager: { ownFrames: 8, snapshotBytes: 512 * 1024, snapshotFolds: 6, batchPages: 16 },
  others: [demandZero],
  demandZero: { leastFrames: 6 },
  snapshotEveryMs: 0,
  delayMs: (random) => (random.chance(0.15) ? random.below(20) / 10 : 0),
}

/** What outlives a kill. */
export interface Remains {
  readonly image: Uint8Array
  /** What each unit was at its points: by `unit interval`. */
  readonly captured: ReadonlyMap<string, Picture>
  /** The newest epoch that was reported recoverable. */
  readonly promised: number
  /** The line that was announced: each unit’s interval on it. */
  readonly promisedLine: ReadonlyMap<number, number>
  /** What its console has told; nil: not looked at. */
  readonly told?: ToldLines
  /** An administrator was taking it back to this kept line: it may be there as well. */
  readonly orBackAt?: number
}

/** A container with its loci, or the count of a semaphore. */
type Picture = UnitPicture | number

const keyOf = (unit: number, interval: number): string => `${unit} ${interval}`

/** A manager says that the newest of its root pages is lost. */
export const isLossOfRoot = (sentence: string): boolean => /newest root page is lost/.test(sentence)

/** The other machines of the world, and its place among them. */
export interface Beyond {
  readonly network: WatchedNetwork
  readonly wires: SimWires
  readonly machine: MachineId
  readonly machines: readonly MachineId[]
  readonly incarnation: number
  /** When a machine counts as silent. */
  readonly link?: SimDriverOptions['link']
}

// eslint-disable-next-line require-yield
function* returnBlock(_: SimLocus, block: Uint8Array): Generator<never, Uint8Array> {
  return block
}

export class WholeWorld {
  readonly sim: WatchedSimulator
  readonly random: Random
  readonly shape: WholeShape
  readonly disk: DiskBench
  readonly kernel: KernelActor
  readonly captured: Map<string, Picture>
  /** Of those taken in this life: how many entries the disk's journal had then. */
  readonly #capturedAt = new Map<string, number>()
  readonly events: WorldEvent[] = []
  /** What must never be: a wrong value, an unexpected refusal. Checked by whoever runs the world. */
  readonly problems: string[] = []
  /** Accesses, kernel calls and waits of loci so far, each compared with the model. */
  operations = 0
  /** Calls by name and status, and how often each was seen. */
  seen = new Map<string, number>()
  /** Whether refusals that come of faults on purpose are to be expected of accesses. */
  faulty = false
  /** Names of loci that were destroyed at rest. */
  readonly destroyedAtRest = new Set<string>()
  model = new WorldModel()
  /** What is wrong with a world that has gone back. */
  check: (model: WorldModel) => string[] = (model) => model.orphans()
  /** How often what is mapped, or what there is to be mapped, has changed. */
  mappingChanges = 0
  /** Identities of containers by which this process’s host has opened snapshots. */
  readonly openedHere = new Set<object>()
  promised: number
  promisedLine: ReadonlyMap<number, number>
  /** A kept line that an administrator wants the world back at. */
  orBackAt: number | null
  /** What was announced, and after how many entries of the disk's journal. */
  readonly promises: {
    readonly capture: number
    readonly line: ReadonlyMap<number, number>
    readonly entries: number
  }[] = []
  /** What the console has told. */
  readonly told: ToldOutput
  readonly transactions = new OpenTransactions()
  boot: BootResult | null = null
  manager: SelfManagingManager | null = null
  /** Ports of the other managers that live. */
  readonly others = new Set<PortId>()
  /** The living manager's own messenger. */
  managerMessenger: Messenger | null = null
  /** What is put around a manager's messenger, so that a campaign sees each of its messages. */
  wrap: (messenger: Messenger) => Messenger = (messenger) => messenger
  /** What runs in a container that another machine invokes; by itself it returns its block. */
  visited: (
    locus: SimLocus,
    block: Uint8Array,
  ) => Generator<'step' | number | (() => boolean), Uint8Array, void> = returnBlock
  /** Told of each event, once the world has heard it. */
  heard: (event: WorldEvent) => void = () => {}
  /** Told of the containers that are back, each at an interval. */
  wentBack: (to: ReadonlyMap<string, number>) => void = () => {}
  /** Containers of which a part has died, and that have not gone back since. */
  readonly lost = new Set<string>()
  /** Told of each access of a locus, in the step in which it happens. */
  touched: (container: string) => void = () => {}
  readonly programs: Map<string, SimProgram>
  #killedAtMs = -Infinity
  #locusKilledAtMs = -Infinity
  #dueAt: string | null = null
  readonly #loci = new Map<PortId, SimLocus>()
  /** Threads that have ended, by port and generation. */
  readonly #ended = new Set<string>()
  #announced: ReadonlyMap<number, number> | null = null
  #startNetwork: () => void = () => {}

  /** Throws `DiskOpenError` when the disk refuses to open. */
  constructor(
    seed: number,
    shape: WholeShape,
    programs: Map<string, SimProgram>,
    remains: Remains | null = null,
    beyond: Beyond | null = null,
  ) {
    this.shape = shape
    this.programs = programs
    this.random = new Random(seed ^ 0x5eed)
    this.captured = new Map(remains?.captured ?? [])
    this.promised = remains?.promised ?? 0
    this.promisedLine = remains?.promisedLine ?? new Map()
    this.orBackAt = remains?.orBackAt ?? null
    const machine: Partial<MachineShape> = {
      frames: shape.frames,
      maxLoci: shape.maxLoci,
      maxContainers: shape.maxContainers,
      // Two of each manager.
      maxPageSets: Math.max(6, 2 * ((shape.others?.length ?? 0) + 1)),
      tableBytes: 256 * 1024,
      ...(beyond === null ? {} : { network: true }),
    }
    this.sim = new WatchedSimulator(beyond?.network ?? seed, {
      shape: machine,
      delayMs: shape.delayMs,
      ...(beyond === null ? {} : { machine: beyond.machine }),
    })
    this.disk = new DiskBench(
      this.sim,
      shape.disk,
      remains?.image ?? null,
      remains === null || remains.promised === 0,
      (name, status) => this.saw(name, status),
    )
    const messenger = this.#counted(actorPorts.kernel)
    this.kernel = new KernelActor({
      region: this.sim.region,
      messenger,
      clock: this.sim.clock,
      ...(beyond === null ? {} : { others: this.#join(beyond, messenger) }),
      order: (order) => this.#obey(order),
      config: {
        worldId: 'campaign',
        snapshotEveryMs: shape.snapshotEveryMs,
        keepLines: shape.keepLines ?? 0,
        line: shape.line ?? 'eager',
        auditEvery: shape.auditEvery ?? 0,
        manager: {
          name: 'self-managing',
          module: 'self-managing',
          hash: 'm',
          containerBytes: ownContainerBytes,
          keepsRoot: true,
          options: {},
        },
        others: shape.others ?? [],
      },
    })
    this.sim.onTurn(actorPorts.kernel, () => this.kernel.turn())
    this.told = new ToldOutput(remains?.told)
    this.#openConsole()
    this.sim.onStep = () => {
      this.#lookForCuts()
      this.#lookAtLine()
    }
    this.sim.onError = (error) => this.#threw(error)
    this.sim.task('ticker', this.#tick())
  }

  /** Boots; the answer says whether the world is open. */
  async open(): Promise<BootResult> {
    this.boot = await this.settle(this.kernel.boot())
    return this.boot
  }

  /** A network driver on the machine, and what its kernel knows of the others. */
  #join(beyond: Beyond, messenger: Messenger): OtherMachines {
    const { wires, machine, machines: peers, incarnation, link } = beyond
    this.#startNetwork = () =>
      void wires.startDriver(this.sim, {
        world: 'campaign',
        incarnation,
        peers,
        ...(link === undefined ? {} : { link }),
      })
    this.#startNetwork()
    const others = peers.filter((each) => each !== machine)
    return { self: machine, others, remote: new RemoteCalls(messenger, this.sim.clock) }
  }

  /** Boots, while whoever has all machines steps. */
  begin(): void {
    void this.kernel.boot().then((boot) => (this.boot = boot))
  }

  /** The real console; whoever watches takes a line a little after it was told. */
  #openConsole(): void {
    const core: ConsoleCore = new ConsoleCore(this.sim.clock, (first, lines) => {
      if (this.kernel.machine.damage === null) this.problems.push(...this.told.hear(lines))
      if (first !== 0) this.sim.task('host', take(first + lines.length - 1))
    })
    function* take(number: number) {
      yield 2
      core.taken(number)
    }
    serveConsole(this.sim.endpoint(actorPorts.console), core)
    this.sim.onTurn(actorPorts.console, () => core.turn())
  }

  /** What is left when the process is killed now. */
  remains(image: Uint8Array = this.disk.memory.image.slice()): Remains {
    const { captured, promised, promisedLine } = this
    return { image, captured, promised, promisedLine, told: this.told.all }
  }

  get phase(): KernelActor['machine']['phase'] {
    return this.kernel.machine.phase
  }

  /** Runs for so many virtual milliseconds. */
  run(forMs: number): void {
    this.sim.run(this.sim.clock.nowMs() + forMs)
  }

  /** Runs until the promise has settled, looking after each step so that nothing happens in between. */
  async settle<T>(promise: Promise<T>, forMs = 300_000): Promise<T> {
    const settled = await this.settleUnless(promise, () => false, forMs)
    return settled as T
  }

  /** The same, but null as soon as `isOff`: of a caller whose thread is gone no call is answered. */
  async settleUnless<T>(
    promise: Promise<T>,
    isOff: () => boolean,
    forMs = 300_000,
  ): Promise<T | null> {
    const state: { value?: T; error?: Error; done: boolean } = { done: false }
    promise.then(
      (value) => Object.assign(state, { value, done: true }),
      (error: unknown) => Object.assign(state, { error, done: true }),
    )
    const until = this.sim.clock.nowMs() + forMs
    let isOver = false
    for (;;) {
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
      if (state.error !== undefined) throw state.error
      if (state.done) return state.value as T
      if (isOff()) return null
      // A world in which nothing happens until then never gets there: its clock stands still.
      if (isOver) throw new Error(`a call of the host was not answered in ${forMs} ms`)
      isOver = !this.sim.step(until) || this.sim.clock.nowMs() > until
    }
  }

  /** A host's call. */
  call(name: string, args: object): Promise<HostAnswer> {
    const answer = this.kernel.call(name, args)
    // What is still may have been cut at once.
    this.#lookForCuts()
    return this.settle(answer)
  }

  /** A port's messenger, whose answers are counted. */
  #counted(port: PortId): Messenger {
    const saw = (name: string, status: string): void => this.saw(name, status)
    const before = (name: string): void => this.#dieIfDue(port, name)
    const answered = (name: string, args: unknown, status: Status): void => {
      if (name !== 'overlayCommit') return
      const { slot } = args as { slot: number }
      this.transactions.committed(slot, status, this.model)
    }
    return new CountingMessenger(this.sim.endpoint(port), saw, before, answered)
  }

  /** Counts a call and the status that it had. */
  saw(name: string, status: string): void {
    const key = `${name} ${status}`
    this.seen.set(key, (this.seen.get(key) ?? 0) + 1)
  }

  /** Runs until the condition holds; false when it does not within `forMs`. */
  until(condition: () => boolean, forMs = 60_000): boolean {
    return this.sim.runUntil(condition, this.sim.clock.nowMs() + forMs)
  }

  /** A manager's thread ends here and now; the supervisor sees it a little later. */
  killManager(detail = 'killed on purpose', port: PortId = actorPorts.firstManager): void {
    this.#killedAtMs = this.sim.clock.nowMs()
    this.#die(port, detail)
  }

  /** The first manager dies as it is about to make this call. */
  killManagerAt(call: string): void {
    this.#dueAt = call
  }

  #dieIfDue(port: PortId, call: string): void {
    if (call !== this.#dueAt || port !== actorPorts.firstManager) return
    this.#dueAt = null
    this.killManager(`killed before its ${call}`)
    throw new Crashed()
  }

  /** The manager snapshots itself, in a step of its own. */
  stabilise(): void {
    this.sim.task('stabilise', this.#stabilise())
  }

  *#stabilise(): Generator<'step', void> {
    yield 'step'
    this.manager?.stabilise(() => {})
  }

  /** Whether calls may be answered manager_failed, since a manager was killed a moment ago. */
  get isShaken(): boolean {
    return this.faulty || this.sim.clock.nowMs() - this.#killedAtMs < 15_000
  }

  /** The thread of a locus ends here and now. */
  killLocus(port: PortId): void {
    this.#locusKilledAtMs = this.sim.clock.nowMs()
    this.#die(port, 'killed on purpose')
  }

  /** Whether what is asked of a manager may be answered `frozen`, since something was lost a moment ago. */
  get isAboutToGoBack(): boolean {
    return this.isShaken || this.sim.clock.nowMs() - this.#locusKilledAtMs < 1_000
  }

  /** Of what another process had opened only that is left which the kernel has not closed yet. */
  forgetClosed(): void {
    const { containers } = this.kernel.machine
    for (const { name, isLeftOpen } of Array.from(this.model.containers.values()))
      if (isLeftOpen && containers.named(name) === null) this.model.containers.delete(name)
  }

  /** Whether a locus of another container is in it. */
  isVisited(name: string): boolean {
    const { region } = this.sim
    const container = this.kernel.machine.containers.named(name)
    return (
      container !== null && region.words.load(region.containerWord(container.slot, 'frames')) !== 0
    )
  }

  /** What the locus of that name runs. */
  programOf(name: string, entry: string): SimProgram {
    return this.programs.get(name.startsWith(readerName) ? 'read' : entry)!
  }

  /** Ports at which a locus's thread runs. */
  lociPorts(): PortId[] {
    return [...this.#loci.keys()]
  }

  /** The network driver's thread ends, and another is started: whatever was on its way is unreachable. */
  restartNetwork(): void {
    this.sim.crash(actorPorts.network)
    this.#startNetwork()
  }

  /** The disk's driver ends; the machine cannot go on without. */
  killDisk(): void {
    this.faulty = true
    this.#die(actorPorts.disk, 'killed on purpose')
  }

  /** A locus has told the kernel its end, and its thread ends too. */
  exited(port: PortId): void {
    this.#die(port, '', 'exit')
  }

  of<K extends WorldEvent['kind']>(kind: K): Extract<WorldEvent, { kind: K }>[] {
    return this.events.filter((each) => each.kind === kind) as Extract<WorldEvent, { kind: K }>[]
  }

  /** A manager that cannot read its own pages ends with its thread, when the disk refuses on purpose; anything else is a bug. */
  #threw(error: unknown): boolean {
    const isRefused = error instanceof AccessError || error instanceof CannotStart
    if (!this.faulty || !isRefused) return false
    const port = this.sim.threwAt ?? actorPorts.firstManager
    this.sim.threwAt = null
    this.#killedAtMs = this.sim.clock.nowMs()
    this.#die(port, error.message, 'core')
    return true
  }

  #die(port: PortId, detail: string, event: Ending['event'] = 'signal'): void {
    const generation = generationOf(this.sim.region, port)
    this.#ended.add(`${port} ${generation}`)
    if (event !== 'exit') this.#noteLost(port)
    this.#loci.get(port)?.stop()
    this.#loci.delete(port)
    this.sim.crash(port)
    if (port === actorPorts.firstManager) this.manager = this.managerMessenger = null
    this.others.delete(port)
    this.sim.task('supervisor', this.#report({ event, port, generation, detail }))
  }

  /** What a locus stood in, or a manager had, is not there any more. */
  #noteLost(port: PortId): void {
    for (const name of this.#loci.get(port)?.standsIn ?? []) this.lost.add(name)
    // Before it has begun only the kernel knows where.
    const { loci, containers } = this.kernel.machine
    const starting = loci.threads().find(({ slot }) => slot !== null && locusPort(slot) === port)
    const rooted = starting === undefined ? null : containers.at(starting.container)
    if (rooted !== null) this.lost.add(rooted.name)
    for (const { name, manager } of this.kernel.machine.containers.live())
      if (manager === port) this.lost.add(name)
  }

  *#report(ending: Ending) {
    yield 0.5
    this.kernel.reported(ending)
  }

  *#tick() {
    const { region } = this.sim
    for (;;) {
      yield 100
      region.words.add(region.machineWord('tick'), 1)
    }
  }

  #obey(order: Order): void {
    switch (order.order) {
      case 'report':
        this.#heard(order.event)
        return
      case 'start_manager':
        this.sim.task(
          'supervisor',
          this.#startManager(order.port, order.module, order.boot as ManagerBoot),
        )
        return
      case 'start_locus':
        this.sim.task('supervisor', this.#startLocus(order.port, order.generation))
        return
      case 'stop_locus':
      case 'stop_actor':
        this.sim.task('supervisor', this.#stop(order.port, order.generation, order.reason))
        return
      case 'output':
        // The console’s thread orders that, and there is none.
        return
    }
  }

  #heard(event: WorldEvent): void {
    this.events.push(event)
    this.heard(event)
    switch (event.kind) {
      case 'captured':
      case 'drained':
      case 'line_lagging':
      case 'output':
        return
      case 'recoverable':
        this.promised = event.capture
        return
      case 'rollback': {
        const { lost, going } = this.kernel.machine
        if (lost === 'world') this.#backAt(event.capture)
        else this.#partBack(event.capture, [...going.keys()], event.moved)
        return
      }
      case 'ready':
        this.#backAt(event.recoveredCapture)
        return
      case 'locus_ended': {
        const locus = this.model.loci.get(event.name)
        if (locus?.end === null && event.unmade !== true) locus.end = event.status
        return
      }
      case 'failed':
        if (!this.faulty) this.problems.push(`the world failed: ${event.status}, ${event.detail}`)
        return
      case 'trouble':
      case 'capture_failed':
        if (!this.faulty) this.problems.push(`${event.kind}: ${event.status}, ${event.detail}`)
        return
      case 'manager_given_up':
        if (!(this.faulty && isLossOfRoot(event.detail))) this.problems.push(event.detail)
        return
      case 'replay_differed':
        this.problems.push(`${event.container} did not do again what it did: ${event.detail}`)
        return
      case 'ended':
      case 'log':
      case 'stalled':
      case 'not_logged':
        return
    }
  }

  /** The world is back at its points of this epoch now: so is the model. What came after them never happened. */
  #backAt(epoch: number): void {
    const { machine } = this.kernel
    if (machine.damage === null) this.#compareWithPromise(epoch)
    const before = this.model
    this.mappingChanges++
    this.model = new WorldModel()
    this.lost.clear()
    const back = new Map<string, number>()
    for (const { unit, history, name } of unitsOf(machine)) {
      // A machine of several may be back above its line.
      const { newest } = history
      if (newest === null) continue
      back.set(name, newest.interval)
      const picture = this.captured.get(keyOf(unit, newest.interval))
      if (picture === undefined)
        this.problems.push(`unit ${unit} is back at ${newest.interval}, which never was`)
      else if (typeof picture !== 'number') this.model.place(picture)
      else this.#placeSemaphore(before, unit, picture)
    }
    // Of loci that have ended and whose container is gone only the end is left.
    for (const { name, end } of machine.loci.all())
      if (name !== '' && end !== null && !this.model.loci.has(name))
        this.model.addLocus(name, '').end = end.status
    this.problems.push(...this.check(this.model))
    this.model.emptyVolatile()
    this.model.noteLeftOpen(this.openedHere)
    if (machine.damage === null) this.problems.push(...this.told.look(machine, this.model))
    this.#announced = machine.captures.vector
    if (epoch === this.orBackAt) this.#promiseLine()
    this.wentBack(back)
  }

  /** Some units are back at their points; the others are as they were. */
  #partBack(
    epoch: number,
    units: readonly number[],
    moved: readonly { readonly container: string }[],
  ): void {
    const { machine } = this.kernel
    if (machine.damage === null) this.#compareWithPromise(epoch)
    const before = this.model
    const names = new Set(moved.map(({ container }) => container))
    this.mappingChanges++
    this.model = new WorldModel()
    for (const each of before.containers.values())
      if (!names.has(each.name)) this.model.containers.set(each.name, each)
    for (const each of before.loci.values())
      if (!names.has(each.container)) this.model.loci.set(each.name, each)
    for (const [cap, each] of before.semaphores)
      if (!units.includes(this.sim.region.plan.shape.maxContainers + each.id))
        this.model.semaphores.set(cap, each)
    const back = new Map<string, number>()
    for (const { unit, history, name } of unitsOf(machine)) {
      if (!units.includes(unit) || history.newest === null) continue
      back.set(name, history.newest.interval)
      this.lost.delete(name)
      const picture = this.captured.get(keyOf(unit, history.newest.interval))
      if (picture === undefined)
        this.problems.push(`unit ${unit} is back at ${history.newest.interval}, which never was`)
      else if (typeof picture === 'number') this.#placeSemaphore(before, unit, picture)
      else this.model.place(picture)
    }
    this.model.noteLeftOpen(this.openedHere)
    this.problems.push(...this.check(this.model))
    for (const name of names) {
      const container = this.model.containers.get(name)
      if (container?.isVolatile === true) container.words.clear()
    }
    this.wentBack(back)
  }

  #placeSemaphore(before: WorldModel, unit: number, count: number): void {
    const { maxContainers } = this.sim.region.plan.shape
    const id = unit - maxContainers
    for (const [cap, known] of before.semaphores)
      if (known.id === id) this.model.semaphores.set(cap, { id, count })
  }

  /** Nothing that was announced is undone. */
  #compareWithPromise(epoch: number): void {
    const { captures } = this.kernel.machine
    if (epoch === this.orBackAt) {
      this.promised = epoch
      return
    }
    if (epoch < this.promised)
      this.problems.push(`back at capture ${epoch}, though ${this.promised} was recoverable`)
    for (const [unit, interval] of this.promisedLine) {
      const reached = captures.vector.get(unit) ?? captures.over.get(unit) ?? 0
      if (reached < interval)
        this.problems.push(`unit ${unit} is back at ${reached}, though ${interval} was on the line`)
    }
  }

  /**
   * Pictures that points may be of which the first so many entries of the journal hold. Later ones are of no point there: names of theirs are used
   * again where nothing of this life was on the disk.
   */
  capturedBy(entries: number): ReadonlyMap<string, Picture> {
    const all = [...this.captured]
    return new Map(all.filter(([key]) => (this.#capturedAt.get(key) ?? 0) <= entries))
  }

  /** Keeps a picture of each unit that has a new point. */
  #lookForCuts(): void {
    const { machine } = this.kernel
    for (const { unit, history, name } of unitsOf(machine)) {
      const { newest } = history
      if (newest === null) continue
      const key = keyOf(unit, newest.interval)
      if (this.captured.has(key)) continue
      this.#capturedAt.set(key, this.disk.journal.entries.length)
      const { maxContainers } = this.sim.region.plan.shape
      const id = unit - maxContainers
      if (id < 0) this.captured.set(key, this.#pictureOf(name))
      else {
        const known = [...this.model.semaphores.values()].find((each) => each.id === id)
        this.captured.set(key, known?.count ?? 0)
      }
    }
  }

  /** The model knows of a locus as soon as the host asks for it; the picture has it once it is there. */
  #pictureOf(name: string): UnitPicture {
    const { container, loci } = this.model.picture(name)
    const there = loci.flatMap((each) => {
      const known = this.kernel.machine.loci.named(each.name)
      if (known === null) return []
      return known.end === null || each.end !== null ? [each] : [{ ...each, end: known.end.status }]
    })
    return { container, loci: there }
  }

  #lookAtLine(): void {
    const { vector } = this.kernel.machine.captures
    if (this.phase !== 'open' && this.phase !== 'stopping') return
    if (vector === this.#announced) return
    this.#announced = vector
    this.#promiseLine()
  }

  /** From now on no crash brings back anything older. */
  #promiseLine(): void {
    const { vector, line } = this.kernel.machine.captures
    this.promisedLine = vector
    const { entries } = this.disk.journal
    this.promises.push({ capture: line, line: vector, entries: entries.length })
  }

  *#startManager(port: PortId, module: string, boot: ManagerBoot) {
    yield 1
    const { region, clock } = this.sim
    const surroundings = {
      region,
      clock,
      messenger: this.wrap(this.#counted(port)),
      read: this.disk.readPlace.bind(this.disk),
      report: this.#heard.bind(this),
    }
    if (module === demandZero.module) {
      const options = { ...demandZeroDefaults, ...this.shape.demandZero }
      const other = new DemandZeroManager({ ...surroundings, options }, boot)
      this.others.add(port)
      this.sim.onTurn(port, () => other.turn())
      return
    }
    const options = { ...defaultOptions, ...this.shape.manager }
    if (module === transactional.module) {
      const other = new TransactionalManager({ ...surroundings, options }, boot)
      this.others.add(port)
      this.sim.onTurn(port, () => other.turn())
      return
    }
    if (module === deterministic.module || module === logging.module) {
      const serviceLevel = module === logging.module ? 'logging' : 'deterministic'
      const logged = { ...options, serviceLevel } as const
      const other = new SelfManagingManager({ ...surroundings, options: logged }, boot)
      this.others.add(port)
      this.sim.onTurn(port, () => other.turn())
      return
    }
    const manager = new SelfManagingManager({ ...surroundings, options }, boot)
    if (port !== actorPorts.firstManager) {
      this.others.add(port)
      this.sim.onTurn(port, () => manager.turn())
      return
    }
    this.manager = manager
    this.managerMessenger = surroundings.messenger
    this.sim.onTurn(port, () => manager.turn())
  }

  *#startLocus(port: PortId, generation: Generation) {
    yield 1
    if (generationOf(this.sim.region, port) !== generation || this.#loci.has(port)) return
    // Ended before its thread was up: as at a supervisor, it never comes.
    if (this.#ended.has(`${port} ${generation}`)) return
    const locus = new SimLocus(this, port, this.#counted(port), this.random.fork())
    this.#loci.set(port, locus)
    this.sim.task(`locus ${port}`, locus.live())
  }

  *#stop(port: PortId, generation: Generation, detail: string) {
    yield 1
    if (generationOf(this.sim.region, port) === generation) this.#die(port, detail)
  }
}
