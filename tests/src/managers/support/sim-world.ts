/**
 * One machine in the simulator around a real manager: real disk core, real page tables and traps, loci that are generators,
 * a plain model of what every word should hold. Killed and started again at any step.
 */
import {
  actorPorts,
  asLocus,
  locusStates,
  statusOf,
  trapStates,
  type LocusSlot,
  type MachineId,
  type ManagerBoot,
  type TraceKind,
} from '@katydid/abi'
import {
  Counters,
  RemoteCalls,
  run,
  Simulator,
  type Random,
  type SimNetwork,
  type SimTask,
} from '@katydid/actor'
import {
  anybody,
  barrierAt,
  DiskCore,
  FileFault,
  MemoryFile,
  openDisk,
  regionFrames,
  serveBarrier,
  serveDisk,
  silentMeter,
} from '@katydid/devices'
import {
  defaultOptions,
  SelfManagingManager,
  type SelfManagingOptions,
  type Surroundings,
} from '@katydid/managers'
import { Attachment, checksum, postTrap, Window } from '@katydid/memory'
import { SimTransaction } from './sim-transaction.js'
import { managerPort, StandInKernel, type UserContainer } from './stand-in-kernel.js'

export interface WorldShape {
  readonly frames: number
  readonly pages: number
  readonly containers: number
  readonly loci: number
  readonly options?: Partial<SelfManagingOptions>
  /** Only every so many pages of a container are used, so that its map is larger than its content. */
  readonly stride?: number
  /** What each message takes; now and then up to two milliseconds when left out. */
  readonly delayMs?: number
  readonly segments?: number
  readonly segmentBlocks?: number
  /** Stores are transactions, each of one store: the manager's containers change in no other way. */
  readonly transactional?: boolean
  /** It is one machine of these. */
  readonly among?: { readonly network: SimNetwork; readonly machine: MachineId }
  /** The manager in place of the real one; `die` ends its thread. */
  readonly manager?: (
    surroundings: Surroundings,
    boot: ManagerBoot,
    die: () => void,
  ) => Pick<SelfManagingManager, 'turn' | 'stabilise'>
}

/** What every word of every container held at a capture: container index × page → value of the page's word. */
export type Content = Map<string, number>

const pageBytes = 4096
const ownPages = 512

class Missed extends Error {}

export class SimWorld {
  readonly sim: Simulator
  readonly kernel: StandInKernel
  readonly counters: Counters
  readonly shape: WorldShape
  readonly file: MemoryFile
  manager: Pick<SelfManagingManager, 'turn' | 'stabilise'> | null = null
  /** What every word holds now. */
  model: Content = new Map()
  readonly captured: Map<number, Content>
  readonly reports: string[] = []
  /** What the manager noted in its trace. */
  readonly traced: { readonly kind: TraceKind; readonly a: number; readonly b: number }[] = []
  /** Reads of blocks fail from now on. */
  readsFail = false
  /** The file refuses writes as if it were full. */
  writesFail = false
  /** Pages and records that the manager read from the log at its start. */
  scanned = 0
  #gate = false
  #resting = 0
  #loci = 0
  #epoch = 0
  #nextCapture: number
  #core: DiskCore | null = null

  /** `image`: what the disk's file holds from an earlier life; `captured`: what earlier captures held. */
  constructor(
    seed: number,
    shape: WorldShape,
    image?: Uint8Array,
    captured: Map<number, Content> = new Map(),
  ) {
    this.shape = shape
    this.captured = captured
    this.#nextCapture = Math.max(0, ...captured.keys()) + 1
    const { among } = shape
    this.sim = new Simulator(among?.network ?? seed, {
      shape: {
        frames: shape.frames,
        maxLoci: 64,
        maxContainers: 8,
        tableBytes: 1024 * 1024,
        network: among !== undefined,
      },
      ...(among === undefined ? {} : { machine: among.machine }),
      delayMs: (random) => shape.delayMs ?? (random.chance(0.2) ? random.below(20) / 10 : 0),
    })
    const { region } = this.sim
    this.counters = new Counters(region, managerPort)
    this.file = new MemoryFile(pageBytes, image)
    this.#openDisk(image === undefined)
    this.kernel = new StandInKernel(region, this.sim.endpoint(actorPorts.kernel), {
      pages: shape.pages * (shape.stride ?? 1),
      ownPages,
    })
  }

