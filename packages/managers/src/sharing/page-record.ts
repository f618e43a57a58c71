/**
 * One page of a shared container as its directory knows it: who holds it, at which level, and who waits for it.
 *
 * A page without a record is home's alone. Home is a holder like any other, under number 0. A hold is what was granted and not returned: its
 * holder may have less (the grant was lost on the way), and never more.
 */
import type { MachineId, PageLevel, Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'

/** A machine that may have a copy; `home` is the one whose manager keeps the directory. */
export type Holder = MachineId | typeof home
export const home = 0

export interface Hold {
  level: PageLevel
  /** Of the grant that gave it; home's is 0 at first. */
  number: number
  /** Of the request that was granted. */
  sequence: number
  /** The grant that last brought content: the holder has that, or what it made of it. */
  body: number
  /** What it was asked to come down to; null: it was not asked. */
  asked: PageLevel | null
  /** With release consistency: another has written since. */
  stale: boolean
  /** Returns of it whose content is being taken in. */
  arriving: (() => void)[] | null
}

/** What somebody is given. Content is taken from home's memory or disk by whoever hands it on. */
export interface Grant {
  readonly status: 'ok'
  readonly number: number
  readonly level: PageLevel
  readonly content: 'yours' | 'zeros' | Uint8Array
}

export type Refused = Exclude<Status, 'ok'>

/** A request that waits, or is being served. */
export interface Wish {
  readonly holder: Holder
  readonly access: 'read' | 'write'
  readonly sequence: number
  /** The grant whose copy the holder reads; 0 none. */
  readonly have: number
  /** Refused as unreachable from then on. */
  readonly untilMs: number
  answer(given: Grant | { readonly status: Refused }): void
}

export class PageRecord {
  readonly page: number
  readonly holds = new Map<Holder, Hold>()
  readonly waiting: Wish[] = []
  active: Wish | null = null

  constructor(page: number) {
    this.page = page
    this.holds.set(home, newHold('write', 0, 0))
  }

  /** Nobody but home has to do with the page: the record can go. */
  get isHomeAlone(): boolean {
    if (this.active !== null || this.waiting.length > 0 || this.holds.size !== 1) return false
    const { level, asked } = this.holds.get(home) ?? { level: 'none', asked: null }
    return level === 'write' && asked === null
  }

  /** The guest that may be writing, if there is one. */
  get writer(): MachineId | null {
    for (const [holder, { level }] of this.holds)
      if (holder !== home && level === 'write') return holder
    return null
  }

  /** One writer, or readers: of all that is promised the first. `relaxed`: readers may have what is stale. */
  check(relaxed: boolean): void {
    const holds = [...this.holds.values()].filter(({ stale }) => !relaxed || !stale)
    const writers = holds.filter(({ level }) => level === 'write').length
    const readers = holds.filter(({ level }) => level === 'read').length
    invariant(
      writers === 0 || (writers === 1 && readers === 0),
      'CH1: a page has one writer or many readers',
      { page: this.page, writers, readers },
    )
  }
}

export const newHold = (level: PageLevel, number: number, sequence: number): Hold => ({
  level,
  number,
  sequence,
  body: number,
  asked: null,
  stale: false,
  arriving: null,
})
