/** A simulated world in which loci carry out random transactions on one container, with a ledger beside it. */
import {
  hereCapref,
  locusCalls,
  transactionCalls,
  type Capref,
  type ContainerSlot,
  type ResultOf,
} from '@katydid/abi'
import { receive, stampOf } from '@katydid/memory'
import { AccessError } from '@katydid/memory'
import { CampaignHost } from '../campaign/host.js'
import type { SimLocus } from '../campaign/sim-locus.js'
import {
  smallShape,
  transactional,
  WholeWorld,
  type Remains,
  type SimProgram,
  type WholeShape,
} from '../campaign/whole-world.js'
import type { Entry, Ledger } from './ledger.js'

type Begun = ResultOf<typeof transactionCalls.transactionBegin>
type Step<T> =
  ReturnType<SimLocus['access']> extends Generator<infer Y> ? Generator<Y, T, void> : never

export interface Course {
  readonly loci: number
  /** Words, each in a page of its own. */
  readonly words: number
  /** Transactions of each locus. */
  readonly transactions: number
  /** When the line moves; default: eager. */
  readonly line?: 'eager' | 'lazy'
}

export const smallCourse: Course = { loci: 4, words: 6, transactions: 12 }

export const transactionShape: WholeShape = {
  ...smallShape,
  frames: 72,
  maxContainers: 12,
  others: [transactional],
  manager: { ...smallShape.manager, ownFrames: 8, askFrames: 8, reserveLow: 4, reserveHigh: 8 },
}

const pageBytes = 4096
const spacePages = 16

export class TransactionWorld {
  readonly world: WholeWorld
  readonly host: CampaignHost
  readonly ledger: Ledger
  readonly course: Course
  #left: number[] = []
  #mayGo = false

  /** What loci of the other container hold for the one that all of them change. */
  bank: Capref = hereCapref