  /** A new world, with its containers adopted. */
  begin(): void {
    this.script(this.kernel.open())
    this.startManager()
    this.adoptAll()
  }

  adoptAll(): void {
    for (let i = 0; i < this.shape.containers; i++) this.script(this.kernel.adopt())
  }

  /** The same disk after a kill: answers the capture that the world came back at, whose content the model takes. */
  reopen(): number {
    this.script(this.kernel.restart())
    this.startManager()
    return this.recover()
  }

  startManager(): void {
    const { region, clock } = this.sim
    const endpoint = this.sim.endpoint(managerPort)
    const make =
      this.shape.manager ??
      ((surroundings: Surroundings, boot: ManagerBoot) =>
        new SelfManagingManager(surroundings, boot))
    const manager = make(
      {
        region,
        messenger: endpoint,
        clock,
        read: (place, into) => {
          if (this.readsFail) return 'io_error'
          this.file.read(place.block, into)
          return checksum(into) === place.checksum ? 'ok' : 'checksum_mismatch'
        },
        report: (event) => this.reports.push(JSON.stringify(event)),
        trace: { event: (kind, a = 0, b = 0) => this.traced.push({ kind, a, b }) },
        options: { ...defaultOptions, ownFrames: 8, ...this.shape.options },
        ...(this.shape.among === undefined ? {} : { remote: new RemoteCalls(endpoint, clock) }),
      },
      this.kernel.boot(),
      () => this.sim.crash(managerPort),
    )
    this.manager = manager
    this.sim.onTurn(managerPort, () => manager.turn())
  }

  /** The manager's thread is terminated now, loci are stopped, and the manager is started again in the same process. */
  restartManager(): number {
    this.#replaceManager()
    return this.recover()
  }

