/** DV: the console's driver: each line is given on once, in order, and counts as told when somebody has taken it. */
import { asInterval } from '@katydid/abi'
import { ConsoleCore, type ConsoleLine } from '@katydid/devices'
import test from 'ava'
import * as fc from 'fast-check'

class Watched {
  nowMs = 0
  readonly given: (readonly [number, string])[] = []
  readonly answers: number[][] = []
  readonly core = new ConsoleCore({ nowMs: () => this.nowMs }, (first, lines) => {
    for (const [nth, { text }] of lines.entries()) this.given.push([first && first + nth, text])
  })

  write(...lines: ConsoleLine[]): void {
    this.core.write(lines, (told) => this.answers.push([...told]))
  }
}

const line = (slot: number, sequence: number): ConsoleLine => ({
  container: `c${slot}`,
  slot,
  generation: 1,
  incarnation: 1,
  interval: asInterval(5),
  sequence,
  locus: 'l',
  text: `${slot}.${sequence}`,
})

test('[DV8] a write is answered with the places of the lines that were taken, and what is written again is given on once', (t) => {
  const watched = new Watched()

  watched.write(line(1, 1), line(2, 7), line(1, 2))
  const none = [...watched.answers]
  watched.core.taken(2)
  watched.write(line(1, 2), line(1, 3))
  watched.core.taken(4)

  t.deepEqual(none, [])
  t.deepEqual(watched.answers, [
    [0, 1],
    [0, 1],
  ])
  t.deepEqual(watched.given, [
    [1, '1.1'],
    [2, '2.7'],
    [3, '1.2'],
    [4, '1.3'],
  ])
})

test('[DV8] where nobody takes anything a write is answered after five seconds with nothing, and the lines still count when they are taken', (t) => {
  const watched = new Watched()
  watched.write(line(1, 1))

  const left = watched.core.turn()
  watched.nowMs = 5_000
  watched.core.turn()
  watched.core.taken(1)
  watched.write(line(1, 1))

  t.is(left, 5_000)
  t.deepEqual(watched.answers, [[], [0]])
  t.is(watched.given.length, 1)
})

test('[DV8] a volatile line goes on at once, with the number 0, whatever waits', (t) => {
  const watched = new Watched()
  watched.write(line(1, 1))

  watched.core.show({ ...line(1, 0), text: 'now' })

  t.deepEqual(watched.given, [
    [1, '1.1'],
    [0, 'now'],
  ])
})

test('[DV8] however writes, repetitions and takings follow one another, each line of a container is given on once and in order', (t) => {
  const step = fc.oneof(
    fc.record({ slot: fc.integer({ min: 1, max: 3 }), more: fc.integer({ min: 0, max: 4 }) }),
    fc.record({ taken: fc.double({ min: 0, max: 1, noNaN: true }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const watched = new Watched()
      const [printed, told] = [new Map<number, number>(), new Map<number, number>()]
      let written: readonly ConsoleLine[] = []
      const write = (): void => {
        written = [1, 2, 3].flatMap((slot) => {
          const from = told.get(slot) ?? 0
          const count = (printed.get(slot) ?? 0) - from
          return Array.from({ length: count }, (_, i) => line(slot, from + i + 1))
        })
        if (written.length === 0) return
        const lines = written
        watched.core.write(lines, (places) => {
          for (const place of places) {
            const { slot, sequence } = lines[place]!
            told.set(slot, Math.max(told.get(slot) ?? 0, sequence))
          }
        })
      }
      for (const each of steps)
        if ('slot' in each) {
          printed.set(each.slot, (printed.get(each.slot) ?? 0) + each.more)
          write()
        } else watched.core.taken(Math.floor(each.taken * watched.given.length))
      watched.core.taken(watched.given.length)
      write()
      watched.core.taken(watched.given.length)

      for (const [slot, count] of printed) {
        const given = watched.given.filter(([, text]) => text.startsWith(`${slot}.`))
        t.deepEqual(
          given.map(([, text]) => text),
          Array.from({ length: count }, (_, i) => `${slot}.${i + 1}`),
        )
        t.is(told.get(slot) ?? 0, count)
      }
    }),
    { numRuns: 300, seed: 11 },
  )
  t.pass()
})
