/**
 * What containers have printed and nobody has been told yet, and how far each has been told. Only data; who prints, releases and notes lies
 * beside it.
 *
 * Lines of a container are numbered rising, and no number is ever used twice for lines that could both be told. A line belongs to the
 * interval that was open as it was printed; it is part of every point of its container until it was told.
 */
import { invariant } from '@katydid/actor'

/** A line that waits to be told. */
export interface HeldLine {
  readonly sequence: number
  readonly interval: number
  readonly incarnation: number
  readonly locus: string
  readonly text: string
}

/** A line that was told, its beginning. */
export interface ToldLine {
  readonly sequence: number
  readonly interval: number
  readonly text: string
}

/** The output of a container, as its points and the records of what was told have it. */
export interface SavedOutput {
  readonly slot: number
  readonly generation: number
  readonly container: string
  /** The sequence of the next line. */
  readonly next: number
  /** The last line that was told. */
  readonly told: number
  /** Lines that were not. */
  readonly lines: readonly HeldLine[]
  /** The newest of those that were. */
  readonly recent: readonly ToldLine[]
}

/** So many lines of a container may wait, and so many bytes. */
export const mostHeldLines = 1_000
export const mostHeldBytes = 256 * 1024
/** Told lines that are remembered of a container, and how much of each. */
export const mostRecent = 32
const recentCharacters = 120

export class ContainerOutput {
  readonly slot: number
  readonly generation: number
  readonly container: string
  next = 1
  told = 0
  /** The last line that the console has been given: it may have been told. */
  given = 0
  lines: HeldLine[] = []
  recent: ToldLine[] = []
  /** Its container is no more, and all its lines may be told; its record lies behind this log position. Null: it is. */
  endedAfter: number | null = null
  /** Its container is no more and all was told; it is here for the numbers that were, as a kept line may bring the container back. */
  isOver = false
  #bytes = 0

  constructor(slot: number, generation: number, container: string) {
    this.slot = slot
    this.generation = generation
    this.container = container
  }

  /** Whether a line of so many bytes is one too many. */
  isFullFor(bytes: number): boolean {
    return this.lines.length >= mostHeldLines || this.#bytes + bytes > mostHeldBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A line more; answers its sequence. */
  add(line: Omit<HeldLine, 'sequence'>): number {
    const sequence = this.next++
    const last = this.lines.at(-1)
    invariant(last === undefined || last.interval <= line.interval, 'DV2: lines come in order', {
      interval: line.interval,
      last: last?.interval ?? 0,
    })
    this.lines.push({ ...line, sequence })
    this.#bytes += bytesOf(line)
    return sequence
  }

  /** Lines up to this one were told. */
  markTold(sequence: number): void {
    invariant(sequence < this.next, 'DV2: only what was printed is told', { sequence })
    const told = this.lines.filter((each) => each.sequence <= sequence)
    this.lines = this.lines.slice(told.length)
    this.told = Math.max(this.told, sequence)
    for (const line of told) {
      this.#bytes -= bytesOf(line)
      const text = line.text.slice(0, recentCharacters)
      this.recent.push({ sequence: line.sequence, interval: line.interval, text })
    }
    this.recent = this.recent.slice(-mostRecent)
  }

  /** As it was at a point: later lines never were. What was told stays told, and its numbers are not used again. */
  goBack(saved: SavedOutput | null): void {
    this.isOver = false
    this.lines = (saved?.lines ?? []).filter((each) => each.sequence > this.told)
    invariant(
      this.lines.every(
        ({ sequence }, nth) => nth === 0 || sequence > this.lines[nth - 1]!.sequence,
      ),
      'DV2: lines come in order',
      { slot: this.slot },
    )
    this.#bytes = this.lines.reduce((sum, each) => sum + bytesOf(each), 0)
    this.next = Math.max(saved?.next ?? 1, this.told + 1, this.given + 1)
  }

  save(): SavedOutput {
    const { slot, generation, container, next, told, lines, recent } = this
    return { slot, generation, container, next, told, lines: [...lines], recent: [...recent] }
  }
}

const bytesOf = ({ text }: { readonly text: string }): number => Buffer.byteLength(text)
