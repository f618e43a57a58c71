/** What a payer (`fixtures/remote-payer.mjs`) has printed of its payments, while whatever it needs is killed. */
import type { World } from 'katydid'

export class Payments {
  /** By their numbers, in the order in which they were told first. */
  readonly told = new Map<number, string>()
  /** Lines that were told twice, and not the same. */
  readonly problems: string[] = []

  static of(world: World): Payments {
    const payments = new Payments()
    world.on('output', ({ sequence, text }) => {
      const before = payments.told.get(sequence)
      if (before !== undefined && before !== text)
        payments.problems.push(`${sequence}: ${before}, ${text}`)
      payments.told.set(sequence, text)
    })
    return payments
  }

  /** What is wrong with so many payments, each of which was to be told once, in order; nothing if nothing is. */
  wrong(payments: number): string[] {
    const lines = [...this.told.values()]
    const expected = Array.from({ length: payments }, (_, nth) => `paid ${nth + 1}`)
    const differs = expected.findIndex((text, nth) => lines[nth] !== text)
    if (differs < 0 && lines.length === payments) return this.problems
    return [...this.problems, `line ${differs + 1} of ${lines.length} is “${lines[differs]}”`]
  }
}
