/**
 * A machine in the simulator around the real kernel and the real disk: the test is host and supervisor, managers are small
 * ones, and a locus is its words and its calls. Killed at any moment, it comes up again from the disk's bytes.
 */
import {
  actorPorts,
  asLocus,
  hostPort,
  inputCalls,
  isLocusPort,
  locusCalls,
  locusOfPort,
  locusPort,
  locusStates,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type Ending,
  type LifeEvent,
  type loggedInput,
  type MachineId,
  type MachineShape,
  type ManagerBoot,
  type Order,
  type PortId,
  type Reply,
  type ValueOf,
  type visitEnd,
  type visitPlan,
  type WorldEvent,
} from '@katydid/abi'
import {
  RemoteCalls,
  run,
  Simulator,
  type Messenger,
  type SimEndpoint,
  type SimNetwork,
} from '@katydid/actor'
import {
  barrierAt,
  byCapability,
  ConsoleCore,
  DiskCore,
  MemoryFile,
  openDisk,
  regionFrames,
  serveBarrier,
  serveConsole,
  serveDisk,
  silentMeter,
  type ConsoleLine,
  type SimWires,
} from '@katydid/devices'
import { KernelActor, type BootResult, type HostAnswer } from '@katydid/kernel'
import type { FoundRecord } from '@katydid/kernel/state-interval/durable-log.js'
import { FakeManager, goodBehaviour, type Behaviour, type Stable } from './fake-manager.js'

export type LoggedInput = ValueOf<typeof loggedInput>

/** An answer, once it is there. */
export interface Box<T> {
  reply: T | null
}

/** The other machines of the world, and the wires to them. */
export interface Beyond {
  readonly network: SimNetwork
  readonly wires: SimWires
  readonly machine: MachineId
  readonly machines: readonly MachineId[]
  /** How often this one was started. */
  readonly incarnation: number
}

export interface WorldOptions {
  readonly line?: 'eager' | 'lazy'
  readonly seed?: number
  readonly snapshotEveryMs?: number
  readonly keepLines?: number
  readonly keepEveryMs?: number
  readonly auditEvery?: number
  readonly shape?: Partial<MachineShape>
  readonly behaviour?: Partial<Behaviour>
  /** No manager at all. */
  readonly bare?: boolean
  /** Managers besides the first. */
  readonly others?: readonly { readonly name: string; readonly behaviour?: Partial<Behaviour> }[]
  /** The disk's bytes and what managers made stable, of an earlier life. */
  readonly earlier?: KernelWorld
  /** It is one machine of several. */
  readonly beyond?: Beyond
  /** Whether whoever watches the console takes lines from the start. */
  readonly takesOutput?: boolean
  /** What a locus that runs visits again finds different. */
  readonly differs?: KernelWorld['differs']
}

export type VisitPlan = ValueOf<typeof visitPlan>
export type VisitEnd = Omit<ValueOf<typeof visitEnd>, 'number'>

export const program = { module: 'file:///program.js', entry: 'default', hash: 'h' }
const noBlock = new Uint8Array(0)

/** What a world is told of a fake: its behaviour are its options. */
const fakeManager = (name: string, keepsRoot: boolean, behaviour: Partial<Behaviour> = {}) => ({
  name,
  module: 'fake',
  hash: 'f',
  containerBytes: 65536,
  keepsRoot,
  options: behaviour,
})

export class KernelWorld {
  #beyond: Beyond | undefined
  readonly sim: Simulator
  readonly kernel: KernelActor
  readonly file: MemoryFile
  readonly stable: Stable
  readonly othersStable: Map<PortId, Stable>
  readonly orders: Order[] = []
  readonly events: WorldEvent[] = []
  readonly behaviour: Behaviour
  readonly loci = new Map<PortId, SimEndpoint>()
  /** Lines that the console gave to whoever watches; taken at once unless that is turned off. */
  readonly output: ConsoleLine[] = []
  takesOutput = true
  readonly console: ConsoleCore
  /** The first manager. */
  manager: FakeManager | null = null
  /** All managers that run, by port. */
  readonly managers = new Map<PortId, FakeManager>()
  /** Whether a manager that is started comes up. */
  managersStart = true
  readonly calls: string[] = []
  /** What the kernel's calendar says. */
  dateMs = 1_000_000
  /** What the kernel noted in its trace. */
  readonly traced: (readonly [kind: string, a: number, b: number])[] = []

