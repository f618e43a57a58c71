/**
 * Names of loci that were destroyed, as long as a crash could bring their loci back. A name is for one live locus; so whoever is given such a name
 * needs the destruction to be on the line, and goes back when that is undone.
 */
import { invariant } from '@katydid/actor'

/** The container in which the locus was rooted, and the interval in which it was destroyed. */
export interface Freed {
  readonly unit: number
  readonly interval: number
}

export class FreedNames {
  readonly #freed = new Map<string, Freed>()

  /** A locus of that name was destroyed; those of which `isOver` are forgotten. */
  add(name: string, freed: Freed, isOver: (freed: Freed) => boolean): void {
    for (const [known, each] of this.#freed) if (isOver(each)) this.#freed.delete(known)
    if (name !== '') this.#freed.set(name, freed)
    invariant(!this.#freed.has(''), 'LO60: a locus without a name frees none', {})
  }

  of(name: string): Freed | null {
    return this.#freed.get(name) ?? null
  }
}