  #replaceManager(): void {
    this.sim.crash(managerPort)
    this.manager = null
    this.stopLoci()
    this.kernel.clearTables()
    this.kernel.buryManager()
    this.startManager()
  }

  /** A locus was lost: the world goes back to its line, the manager lives on. */
  rollBack(): number {
    this.stopLoci()
    this.kernel.clearTables()
    return this.recover()
  }

  /** Loci are stopped and the containers go back to a capture, which need not be the line. */
  goBack(capture: number, restarts = false): void {
    if (restarts) this.#replaceManager()
    this.stopLoci()
    this.kernel.clearTables()
    this.script(this.kernel.goBack(capture))
    this.model = new Map(this.captured.get(capture) ?? [])
  }

  recover(): number {
    const line = this.script(this.kernel.recover())
    this.model = new Map(this.captured.get(line) ?? [])
    return line
  }

  /** Starts a locus that reads and writes at random, and takes what it reads to the model. */
  locus(random: Random, operations: number, spread: number): void {
    const slot = asLocus(this.#loci++)
    this.#running++
    this.sim.task(`locus ${slot}`, this.#program(slot, random, operations, spread, this.#epoch))
  }

  /** Bytes from one used page to the next. */
  get #stepBytes(): number {
    return pageBytes * (this.shape.stride ?? 1)
  }

  /** Writes one word by a locus of its own, and waits until it is done; answers `ok` or why it was refused. */
  write(container: number, page: number, value: number): string {
    const { status } = this.#once(
      container,
      (window) => {
        window.setInt32(page * this.#stepBytes + 8, value | 0)
        return value
      },
      'write',
    )
    if (status === 'ok') this.model.set(`${container}:${page}`, value >>> 0)
    return status
  }

  /** Reads one word by a locus of its own. */
  read(container: number, page: number): { status: string; value: number } {
    return this.#once(container, (window) => window.getUint32(page * this.#stepBytes + 8))
  }

  /** Two loci write two words of the page at the same time; answers what each met, once both are done or given up. */
  writeTogether(container: number, page: number, value: number): readonly string[] {
    const found = this.kernel.containers[container]!
    const met = ['waits', 'waits']
    const last = this.sim.region.plan.shape.maxLoci - 1
    for (const index of met.keys()) {
      const at = page * this.#stepBytes + 16 + 8 * index
      const deed = this.#deed(
        asLocus(last - index),
        found,
        (window) => {
          window.setInt32(at, value)
          return window.getInt32(at)
        },
        'write',
      )
      this.sim.task(
        `together ${index}`,
        (function* () {
          try {
            met[index] = (yield* deed) === value ? 'ok' : 'another value'
          } catch (error) {
            met[index] = (error as Error).message
          }
        })(),
      )
    }
    this.sim.runUntil(() => !met.includes('waits'), this.sim.clock.nowMs() + 20_000)
    const window = this.#enter(asLocus(last), found)
    // Whatever the other wrote meanwhile: both words are in one page.
    const lost = met[0] === 'ok' && met[1] === 'ok' && !this.#holds(window, page, value)
    this.#leave(asLocus(last), window)
    return lost ? ['a write was lost', 'a write was lost'] : met
  }

  /** Whether both words of a page that is in memory hold the value. */
  #holds(window: Window, page: number, value: number): boolean {
    try {
      const at = page * this.#stepBytes + 16
      return window.getInt32(at) === value && window.getInt32(at + 8) === value
    } catch (error) {
      if (error instanceof Missed) return true
      throw error
    }
  }

  /** A locus that is attached and running, and acknowledges only when told. */
  idleLocus(container: number): { acknowledge(): void } {
    const window = this.#enter(asLocus(this.#loci++), this.kernel.containers[container]!)
    return {
      acknowledge: () => {
        window.attachment.acknowledge()
      },
    }
  }

  /** A locus that stores and loads as it is told, each in a page, and notes what it read; `before` each, something else is waited for. */
  recorder(
    container: number,
    steps: readonly { readonly page: number; readonly value: number | null }[],
    before: () => Iterable<() => boolean> = () => [],
  ): { readonly read: number[]; done: boolean } {
    const slot = asLocus(this.#loci++)
    const found = this.kernel.containers[container]!
    const window = this.#enter(slot, found)
    const record = { read: [] as number[], done: false }
    const access = (page: number, value: number | null): Generator<() => boolean, number, void> =>
      this.#access(slot, window, () => {
        const at = page * this.#stepBytes + 8
        if (value === null) return window.getInt32(at)
        window.setInt32(at, value)
        return value
      })
    const leave = (): void => this.#leave(slot, window)
    this.sim.task(
      'recorder',
      (function* () {
        for (const { page, value } of steps) {
          yield 'step'
          yield* before()
          record.read.push(yield* access(page, value))
        }
        leave()
        record.done = true
      })(),
    )
    return record
  }

  /** Begins to read the pages one by one; answers how many it has. */
  reader(container: number, pages: readonly number[]): { readonly done: number } {
    const slot = asLocus(this.#loci++)
    const found = this.kernel.containers[container]!
    const window = this.#enter(slot, found)
    const progress = { done: 0 }
    const access = (page: number): Generator<() => boolean, number, void> =>
      this.#access(slot, window, () => window.getUint32(page * this.#stepBytes + 8))
    this.sim.task(
      'reader',
      (function* () {
        for (const page of pages) {
          yield* access(page)
          progress.done++
        }
      })(),
    )
    return progress
  }

  #once(
    container: number,
    attempt: (window: Window) => number,
    access: 'read' | 'write' = 'read',
  ): { status: string; value: number } {
    const slot = asLocus(this.sim.region.plan.shape.maxLoci - 1)
    const found = this.kernel.containers[container]!
    const outcome = { status: 'waits', value: 0 }
    const deed = this.#deed(slot, found, attempt, access)
    this.sim.task(
      'once',
      (function* () {
        try {
          outcome.value = yield* deed
          outcome.status = 'ok'
        } catch (error) {
          outcome.status = (error as Error).message
        }
      })(),
    )
    this.sim.runUntil(() => outcome.status !== 'waits', this.sim.clock.nowMs() + 20_000)
    return outcome
  }

  /** One access by a locus of its own; a store as a transaction where stores are. */
  *#deed(
    slot: LocusSlot,
    container: UserContainer,
    attempt: (window: Window) => number,
    access: 'read' | 'write',
  ): Generator<() => boolean, number, void> {
    const isOne = this.shape.transactional === true && access === 'write'
    const transaction = isOne ? new SimTransaction(this.kernel, container, slot) : null
    yield* transaction?.begin() ?? []
    const window = this.#enter(slot, transaction?.overlay ?? container)
    let value: number
    try {
      value = yield* this.#access(slot, window, () => attempt(window))
    } finally {
      this.#leave(slot, window)
    }
    yield* transaction?.commit() ?? []
    return value
  }

  get lociRunning(): number {
    return this.#running
  }

  #running = 0

  /** Every locus comes to rest, and stays. */
  rest(): void {
    this.#gate = true
    const rest = this.sim.runUntil(
      () => this.#resting === this.#running,
      this.sim.clock.nowMs() + 20_000,
    )
    if (!rest) throw new Error('the loci did not come to rest')
  }

  /** Loci that rest go on. */
  go(): void {
    this.#gate = false
  }

  /** Captures everything together, as soon as every locus rests. Answers the capture's number. */
  capture(): number | null {
    this.rest()
    const id = this.#nextCapture++
    this.captured.set(id, new Map(this.model))
    const taken = this.script(this.kernel.capture(id))
    this.go()
    return taken ? id : null
  }

  /** Reads every page of every container and compares with the model; answers what differs. */
  differences(): string[] {
    const found: string[] = []
    this.#running++
    const slot = asLocus(this.#loci++)
    let done = false
    const check = this.#check(slot, found)
    this.sim.task(
      'check',
      (function* () {
        yield* check
        done = true
      })(),
    )
    if (!this.sim.runUntil(() => done, this.sim.clock.nowMs() + 60_000))
      found.push('the check did not end')
    this.#running--
    return found
  }

  /** The manager snapshots itself, twice: what the first gave up the second frees. */
  settle(): void {
    for (let i = 0; i < 2; i++) {
      let done = false
      this.manager!.stabilise(() => {
        done = true
      })
      this.sim.runUntil(() => done, this.sim.clock.nowMs() + 10_000)
      this.runUntilIdle(100)
    }
  }

  runUntilIdle(forMs: number): void {
    this.sim.run(this.sim.clock.nowMs() + forMs)
  }

  *#check(slot: LocusSlot, found: string[]): SimTask {
    for (const [index, container] of this.kernel.containers.entries()) {
      const window = this.#enter(slot, container)
      for (let page = 0; page < this.shape.pages; page++) {
        const value = yield* this.#access(slot, window, () =>
          window.getUint32(page * this.#stepBytes + 8),
        )
        const expected = this.model.get(`${index}:${page}`) ?? 0
        if (value !== expected)
          found.push(`container ${index} page ${page}: ${value}, not ${expected}`)
      }
      this.#leave(slot, window)
    }
  }

  *#program(
    slot: LocusSlot,
    random: Random,
    operations: number,
    spread: number,
    epoch: number,
  ): SimTask {
    const index = random.below(this.kernel.containers.length)
    const container = this.kernel.containers[index]!
    const window = this.#enter(slot, container)
    const { words } = this.sim.region
    const state = this.sim.region.locusWord(slot, 'state')
    for (let i = 0; i < operations; i++) {
      yield 'step'
      if (this.#epoch !== epoch) return
      if (this.#gate) {
        words.store(state, locusStates.resting)
        this.#resting++
        yield () => !this.#gate || this.#epoch !== epoch
        if (this.#epoch !== epoch) return
        this.#resting--
        words.store(state, locusStates.running)
        window.attachment.renew()
      }
      const page = random.chance(0.7)
        ? random.below(Math.max(1, spread >> 2))
        : random.below(spread)
      const key = `${index}:${page}`
      if (random.chance(0.5)) {
        const value = random.next()
        yield* this.#access(slot, window, () => {
          window.setInt32(page * this.#stepBytes + 8, value | 0)
          this.model.set(key, value)
          return 0
        })
        if (this.#epoch !== epoch) return
        continue
      }
      const value = yield* this.#access(slot, window, () => {
        const read = window.getUint32(page * this.#stepBytes + 8)
        const expected = this.model.get(key) ?? 0
        if (read !== expected) throw new Error(`${key} reads ${read}, not ${expected}`)
        return read
      })
      if (this.#epoch !== epoch || value === -1) return
    }
    this.#leave(slot, window)
    this.#running--
  }

  /** An access by the rules, without blocking: a miss posts the trap and gives way until it is answered. */
  *#access(
    slot: LocusSlot,
    window: Window,
    attempt: () => number,
  ): Generator<() => boolean, number, void> {
    const { region } = this.sim
    const { words } = region
    const epoch = this.#epoch
    for (let round = 0; round < 50; round++) {
      try {
        return attempt()
      } catch (error) {
        if (!(error instanceof Missed)) throw error
      }
      const trapState = region.locusWord(slot, 'trapState')
      postTrap(region, slot, { ...this.#missed!, manager: managerPort })
      words.store(region.locusWord(slot, 'state'), locusStates.quiet)
      yield () => words.load(trapState) === trapStates.answered || this.#epoch !== epoch
      if (this.#epoch !== epoch) return -1
      words.store(trapState, trapStates.idle)
      const status = statusOf(words.load(region.locusWord(slot, 'trapStatus')))
      if (status !== 'ok') throw new Error(status)
      words.store(region.locusWord(slot, 'state'), locusStates.running)
      window.attachment.renew()
    }
    throw new Error('the manager answered 50 times without giving access')
  }

  #missed: {
    container: UserContainer['slot']
    offset: number
    access: 'read' | 'write' | 'execute'
  } | null = null

  #enter(slot: LocusSlot, container: UserContainer): Window {
    const { region } = this.sim
    region.words.store(region.locusWord(slot, 'state'), locusStates.running)
    region.words.store(region.locusWord(slot, 'trapState'), trapStates.idle)
    const attachment = new Attachment(region, container.slot, slot, {
      resolve: (trap) => {
        this.#missed = trap
        throw new Missed()
      },
    })
    attachment.attach()
    return new Window(
      attachment,
      0,
      this.shape.pages * this.#stepBytes,
      this.kernel.tableOf(container.slot),
    )
  }

  #leave(slot: LocusSlot, window: Window): void {
    window.attachment.detach()
    this.sim.region.words.store(this.sim.region.locusWord(slot, 'state'), locusStates.ended)
  }

  /** The threads of all loci end where they are. */
  stopLoci(): void {
    this.#epoch++
    const { region } = this.sim
    for (let slot = 0; slot < region.plan.shape.maxLoci; slot++) {
      region.words.store(region.locusWord(asLocus(slot), 'state'), locusStates.dead)
      region.words.store(region.locusWord(asLocus(slot), 'trapState'), trapStates.idle)
    }
    for (const { slot } of this.kernel.containers)
      for (let word = 0; word < 4; word++)
        region.words.store(region.containerWord(slot, 'attached') + word, 0)
    this.#running = 0
    this.#resting = 0
    this.#gate = false
    this.#loci = 0
  }

  /** The kernel does this. */
  script<T>(script: Parameters<typeof run<T>>[1]): T {
    const outcome: { value: T | null; done: boolean } = { value: null, done: false }
    run(this.kernel.messenger, script, (value) => {
      outcome.value = value
      outcome.done = true
    })
    if (!this.sim.runUntil(() => outcome.done, this.sim.clock.nowMs() + 60_000))
      throw new Error(`the kernel waits for ever; ${this.reports.join(' ')}`)
    return outcome.value as T
  }

  #openDisk(fresh: boolean): void {
    const { region, clock } = this.sim
    const barrier = this.sim.endpoint(actorPorts.barrier)
    serveBarrier(barrier, this.file, silentMeter)
    const endpoint = this.sim.endpoint(actorPorts.disk)
    const format = {
      uuid: [1, 2, 3, 4] as const,
      segmentBlocks: this.shape.segmentBlocks ?? 128,
      capacity: this.shape.segments ?? 256,
    }
    const full = (): boolean => this.writesFail
    const file = this.file
    const core = new DiskCore({
      file: {
        blockBytes: pageBytes,
        sizeBytes: () => file.sizeBytes(),
        read: (block, into) => file.read(block, into),
        sync: () => file.sync(),
        write: (block, parts) => {
          if (full()) throw new FileFault('ENOSPC', 'no room, on purpose')
          file.write(block, parts)
        },
      },
      opened: openDisk(this.file, fresh ? format : null),
      frames: regionFrames(region),
      barrier: barrierAt(endpoint, actorPorts.barrier),
      meter: silentMeter,
      clock,
    })
    const scan = core.scan.bind(core)
    core.scan = (owner, args, reply) =>
      scan(owner, args, (answer) => {
        if (owner === managerPort && answer.status === 'ok')
          this.scanned += answer.pages.length + answer.records.length
        reply(answer)
      })
    serveDisk(endpoint, core, anybody)
    this.sim.onTurn(actorPorts.disk, () => {
      core.turn()
      return Infinity
    })
    this.#core = core
  }

  /** How many segments of the disk are free for use. */
  get freeSegments(): number {
    return this.#core!.status().freeSegments
  }
}