  private constructor(options: WorldOptions) {
    const { earlier, beyond } = options
    this.sim = new Simulator(beyond?.network ?? options.seed ?? 1, {
      ...(beyond === undefined ? {} : { machine: beyond.machine }),
      shape: {
        frames: 64,
        maxLoci: 3,
        maxContainers: 6,
        maxPageSets: 6,
        tableBytes: 1 << 20,
        ...(beyond === undefined ? {} : { network: true }),
        ...options.shape,
      },
    })
    this.file = new MemoryFile(4096, earlier?.file.image.slice())
    this.othersStable = earlier?.othersStable ?? new Map()
    this.stable = new Map(
      [...(earlier?.stable ?? [])].map(([token, labels]) => [token, new Set(labels)]),
    )
    this.behaviour = { ...goodBehaviour(), ...options.behaviour }
    if (options.differs !== undefined) this.differs = options.differs
    if (options.takesOutput !== undefined) this.takesOutput = options.takesOutput
    this.#openDisk(earlier === undefined)
    this.console = this.#openConsole()
    const messenger = this.sim.endpoint(actorPorts.kernel)
    this.#beyond = beyond
    if (beyond !== undefined) this.#openNetwork(beyond)
    this.kernel = new KernelActor({
      region: this.sim.region,
      messenger,
      clock: this.sim.clock,
      order: (order) => this.#obey(order),
      date: () => this.dateMs,
      ...(beyond === undefined
        ? {}
        : {
            others: {
              self: beyond.machine,
              others: beyond.machines.filter((each) => each !== beyond.machine),
              remote: new RemoteCalls(messenger, this.sim.clock),
            },
          }),
      trace: (kind, a, b) => this.traced.push([kind, a, b]),
      config: {
        worldId: 'test',
        snapshotEveryMs: options.snapshotEveryMs ?? 0,
        ...(options.line === undefined ? {} : { line: options.line }),
        ...(options.keepLines === undefined ? {} : { keepLines: options.keepLines }),
        auditEvery: options.auditEvery ?? 0,
        ...(options.keepEveryMs === undefined ? {} : { keepEveryMs: options.keepEveryMs }),
        others: (options.others ?? []).map(({ name, behaviour }) =>
          fakeManager(name, false, { root: false, ...behaviour }),
        ),
        manager: options.bare === true ? null : fakeManager('first', true, options.behaviour),
      },
    })
    this.sim.onTurn(actorPorts.kernel, () => this.kernel.turn())
  }

  /** A world that begins to boot. */
  static begin(options: WorldOptions): KernelWorld {
    const world = new KernelWorld(options)
    void world.kernel.boot().then((result) => (world.boot = result))
    return world
  }

  /** A world that has booted. */
  static async open(options: WorldOptions = {}): Promise<KernelWorld> {
    const world = new KernelWorld(options)
    world.boot = await world.settle(world.kernel.boot())
    world.run(50)
    return world
  }

  boot: BootResult | null = null

  run(forMs: number): void {
    const until = this.sim.clock.nowMs() + forMs
    this.sim.run(until)
    this.sim.clock.advance(Math.max(0, until - this.sim.clock.nowMs()))
  }

  /** Lets the supervisor's clock tick, 100 ms at a time. */
  tick(ticks: number): void {
    const { region } = this.sim
    for (let i = 0; i < ticks; i++) {
      region.words.add(region.machineWord('tick'), 1)
      this.run(100)
    }
  }

