/** From where on each owner still needs the log. The least of them is where the next scan may begin. */
import { invariant } from '@katydid/actor'

export class Trims {
  readonly #from = new Map<number, number>()

  /** `owners` (bits) need the log from `position` on, as long as they say nothing else. */
  constructor(owners: number, position: number) {
    invariant(position >= 1, 'DK10: a scan begins at a position', { position })
    for (let owner = 0; owner < 32; owner++)
      if ((owners & (1 << owner)) !== 0) this.#from.set(owner, position)
  }

  /** All owners, as bits. */
  get owners(): number {
    return [...this.#from.keys()].reduce((bits, owner) => bits | (1 << owner), 0)
  }

  /** The owner wrote at `position`: who never wrote before needs the log from there on. */
  wrote(owner: number, position: number): void {
    invariant(owner >= 0 && owner < 32, 'DK10: an owner is an actor’s port', { owner })
    if (!this.#from.has(owner)) this.#from.set(owner, position)
  }

  /** The owner needs nothing before `position`; going back changes nothing. */
  trim(owner: number, position: number): void {
    const before = this.#from.get(owner)
    if (before !== undefined && position > before) this.#from.set(owner, position)
  }

  /** The least position that anybody needs, at the most `limit`. */
  least(limit: number): number {
    return Math.min(limit, ...this.#from.values())
  }
}
