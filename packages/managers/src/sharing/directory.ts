/**
 * The directory of a container that several machines use: who may read or write which page. No I/O; time is an argument.
 *
 * What it promises: a page has one writer or many readers, home among them. A grant is made only when every holder that it excludes has
 * returned its copy, which it does when all its loci have acknowledged. What the writer wrote is at home before its hold is lower. With release
 * consistency readers keep what they have when another writes, and give it up when their machine acquires.
 *
 * What it never does: guess. Who is silent keeps what it holds, and who waits for that hears `unreachable`; only `lost` takes it away.
 */
import type { Consistency, MachineId, PageLevel } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { covers, lower } from './levels.js'
import {
  home,
  newHold,
  PageRecord,
  type Hold,
  type Holder,
  type Refused,
  type Wish,
} from './page-record.js'

/** What a page holds at home. */
export type Content = 'zeros' | Uint8Array

/** What the directory has done by others. */
export interface DirectoryHands {
  /** Take the holder's copy down: home's by `lowered`, another's by page_recall and `returned`. Until then it is repeated, or `isAsked` is false. */
  lower(holder: Holder, page: number, number: number, to: PageLevel): void
  /** What the page holds at home; nobody writes it now. */
  content(page: number): Content | { readonly status: Refused }
  /** The page holds this from now on; nobody at home sees it now. `done` when it is kept. */
  store(page: number, bytes: Uint8Array, done: () => void): void
  /** A guest may write the page from now on. */
  opened(page: number): void
}

export class Directory {
  readonly consistency: Consistency
  readonly #hands: DirectoryHands
  readonly #pages = new Map<number, PageRecord>()
  /** Pages whose newest content is gone: they stay refused until the container has gone back. */
  readonly #lost = new Set<number>()
  #number = 0
  #frozen = false
  #gathered: (() => void) | null = null

  constructor(hands: DirectoryHands, consistency: Consistency = 'sequential') {
    this.#hands = hands
    this.consistency = consistency
  }

  /** Pages that are not home's alone. */
  get size(): number {
    return this.#pages.size
  }

  /** What home may do with the page now. */
  homeLevel(page: number): PageLevel {
    const record = this.#pages.get(page)
    if (record === undefined) return 'write'
    const hold = record.holds.get(home)
    return hold === undefined ? 'none' : lower(hold.level, hold.asked ?? 'write')
  }

  /** Whether the page's content is gone, until the container has gone back. */
  isLost(page: number): boolean {
    return this.#lost.has(page)
  }

  /** What a holder may have of a page: nothing is `none`. */
  levelOf(holder: Holder, page: number): PageLevel {
    const record = this.#pages.get(page)
    if (record === undefined) return holder === home ? 'write' : 'none'
    return record.holds.get(holder)?.level ?? 'none'
  }

  /** Somebody wants the page. Answered once, perhaps at once. */
  request(page: number, wish: Wish): void {
    invariant(Number.isInteger(page) && page >= 0, 'CH1: pages are numbered from 0', { page })
    if (this.#lost.has(page)) return wish.answer({ status: 'frozen' })
    const record = this.#record(page)
    if (this.#isVoid(record, wish)) return wish.answer({ status: 'busy' })
    record.waiting.push(wish)
    this.#advance(record)
  }

  /** Home's copy is down: every locus here has acknowledged. */
  lowered(page: number): void {
    const record = this.#pages.get(page)
    const hold = record?.holds.get(home)
    if (record === undefined || hold === undefined || hold.asked === null) return
    invariant(covers(hold.level, hold.asked), 'CH1: home goes down to what it was asked', { page })
    this.#down(record, home, hold, hold.asked)
  }

  /** A guest's copy of the grant is down to `level`. `done` when that is noted, and content is kept: also when it was known, or is about a grant that is over. */
  returned(
    machine: MachineId,
    page: number,
    number: number,
    level: PageLevel,
    bytes: Uint8Array | null,
    done: () => void,
  ): void {
    invariant(number > 0 && level !== 'write', 'CH2: a return names a grant, and is of less', {
      page,
      number,
    })
    const record = this.#pages.get(page)
    const hold = record?.holds.get(machine)
    if (record === undefined || hold === undefined || hold.number !== number) return done()
    if (covers(level, hold.level)) return done()
    if (hold.arriving !== null) {
      hold.arriving.push(() => this.returned(machine, page, number, level, bytes, done))
      return
    }
    if (hold.level !== 'write' || bytes === null) {
      this.#down(record, machine, hold, level)
      return done()
    }
    invariant(
      this.levelOf(home, page) === 'none',
      'CH1: content comes home to a page that nobody sees there',
      { page },
    )
    hold.arriving = []
    this.#hands.store(page, bytes, () => {
      const others = hold.arriving ?? []
      hold.arriving = null
      const isThere = record.holds.get(machine) === hold
      if (isThere) this.#down(record, machine, hold, level)
      done()
      for (const other of others) other()
    })
  }