  /** Runs the simulator until the promise has settled. */
  async settle<T>(promise: Promise<T>, forMs = 300_000): Promise<T> {
    const state: { value?: T; done: boolean } = { done: false }
    void promise.then((value) => Object.assign(state, { value, done: true }))
    const until = this.sim.clock.nowMs() + forMs
    while (!state.done) {
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
      if (state.done) break
      if (this.sim.clock.nowMs() > until) throw new Error('it did not settle')
      this.run(5)
    }
    return state.value as T
  }

  call(name: string, args: object): Promise<HostAnswer> {
    return this.settle(this.kernel.call(name, args))
  }

  /** All that the log holds of the kernel's. */
  scan(): Promise<{ readonly found: readonly FoundRecord[] }> {
    const { machine } = this.kernel
    return this.settle(
      new Promise((resolve) => run(machine.messenger, machine.log.scan(), resolve)),
    )
  }

  /** A container with this name, adopted and with a program. */
  async container(name: string, size = 65536, manager = ''): Promise<Capref> {
    const { cont } = await this.call('container_create', { size, name })
    const adopted = await this.call('manage_request', { cont, manager })
    if (adopted['success'] !== true) throw new Error(JSON.stringify(adopted))
    await this.call('set_invocation_point', { cont, program })
    return cont as Capref
  }

  /** A locus in the container whose thread has begun and runs. */
  async locus(cont: Capref, name = ''): Promise<PortId> {
    const made = await this.call('locus_create', { cont, block: noBlock, name })
    if (made.status !== 'ok') throw new Error(JSON.stringify(made))
    this.run(10)
    return [...this.loci.keys()].at(-1)!
  }

  /** The same, and the host's capability for it. */
  async locusWithCap(cont: Capref, name = ''): Promise<{ port: PortId; cap: Capref }> {
    const known = new Set(this.loci.keys())
    const made = await this.call('locus_create', { cont, block: noBlock, name })
    if (made.status !== 'ok') throw new Error(JSON.stringify(made))
    this.run(10)
    const port = [...this.loci.keys()].find((each) => !known.has(each))!
    return { port, cap: made['cap'] as Capref }
  }

  /** A call as a locus's or manager's thread makes it; what it was answered is in the box. */
  ask<S extends AnySignature>(from: Messenger, signature: S, args: ArgsOf<S>): Box<Reply<S>> {
    const box: Box<Reply<S>> = { reply: null }
    from.call(actorPorts.kernel, signature, args, (reply) => (box.reply = reply), Infinity)
    return box
  }

  /** The same, answered at once. */
  said<S extends AnySignature>(
    from: Messenger,
    signature: S,
    args: ArgsOf<S>,
    forMs = 20,
  ): Reply<S> {
    const box = this.ask(from, signature, args)
    this.run(forMs)
    if (box.reply === null) throw new Error(`${signature.name} was not answered`)
    return box.reply
  }

  /** Writes a page of the newest adopted container, as far as the kernel can see. */
  write(token?: number, port: PortId = actorPorts.firstManager): void {
    const manager = this.managers.get(port)!
    const to = token ?? [...manager.managed.keys()].at(-1)!
    const slot = manager.managed.get(to)!.slot
    this.sim.region.words.store(this.sim.region.containerWord(slot as never, 'written'), 1)
  }

  word(port: PortId, field: 'state' | 'turns' | 'trapState' | 'generation' | 'suspended'): number {
    return this.sim.region.words.load(this.sim.region.locusWord(locusOfPort(port), field))
  }

  setState(port: PortId, state: keyof typeof locusStates): void {
    this.sim.region.words.store(
      this.sim.region.locusWord(locusOfPort(port), 'state'),
      locusStates[state],
    )
  }

  setRegister(port: PortId, register: number, value: bigint): void {
    this.sim.region.i64[
      (this.sim.region.locusWord(locusOfPort(port), 'registers') >> 1) + register
    ] = value
  }

