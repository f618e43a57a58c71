/**
 * Transactions of loci in a simulated world, beside its model: what one writes becomes the model's in the step in which the manager commits it,
 * and each read must be what the model says, since the page's lock is held.
 */
import {
  hereCapref,
  transactionCalls,
  type ContainerSlot,
  type ResultOf,
  type Status,
} from '@katydid/abi'
import { AccessError, receive, stampOf } from '@katydid/memory'
import type { SimLocus } from './sim-locus.js'
import type { WorldModel } from './world-model.js'

type Steps<T = void> = Generator<'step' | number | (() => boolean), T, void>
type Begun = ResultOf<typeof transactionCalls.transactionBegin>

const pageBytes = 4096
/** Words of a page that transactions use: few, so that they meet. */
const wordsOfPage = [0, 8, 2044, 4092]
const transactionMs = 1000

/** What the transaction that is open on an overlay has written. */
interface Open {
  readonly container: string
  readonly writes: Map<number, number>
}

/** The transactions of a world that may commit, by the slots of their overlays. */
export class OpenTransactions {
  readonly #open = new Map<number, Open>()

  begin(slot: number, container: string): Open {
    const made = { container, writes: new Map<number, number>() }
    this.#open.set(slot, made)
    return made
  }

  /** The manager has answered `overlay_commit`. */
  committed(slot: number, status: Status, model: WorldModel): void {
    const open = this.#open.get(slot)
    this.#open.delete(slot)
    const container = model.containers.get(open?.container ?? '')
    if (open === undefined || container === undefined || status !== 'ok') return
    for (const [offset, value] of open.writes) model.wrote(open.container, container, offset, value)
  }
}

const mostTries = 3

/** A transaction on the container the locus is in; one that gives way is tried again, where the locus may rest in between. */
export function* transaction(locus: SimLocus, pages: number): Steps {
  const most = locus.depth > 0 ? 1 : mostTries
  let age = yield* attempt(locus, pages, 0)
  for (let tries = 1; age > 0 && tries < most; tries++) {
    yield* locus.safepoint()
    age = yield* attempt(locus, pages, age)
  }
}

/** One try; answers its age when it gave way and is to be tried again. */
function* attempt(locus: SimLocus, pages: number, age: number): Steps<number> {
  const { world, random } = locus
  const timeoutMs = random.chance(0.06) ? 3 : transactionMs
  const args = { cont: hereCapref, timeoutMs, age }
  const begun = yield* locus.call(transactionCalls.transactionBegin, args)
  if (begun.status !== 'ok') {
    const isMeant = begun.status === 'frozen' || begun.status === 'no_resource'
    if (!isMeant && !world.isAboutToGoBack) locus.expect('transaction_begin', begun.status, 'ok')
    return 0
  }
  const { transaction: number, slot } = begun
  const open = world.transactions.begin(slot, locus.container)
  const met = yield* body(locus, begun, open, pages)
  if (met !== 'ok' || random.chance(0.1)) {
    const ended = yield* locus.call(transactionCalls.transactionAbort, { transaction: number })
    const fate = ended.status === 'ok' ? ended.fate : ended.status
    if (met !== 'ok' && fate !== met && !world.isAboutToGoBack)
      locus.problem(`a fault was answered ${met}, and the abort ${fate}`)
    world.saw('transaction', fate === 'open' ? 'aborted' : fate)
    return fate === 'conflict' ? begun.age : 0
  }
  const home = locus.containerSlot
  receive(locus.region, begun.below as ContainerSlot, stampOf(locus.region, home))
  const done = yield* locus.call(transactionCalls.transactionCommit, { transaction: number })
  if (done.status !== 'ok') {
    const isMeant = done.status === 'conflict' || done.status === 'timed_out'
    if (!isMeant && !world.isAboutToGoBack) locus.problem(`transaction_commit: ${done.status}`)
    world.saw('transaction', done.status)
    return done.status === 'conflict' ? begun.age : 0
  }
  const written = new Set(Array.from(open.writes.keys(), (at) => Math.floor(at / pageBytes)))
  if (done.pageCount !== written.size)
    locus.problem(`${done.pageCount} pages were committed, not ${written.size}`)
  world.saw('transaction', 'committed')
  return 0
}

/** Reads and writes in the overlay; answers `ok`, or what a fault was answered that ends the transaction. */
function* body(locus: SimLocus, begun: Begun, open: Open, pages: number): Steps<string> {
  const args = { transaction: begun.transaction, base: 0, length: 0 }
  const opened = yield* locus.call(transactionCalls.transactionWindow, args)
  if (opened.status !== 'ok') return opened.status
  const place = { slot: begun.slot as ContainerSlot, table: opened.table, size: opened.length }
  try {
    yield* locus.elsewhere(place, () => deeds(locus, open, pages))
    return 'ok'
  } catch (error) {
    if (!(error instanceof AccessError)) throw error
    if (error.status === 'conflict' || error.status === 'timed_out') return error.status
    // The manager is gone, or the container goes back: the locus is entered again.
    if (locus.world.isAboutToGoBack) yield* locus.sleep(10_000)
    throw error
  }
}

function* deeds(locus: SimLocus, open: Open, pages: number): Steps {
  const { random, world } = locus
  for (let left = 1 + random.below(5); left > 0; left--) {
    const page = random.chance(0.6) ? random.below(Math.ceil(pages / 4)) : random.below(pages)
    const offset = page * pageBytes + wordsOfPage[random.below(wordsOfPage.length)]!
    yield* locus.access((window) => {
      const value = window.getInt32(offset)
      const below = world.model.containers.get(open.container)?.words.get(offset) ?? 0
      const expected = open.writes.get(offset) ?? below
      if (value !== expected && world.phase === 'open')
        locus.problem(
          `a transaction on ${open.container} reads ${value} at ${offset}, not ${expected}`,
        )
      return value
    })
    if (random.chance(0.3)) yield* locus.sleep(random.below(30) / 10)
    if (random.chance(0.3)) continue
    const value = random.next() | 0
    yield* locus.access((window) => {
      window.setInt32(offset, value)
      open.writes.set(offset, value)
      return value
    })
  }
}
