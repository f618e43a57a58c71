/**
 * Calls between machines that may be late, lost, doubled and overtaken, at the will of a seed: worse than any link. A call ends once for its
 * caller, with an answer or as unreachable; its request may be executed afterwards all the same, and more than once.
 */
import { invariant, type Random } from '@katydid/actor'

interface Letter {
  readonly what: string
  readonly open: () => void
}

interface Call {
  ended: boolean
  readonly unreachable: () => void
}

export class Bag {
  readonly #random: Random
  #letters: Letter[] = []
  #calls: Call[] = []
  /** What was done, for who looks at a failure. */
  readonly log: string[] = []

  constructor(random: Random) {
    this.#random = random
  }

  get isEmpty(): boolean {
    return this.#letters.length === 0
  }

  get under(): number {
    return this.#calls.filter(({ ended }) => !ended).length
  }

  /** `execute` is given how to answer. `ended` hears the answer, or null. */
  call<A>(
    what: string,
    execute: (answer: (given: A) => void) => void,
    ended: (given: A | null) => void,
  ): void {
    const call: Call = {
      ended: false,
      unreachable: () => {
        call.ended = true
        ended(null)
      },
    }
    this.#calls.push(call)
    const open = (): void =>
      execute((given) => {
        this.#letters.push({
          what: `answer to ${what}`,
          open: () => {
            if (call.ended) return
            call.ended = true
            ended(given)
          },
        })
      })
    this.#letters.push({ what, open })
  }

  deliver(): void {
    if (this.isEmpty) return
    const [letter] = this.#letters.splice(this.#random.below(this.#letters.length), 1)
    invariant(letter !== undefined, 'CH1: there is a letter in the bag', {})
    this.log.push(letter.what)
    letter.open()
  }

  lose(): void {
    if (this.isEmpty) return
    const [letter] = this.#letters.splice(this.#random.below(this.#letters.length), 1)
    this.log.push(`lost: ${letter!.what}`)
  }

  double(): void {
    if (this.isEmpty) return
    const letter = this.#letters[this.#random.below(this.#letters.length)]!
    this.log.push(`doubled: ${letter.what}`)
    this.#letters.push(letter)
  }

  /** A caller gives up; what it sent may still arrive. */
  giveUp(): void {
    this.#calls = this.#calls.filter(({ ended }) => !ended)
    if (this.#calls.length === 0) return
    this.log.push('a call is given up')
    this.#calls[this.#random.below(this.#calls.length)]!.unreachable()
  }

  /** What is under way between machines is gone with one of them: its callers hear so. */
  spill(): void {
    this.#letters = []
    for (const call of this.#calls.filter(({ ended }) => !ended)) call.unreachable()
  }
}