  register(port: PortId, register: number): bigint {
    return this.sim.region.i64[
      (this.sim.region.locusWord(locusOfPort(port), 'registers') >> 1) + register
    ]!
  }

  /** The locus's program has ended with this status; its thread ends too. */
  async endLocus(port: PortId, status = 'ok', detail = ''): Promise<void> {
    const block = Uint8Array.of(7)
    this.loci
      .get(port)!
      .call(actorPorts.kernel, locusCalls.locusEnd, { status, detail, block }, () => {})
    this.run(10)
    this.die(port, 'exit')
    this.run(10)
  }

  /** A thread is gone, and the supervisor has seen it. */
  die(port: PortId, event: LifeEvent = 'signal', detail = ''): void {
    const generation = this.#generation(port)
    this.sim.crash(port)
    this.loci.delete(port)
    const ending: Ending = { event, port, generation: generation as never, detail }
    this.kernel.reported(ending)
  }

  of<K extends WorldEvent['kind']>(kind: K): Extract<WorldEvent, { kind: K }>[] {
    return this.events.filter((each) => each.kind === kind) as Extract<WorldEvent, { kind: K }>[]
  }

  /** A messenger of the host's kind, to hand to kernel functions. */
  get host(): PortId {
    return hostPort
  }

  get managerMessenger(): Messenger {
    return this.manager!.messenger
  }

