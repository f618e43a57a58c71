/**
 * What the console of a simulated world has told, over all lives of its disk, and what must be true of it: each line once in a life and in
 * order, one that comes again in a later life is the same line, and nobody who is there remembers less than it has printed.
 */
import type { ConsoleLine } from '@katydid/devices'
import type { Machine } from '@katydid/kernel/machine.js'
import type { WorldModel } from './world-model.js'

/** Told lines: by `slot generation sequence`. */
export type ToldLines = ReadonlyMap<string, string>

const streamOf = ({ slot, generation }: { slot: number; generation: number }): string =>
  `${slot} ${generation}`

/** What a locus prints in its nth deed. */
export const lineOf = (name: string, locus: number, deed: bigint): string =>
  `${name} ${locus} ${deed}`

export class ToldOutput {
  readonly #earlier: ToldLines
  readonly #now = new Map<string, string>()
  /** Of each container the last sequence in this life, and in those before. */
  readonly #last = new Map<string, number>()
  readonly #before = new Map<string, number>()
  /** Lines told before an administrator went back: that is not undone, and the world need not remember it. */
  readonly #excused = new Set<string>()
  #decisions = 0

  constructor(earlier: ToldLines = new Map()) {
    this.#earlier = earlier
    for (const key of earlier.keys()) {
      const [slot, generation, sequence] = key.split(' ')
      const stream = `${slot} ${generation}`
      this.#before.set(stream, Math.max(this.#before.get(stream) ?? 0, Number(sequence)))
    }
  }

  get all(): ToldLines {
    return new Map([...this.#earlier, ...this.#now])
  }

  get count(): number {
    return this.#now.size
  }

  /** Lines are told now; what is wrong with that. */
  hear(lines: readonly ConsoleLine[]): string[] {
    const wrong: string[] = []
    for (const line of lines) {
      const { sequence, text } = line
      if (sequence === 0) continue
      const stream = streamOf(line)
      const key = `${stream} ${sequence}`
      const known = this.#earlier.get(key)
      if (sequence <= (this.#last.get(stream) ?? 0)) wrong.push(`line ${key} came late or twice`)
      if (known !== undefined && known !== text)
        wrong.push(`line ${key} was “${known}” before the kill, and is “${text}”`)
      if (known === undefined && sequence <= (this.#before.get(stream) ?? 0))
        wrong.push(`line ${key} was left out before the kill`)
      this.#last.set(stream, sequence)
      this.#now.set(key, text)
    }
    return wrong
  }

  /** The world is back at its line: loci that are there have done what they have told. */
  look(machine: Machine, model: WorldModel): string[] {
    const wrong: string[] = []
    if (machine.decisions.length > this.#decisions) {
      this.#decisions = machine.decisions.length
      for (const key of this.all.keys()) this.#excused.add(key)
    }
    for (const [key, text] of this.all) {
      if (this.#excused.has(key)) continue
      const [name, id, deed] = text.split(' ')
      const locus = machine.loci.withId(Number(id))
      const known = model.loci.get(name!)
      if (locus === null || locus.name !== name || locus.end !== null || known === undefined)
        continue
      if (known.registers[0]! <= BigInt(deed!))
        wrong.push(`${name} has told deed ${deed}, and is back at ${known.registers[0]}`)
    }
    return wrong
  }
}