  constructor(seed: number, ledger: Ledger, course: Course, remains: Remains | null = null) {
    this.ledger = ledger
    this.course = course
    const programs = new Map<string, SimProgram>([
      ['transact', (locus) => this.#program(locus)],
      ['read', (locus) => this.#read(locus)],
    ])
    this.world = new WholeWorld(
      seed,
      { ...transactionShape, line: course.line ?? 'eager' },
      programs,
      remains,
    )
    this.host = new CampaignHost(this.world)
    this.#mayGo = remains !== null
  }

  /** Makes the container and its loci; they begin when all of them are there for good. */
  async begin(): Promise<void> {
    const { world, host, course } = this
    await world.open()
    await host.create('bank', spacePages)
    const cont = await host.find('bank')
    await host.call('manage_request', { cont, manager: transactional.name }, 'ok')
    world.model.containers.get('bank')!.adopted = true
    await host.setProgram('bank', 'transact')
    await host.create('home', spacePages)
    await host.adopt('home')
    await host.setProgram('home', 'transact')
    const home = await host.find('home')
    const copied = await host.call('cap_copy', { cap: cont, to: home, rights: 255 }, 'ok')
    this.bank = copied['cap'] as Capref
    for (let i = 0; i < course.loci; i++) await host.start(`l${i}`, i % 2 === 0 ? 'bank' : 'home')
    await host.snapshot(true)
    this.#mayGo = true
  }

  /** Whether every locus has come to its end. */
  get isDone(): boolean {
    const loci = [...this.world.model.loci.values()]
    return this.world.phase === 'open' && loci.every(({ end }) => end !== null)
  }

  /** Runs to the end, and holds what is left against the ledger. */
  async finish(): Promise<readonly string[]> {
    const { world } = this
    const isOver = (): boolean => this.isDone || world.phase === 'failed'
    // What was killed at the last moment is noticed, and undone, before anything is read.
    for (let looks = 0; looks < 3; looks++) {
      if (!world.until(isOver, 300_000))
        return [...world.problems, 'the loci did not come to their ends']
      world.run(500)
    }
    await this.host.readBack()
    return [...world.problems, ...this.ledger.audit(this.#left)]
  }

  *#read(locus: SimLocus): Step<Uint8Array> {
    if (locus.container !== 'bank') return new Uint8Array(0)
    this.#left = []
    for (let word = 0; word < this.course.words; word++)
      this.#left.push(yield* locus.access((window) => window.getInt32(word * pageBytes)))
    return new Uint8Array(0)
  }

  *#program(locus: SimLocus): Step<Uint8Array> {
    const { ledger, course } = this
    ledger.entered(locus.name, Number(locus.model.registers[0]))
    while (!this.#mayGo) {
      yield* locus.safepoint()
      yield* locus.sleep(1)
    }
    for (let age = 0; ledger.of(locus.name).length < course.transactions;) {
      yield* locus.safepoint()
      age = yield* this.#transaction(locus, age)
      if (age === 0 && locus.random.chance(0.3)) yield* this.#stabilise(locus)
    }
    return new Uint8Array(0)
  }

  /** One try; answers its age when it is to be tried again. */
  *#transaction(locus: SimLocus, age: number): Step<number> {
    const { random } = locus
    const timeoutMs = random.chance(0.06) ? 3 : 4000
    const cont = locus.container === 'bank' ? hereCapref : this.bank
    const args = { cont, timeoutMs, age }
    yield* locus.comeIn(this.#slot)
    try {
      return yield* this.#inside(locus, args)
    } finally {
      locus.goOut(this.#slot)
    }
  }

  get #slot(): ContainerSlot {
    return this.world.kernel.machine.containers.named('bank')!.slot
  }

  *#inside(
    locus: SimLocus,
    args: { readonly cont: Capref; readonly timeoutMs: number; readonly age: number },
  ): Step<number> {
    const { random } = locus
    const { age } = args
    const begun = yield* locus.call(transactionCalls.transactionBegin, args)
    if (begun.status !== 'ok') {
      if (!this.world.isShaken) locus.expect('transaction_begin', begun.status, 'frozen')
      yield* locus.sleep(20)
      return age
    }
    const { transaction } = begun
    const entry = this.ledger.begin(locus.name)
    const met = yield* this.#body(locus, begun, entry)
    const [below, home] = [begun.below as ContainerSlot, locus.containerSlot]
    receive(locus.region, home, stampOf(locus.region, below))
    if (met !== 'ok' || random.chance(0.1)) {
      const ended = yield* locus.call(transactionCalls.transactionAbort, { transaction })
      const fate = ended.status === 'ok' ? ended.fate : ended.status
      if (met !== 'ok' && fate !== met && !this.world.isShaken)
        locus.problem(`a fault was answered ${met}, and the abort ${fate}`)
      this.ledger.ended(entry, fate)
      return fate === 'conflict' ? begun.age : 0
    }
    receive(locus.region, below, stampOf(locus.region, home))
    const done = yield* locus.call(transactionCalls.transactionCommit, { transaction })
    receive(locus.region, home, stampOf(locus.region, below))
    if (done.status !== 'ok') {
      const isExpected = done.status === 'conflict' || done.status === 'timed_out'
      if (!isExpected && !this.world.isShaken) locus.problem(`commit: ${done.status}`)
      this.ledger.ended(entry, done.status)
      return done.status === 'conflict' ? begun.age : 0
    }
    if (done.pageCount !== entry.writes.size)
      locus.problem(`${done.pageCount} pages were committed, not ${entry.writes.size}`)
    this.ledger.committed(entry)
    locus.setRegister(0, BigInt(entry.id))
    return 0
  }

  /** Reads and writes in the overlay; answers `ok`, or what a fault was answered that ends the transaction. */
  *#body(locus: SimLocus, begun: Begun, entry: Entry): Step<string> {
    const { transaction } = begun
    const args = { transaction, base: 0, length: 0 }
    const opened = yield* locus.call(transactionCalls.transactionWindow, args)
    if (opened.status !== 'ok') return opened.status
    const place = { slot: begun.slot as ContainerSlot, table: opened.table, size: opened.length }
    try {
      return yield* locus.elsewhere(place, () => this.#deeds(locus, entry))
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      if (error.status === 'conflict' || error.status === 'timed_out') return error.status
      // The manager is gone: the world goes back, and the locus is entered again.
      if (error.status === 'manager_failed') yield* locus.sleep(10_000)
      throw error
    }
  }

  *#deeds(locus: SimLocus, entry: Entry): Step<string> {
    const { random } = locus
    const { words } = this.course
    for (let deeds = 1 + random.below(5); deeds > 0; deeds--) {
      const word = random.chance(0.5) ? random.below(2) : random.below(words)
      const value = yield* locus.access((window) => window.getInt32(word * pageBytes))
      this.ledger.read(entry, word, value)
      if (random.chance(0.3)) yield* locus.sleep(random.below(30) / 10)
      if (random.chance(0.4)) continue
      yield* locus.access((window) => {
        window.setInt32(word * pageBytes, entry.id)
        entry.writes.add(word)
        return 0
      })
    }
    return 'ok'
  }

  *#stabilise(locus: SimLocus): Step<void> {
    const reply = yield* locus.call(locusCalls.locusStabilise, {}, true)
    if (reply.status === 'ok') this.ledger.acknowledge(locus.name)
    else if (reply.status !== 'busy' && reply.status !== 'frozen' && !this.world.isShaken)
      locus.problem(`locus_stabilise: ${reply.status}`)
  }
}