  #generation(port: PortId): number {
    const { region } = this.sim
    return isLocusPort(port)
      ? region.words.load(region.locusWord(locusOfPort(port), 'generation'))
      : region.words.load(region.actorWord(port, 'generation'))
  }

  #obey(order: Order): void {
    if (order.order === 'report') this.events.push(order.event)
    else this.orders.push(order)
    switch (order.order) {
      case 'start_manager':
        if (this.managersStart) this.sim.task('supervisor', this.#startManager(order))
        return
      case 'start_locus':
        this.sim.task('supervisor', this.#startLocus(order.port, order.generation))
        return
      case 'stop_locus':
      case 'stop_actor':
        this.sim.task('supervisor', this.#stop(order.port, order.generation, order.reason))
        return
      case 'report':
      case 'output':
        return
    }
  }

  *#startManager({ port, boot, options }: Extract<Order, { order: 'start_manager' }>) {
    yield 1
    const isFirst = port === actorPorts.firstManager
    const manager = new FakeManager(
      this.sim.region,
      this.sim.endpoint(port),
      boot as ManagerBoot,
      isFirst ? this.behaviour : { ...goodBehaviour(), ...(options as Partial<Behaviour>) },
      this.#stableOf(port),
    )
    this.managers.set(port, manager)
    if (isFirst) this.manager = manager
  }

  /** What a manager has made stable outlives it, and the world. */
  #stableOf(port: PortId): Stable {
    if (port === actorPorts.firstManager) return this.stable
    const stable = this.othersStable.get(port) ?? new Map<number, Set<number>>()
    this.othersStable.set(port, stable)
    return stable
  }

  *#startLocus(port: PortId, generation: number) {
    yield 1
    if (this.#generation(port) !== generation || this.loci.has(port)) return
    const endpoint = this.sim.endpoint(port)
    this.loci.set(port, endpoint)
    endpoint.call(actorPorts.kernel, locusCalls.locusBegin, {}, (reply) => {
      this.calls.push(
        `locus_begin ${port} ${reply.status} ${reply.status === 'ok' ? reply.plan.resumed : ''}`,
      )
      if (reply.status === 'ok' && reply.plan.visitor) this.#visit(endpoint, port, null)
      else if (reply.status === 'ok' && reply.plan.replay) {
        const { container } = reply.plan
        this.sim.region.words.store(this.sim.region.containerWord(container as never, 'written'), 1)
        this.#replay(endpoint, port, null)
      } else if (reply.status === 'ok' && this.word(port, 'suspended') === 0)
        this.setState(port, 'running')
    })
  }

  /** What loci that run visits again were given. */
  readonly replayed: LoggedInput[] = []
  /** What such a locus finds different in a visit; nil: nothing. `dies`: its thread ends; `hangs`: it never says. */
  differs: (input: LoggedInput) => string | null = () => null

  /** Says how the visit before was, and takes the next one. */
  #replay(endpoint: SimEndpoint, port: PortId, problem: string | null): void {
    endpoint.call(actorPorts.kernel, inputCalls.replayNext, { problem }, (reply) => {
      if (reply.status !== 'ok') return
      if (reply.input === null) return this.die(port, 'exit')
      this.replayed.push(reply.input)
      const said = this.differs(reply.input)
      if (said === 'dies') this.die(port)
      else if (said !== 'hangs') this.#replay(endpoint, port, said)
    })
  }

  /** What a locus does that another machine's invocation runs in; by itself it returns its block at once. */
  onVisit: (visit: VisitPlan, port: PortId, done: (end: VisitEnd) => void) => void = (
    { block },
    _,
    done,
  ) => done({ status: 'ok', detail: '', block })

  /** Says how the invocation before ended, and takes the next one. */
  #visit(endpoint: SimEndpoint, port: PortId, done: (VisitEnd & { number: number }) | null): void {
    const { region } = this.sim
    const args = { done, leaves: false }
    const { visitNext } = locusCalls
    const next = (reply: Reply<typeof visitNext>): void => {
      if (this.loci.get(port) !== endpoint) return
      if (reply.status !== 'ok' || reply.visit === null) return this.die(port, 'exit')
      const { number, container } = reply.visit
      this.setState(port, 'running')
      region.words.store(region.locusWord(locusOfPort(port), 'container'), container)
      region.words.store(region.locusWord(locusOfPort(port), 'depth'), 1)
      region.words.store(region.containerWord(container as never, 'ran'), 1)
      this.onVisit(reply.visit, port, (end) => {
        if (this.loci.get(port) !== endpoint) return
        this.setState(port, 'starting')
        this.#visit(endpoint, port, { ...end, number })
      })
    }
    endpoint.call(actorPorts.kernel, visitNext, args, next, Infinity)
  }

  *#stop(port: PortId, generation: number, detail: string) {
    yield 1
    if (this.#generation(port) !== generation) return
    this.die(port, 'signal', detail)
  }

  /** The network driver ends, and is started again. */
  restartNetwork(): void {
    this.sim.crash(actorPorts.network)
    this.#openNetwork(this.#beyond!)
  }

  #openNetwork({ wires, machines, incarnation }: Beyond): void {
    wires.startDriver(this.sim, { world: 'test', incarnation, peers: machines })
  }

  #openConsole(): ConsoleCore {
    const core: ConsoleCore = new ConsoleCore(this.sim.clock, (first, lines) => {
      this.output.push(...lines)
      if (first !== 0 && this.takesOutput) this.sim.task('host', take(first + lines.length - 1))
    })
    function* take(number: number) {
      yield 1
      core.taken(number)
    }
    serveConsole(this.sim.endpoint(actorPorts.console), core)
    this.sim.onTurn(actorPorts.console, () => core.turn())
    return core
  }

  #openDisk(fresh: boolean): void {
    serveBarrier(this.sim.endpoint(actorPorts.barrier), this.file, silentMeter)
    const endpoint = this.sim.endpoint(actorPorts.disk)
    const format = { uuid: [1, 2, 3, 4] as const, segmentBlocks: 128, capacity: 256 }
    const core = new DiskCore({
      file: this.file,
      opened: openDisk(this.file, fresh ? format : null),
      frames: regionFrames(this.sim.region),
      barrier: barrierAt(endpoint, actorPorts.barrier),
      meter: silentMeter,
      clock: this.sim.clock,
    })
    serveDisk(endpoint, core, byCapability(this.sim.region, actorPorts.disk))
    this.sim.onTurn(actorPorts.disk, () => {
      core.turn()
      return Infinity
    })
  }
}

export const firstLocus = locusPort(asLocus(0))