  /** Whether the holder is still asked to take that grant down: if not, nothing need be repeated. */
  isAsked(holder: Holder, page: number, number: number): boolean {
    const hold = this.#pages.get(page)?.holds.get(holder)
    return hold !== undefined && hold.number === number && hold.asked !== null
  }

  /** Copies of a guest that another has overwritten. */
  stale(machine: MachineId): { readonly page: number; readonly number: number }[] {
    invariant(
      this.consistency === 'release',
      'CH3: only with release consistency is there anything stale',
      { machine },
    )
    const found: { page: number; number: number }[] = []
    for (const [page, { holds }] of this.#pages) {
      const hold = holds.get(machine)
      if (hold?.stale === true) found.push({ page, number: hold.number })
    }
    return found
  }

  /** Refuses whoever has waited for too long; answers when the next has, in milliseconds of the same clock. */
  expire(nowMs: number): number {
    let next = Infinity
    for (const record of this.#pages.values()) {
      const late = [record.active, ...record.waiting].filter(
        (wish): wish is Wish => wish !== null && wish.untilMs <= nowMs,
      )
      for (const wish of late) this.#drop(record, wish, 'unreachable')
      if (late.length > 0) this.#advance(record)
      for (const wish of [record.active, ...record.waiting])
        if (wish !== null) next = Math.min(next, wish.untilMs)
    }
    return next
  }

  /** Brings home what guests have written, and grants nothing from now on. `done` once, when it is here, unless it is thawed before. */
  gather(done: () => void): void {
    this.#frozen = true
    this.#gathered = done
    for (const record of this.#pages.values()) this.#advance(record)
    this.#lookGathered()
  }

  /** Grants go on. */
  thaw(): void {
    this.#frozen = false
    this.#gathered = null
    for (const record of this.#pages.values()) this.#advance(record)
  }

  /** The machine is gone, and what it held. Answers the pages that it could have written: they are lost until the container has gone back. */
  lost(machine: MachineId): number[] {
    const lost: number[] = []
    for (const record of this.#pages.values()) {
      const hold = record.holds.get(machine)
      if (hold?.level === 'write') {
        lost.push(record.page)
        this.#lost.add(record.page)
      }
      record.holds.delete(machine)
      for (const wish of this.#wishes(record))
        if (wish.holder === machine) this.#drop(record, wish, 'frozen')
        else if (this.#lost.has(record.page)) this.#drop(record, wish, 'frozen')
      this.#advance(record)
    }
    return lost
  }

  /** The container goes back, or is gone: all guests are nobody's, and home has everything. */
  clear(): void {
    const records = [...this.#pages.values()]
    this.#pages.clear()
    this.#lost.clear()
    this.#frozen = false
    this.#gathered = null
    for (const record of records)
      for (const wish of this.#wishes(record)) wish.answer({ status: 'frozen' })
  }

  #record(page: number): PageRecord {
    const known = this.#pages.get(page)
    if (known !== undefined) return known
    const record = new PageRecord(page)
    this.#pages.set(page, record)
    return record
  }

  /** A request that a newer one of its guest has overtaken; an older one that waits gives way to it. */
  #isVoid(record: PageRecord, wish: Wish): boolean {
    if (wish.holder === home) return false
    const hold = record.holds.get(wish.holder)
    if (hold !== undefined && hold.sequence >= wish.sequence) return true
    const rivals = this.#wishes(record).filter(({ holder }) => holder === wish.holder)
    if (rivals.some(({ sequence }) => sequence >= wish.sequence)) return true
    for (const rival of rivals) this.#drop(record, rival, 'busy')
    return false
  }

  readonly #wishes = ({ active, waiting }: PageRecord): Wish[] =>
    active === null ? [...waiting] : [active, ...waiting]

  #drop(record: PageRecord, wish: Wish, status: Refused): void {
    invariant(
      record.active === wish || record.waiting.includes(wish),
      'CH1: who is refused has waited',
      { page: record.page },
    )
    if (record.active === wish) record.active = null
    else record.waiting.splice(record.waiting.indexOf(wish), 1)
    wish.answer({ status })
  }

  #advance(record: PageRecord): void {
    if (record.active === null && !this.#frozen) record.active = record.waiting.shift() ?? null
    if (record.active !== null) this.#serve(record, record.active)
    else if (this.#frozen) this.#fetch(record)
    if (record.isHomeAlone && this.#pages.get(record.page) === record)
      this.#pages.delete(record.page)
    this.#lookGathered()
  }

  /** What the holder may keep while `wish` is granted. */
  #ceiling(wish: Wish, holder: Holder, hold: Hold): PageLevel {
    if (holder === wish.holder) return 'write'
    if (wish.access === 'read') return 'read'
    // Whoever reads may go on until it acquires; what the last writer wrote comes home.
    const keeps = this.consistency === 'release' && holder !== home && wish.holder !== home
    return keeps ? lower(hold.level, 'read') : 'none'
  }

  #serve(record: PageRecord, wish: Wish): void {
    invariant(
      record.active === wish && !this.#lost.has(record.page),
      'CH6: nothing is granted of a page that is lost',
      { page: record.page },
    )
    let ready = true
    for (const [holder, hold] of record.holds) {
      const ceiling = this.#ceiling(wish, holder, hold)
      if (holder === wish.holder) {
        // Its own copy may be on its way down for one that gave up: that has to end, or a grant and a return would cross.
        if (hold.asked !== null && holder === home) ready = false
        continue
      }
      if (covers(ceiling, hold.level)) continue
      ready = false
      this.#ask(record, holder, hold, ceiling)
    }
    if (ready) this.#grant(record, wish)
  }

  #fetch(record: PageRecord): void {
    for (const [holder, hold] of record.holds)
      if (holder !== home && hold.level === 'write') this.#ask(record, holder, hold, 'read')
  }

  #ask(record: PageRecord, holder: Holder, hold: Hold, to: PageLevel): void {
    if (hold.asked !== null && covers(to, hold.asked)) return
    invariant(covers(hold.level, to), 'CH1: who is asked has more', { page: record.page, holder })
    hold.asked = to
    this.#hands.lower(holder, record.page, hold.number, to)
  }

  #down(record: PageRecord, holder: Holder, hold: Hold, level: PageLevel): void {
    invariant(covers(hold.level, level), 'CH1: a hold comes down by returns alone', {
      page: record.page,
      holder,
    })
    hold.level = level
    if (hold.asked !== null && covers(hold.asked, level)) hold.asked = null
    else if (hold.asked !== null) this.#hands.lower(holder, record.page, hold.number, hold.asked)
    if (level === 'none') record.holds.delete(holder)
    this.#advance(record)
  }

