/**
 * From where on each owner still needs the log. The least of them is where the next scan may begin. Who needs nothing of what it wrote needs nothing of
 * what others write after it either, however long it is silent. Who has said that it never needs any log (`noLog`) holds none, whatever it writes.
 */
import { noLog } from '@katydid/abi'
import { invariant } from '@katydid/actor'

interface Need {
  from: number
  /** The last position at which it wrote. */
  last: number
}

export class Trims {
  readonly #needs = new Map<number, Need>()

  /** `owners` (bits) need the log from `from` on, as long as they say nothing else; what they wrote stands before `end`. */
  constructor(owners: number, from: number, end: number) {
    invariant(from >= 1 && end >= from, 'DK10: a scan begins at a position', { from, end })
    for (let owner = 0; owner < 32; owner++)
      if ((owners & (1 << owner)) !== 0) this.#needs.set(owner, { from, last: end - 1 })
  }

  /** All owners, as bits. */
  get owners(): number {
    return [...this.#needs.keys()].reduce((bits, owner) => bits | (1 << owner), 0)
  }

  /** The owner wrote at `position`: who needed nothing before needs the log from there on. */
  wrote(owner: number, position: number): void {
    invariant(owner >= 0 && owner < 32, 'DK10: an owner is an actor’s port', { owner })
    const need = this.#needs.get(owner)
    if (need?.from === noLog) need.last = position
    else if (need === undefined || need.from > need.last)
      this.#needs.set(owner, { from: position, last: position })
    else need.last = position
  }

  /** The owner needs nothing before `position`; going back changes nothing. */
  trim(owner: number, position: number): void {
    const need = this.#needs.get(owner)
    if (need === undefined) {
      if (position === noLog) this.#needs.set(owner, { from: position, last: 0 })
    } else if (position > need.from) need.from = position
  }

  /** The least position that anybody needs, at the most `limit`. */
  least(limit: number): number {
    let least = limit
    for (const { from, last } of this.#needs.values())
      if (from <= last && from < least) least = from
    return least
  }
}
