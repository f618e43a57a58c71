/**
 * Letters of one container: blocks from it to containers of other machines, and from those to it. They are part of what the container is, and of each of
 * its points. Only data; who sends, receives and takes lies beside it.
 */
import type { letterContent, ValueOf } from '@katydid/abi'
import { invariant } from '@katydid/actor'

export type LetterContent = ValueOf<typeof letterContent>

const nothing: LetterContent = {
  kind: 'void',
  call: 0,
  group: 0,
  rights: 0,
  epoch: 0,
  mixed: false,
  status: '',
  detail: '',
  block: new Uint8Array(0),
  cap: null,
}

/** What a letter says, with what it has no use for left empty. Bytes are its own. */
export const contentOf = (
  kind: LetterContent['kind'],
  said: Partial<Omit<LetterContent, 'kind'>> = {},
): LetterContent => ({
  ...nothing,
  ...said,
  kind,
  ...(said.block === undefined ? {} : { block: said.block.slice() }),
})

/** A container of another machine, as this machine numbers it. */
export interface Correspondent {
  readonly unit: number
  readonly generation: number
}

/** A letter that was sent, with its first stamp. */
export interface Letter extends Correspondent {
  readonly sequence: number
  readonly interval: number
  readonly epoch: number
  readonly content: LetterContent
}

/** One that has come and was not taken. */
export interface Waiting extends Correspondent {
  readonly sequence: number
  readonly content: LetterContent
}

/** How far the letters of a pair have come. */
export interface Count extends Correspondent {
  readonly sequence: number
}

export interface SavedLetters {
  /** Sent, and not known to be received for good. */
  readonly log: readonly Letter[]
  /** The last one to each. */
  readonly sent: readonly Count[]
  /** The last one of each. */
  readonly received: readonly Count[]
  readonly waiting: readonly Waiting[]
}

/** So many letters may wait in a container, and so many in its log. */
export const mostLetters = 1024

export class Letters {
  log: readonly Letter[] = []
  waiting: readonly Waiting[] = []
  #sent = new Map<string, Count>()
  #received = new Map<string, Count>()

  static from({ log, sent, received, waiting }: SavedLetters): Letters {
    const letters = new Letters()
    letters.log = log
    letters.waiting = waiting
    letters.#sent = byName(sent)
    letters.#received = byName(received)
    return letters
  }

  /** As a point keeps it. */
  save(): SavedLetters {
    const { log, waiting } = this
    return { log, waiting, sent: [...this.#sent.values()], received: [...this.#received.values()] }
  }

  /** Puts a letter into the log; answers its number. */
  send(letter: Omit<Letter, 'sequence'>): number {
    const { unit, generation } = letter
    const sequence = countOf(this.#sent, letter) + 1
    this.#sent.set(nameOf(letter), { unit, generation, sequence })
    this.log = [...this.log, { ...letter, sequence }]
    return sequence
  }

  /** The number of the letter that comes next of this one. */
  nextOf(sender: Correspondent): number {
    return countOf(this.#received, sender) + 1
  }

  receive(letter: Waiting): void {
    const { unit, generation, sequence } = letter
    invariant(sequence === this.nextOf(letter), 'SI168: letters of a pair are received in order', {
      unit,
      sequence,
    })
    this.#received.set(nameOf(letter), { unit, generation, sequence })
    this.waiting = [...this.waiting, letter]
  }

  /** One that waits was taken: nobody has it any more. */
  take(letter: Waiting): void {
    const left = this.waiting.filter((each) => each !== letter)
    invariant(left.length === this.waiting.length - 1, 'SI168: a letter is taken once', {
      unit: letter.unit,
      sequence: letter.sequence,
    })
    this.waiting = left
  }

  /** What it said is not to be done any more, should it be received after all. */
  void(letter: Letter): void {
    this.log = this.log.map((each) => (each === letter ? { ...each, content: nothing } : each))
  }

  /** Whom these letters are for is gone for good: answers them. */
  drop({ unit, generation }: Correspondent): readonly Letter[] {
    const isFor = (each: Correspondent): boolean =>
      each.unit === unit && each.generation === generation
    const dropped = this.log.filter(isFor)
    this.log = this.log.filter((each) => !isFor(each))
    return dropped
  }

  /** Letters up to this one were received for good; answers whether any was in the log. */
  settle({ unit, generation, sequence }: Count): boolean {
    const last = countOf(this.#sent, { unit, generation })
    invariant(sequence <= last, 'SI169: only what was sent is received for good', {
      unit,
      sequence,
      last,
    })
    const left = this.log.filter(
      (each) => each.unit !== unit || each.generation !== generation || each.sequence > sequence,
    )
    const isLess = left.length < this.log.length
    this.log = left
    return isLess
  }
}

const nameOf = ({ unit, generation }: Correspondent): string => `${unit} ${generation}`

const countOf = (counts: ReadonlyMap<string, Count>, of: Correspondent): number =>
  counts.get(nameOf(of))?.sequence ?? 0

const byName = (counts: readonly Count[]): Map<string, Count> =>
  new Map(counts.map((each) => [nameOf(each), each]))