  #grant(record: PageRecord, wish: Wish): void {
    const { page } = record
    const before = record.holds.get(wish.holder)
    const isYours = before !== undefined && !before.stale && isCopyOf(before, wish.have)
    record.active = null
    // It reads a copy that is not what it would write to: it gives that up first, and asks for all of it.
    const isOld = wish.have !== 0 && !isYours
    const content = isOld
      ? busy
      : wish.holder === home || isYours
        ? 'yours'
        : this.#hands.content(page)
    if (typeof content === 'object' && 'status' in content) wish.answer(content)
    else {
      const number = ++this.#number
      const hold = newHold(wish.access, number, wish.sequence)
      // Home needs no request for each level: alone with the page it has all of it again.
      if (wish.holder === home && (before?.level === 'write' || isAloneWith(record, home)))
        hold.level = 'write'
      if (isYours) hold.body = before.body
      record.holds.set(wish.holder, hold)
      if (wish.access === 'write') this.#overwrite(record, wish.holder)
      record.check(this.consistency === 'release')
      if (wish.holder !== home && wish.access === 'write') this.#hands.opened(page)
      wish.answer({ status: 'ok', number, level: hold.level, content })
    }
    this.#advance(record)
  }

  /** Whoever else has a copy still reads what was before. */
  #overwrite(record: PageRecord, writer: Holder): void {
    for (const [holder, hold] of record.holds) {
      if (holder === writer) continue
      invariant(this.consistency === 'release', 'CH1: a writer is alone', {
        page: record.page,
        holder,
      })
      hold.stale = true
    }
  }

  #lookGathered(): void {
    // What was lost does not come home: the container goes back, and no capture is made of it before.
    if (this.#gathered === null || this.#lost.size > 0) return
    for (const record of this.#pages.values())
      if (record.active !== null || record.writer !== null) return
    const done = this.#gathered
    this.#gathered = null
    done()
  }
}

const busy = { status: 'busy' } as const

/** The holder has what it was granted by `have`, and that is what home has: a later grant without content was lost on its way, or came. */
const isCopyOf = ({ number, body }: Hold, have: number): boolean =>
  have !== 0 && (have === number || have === body)

const isAloneWith = ({ holds }: PageRecord, holder: Holder): boolean =>
  [...holds.keys()].every((each) => each === holder)
