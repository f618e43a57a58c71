/** CH: the checker of histories, against every interleaving of small programs, and against what cannot be. */
import test from 'ava'
import { assert, array, constantFrom, integer, property, record } from 'fast-check'
import { historyOf, litmusNames, relaxed } from './litmus.js'
import { incoherent, isSequential, type History, type Operation } from './history.js'

/** All interleavings, one by one: the definition itself. */
function isExplained(history: History, memory: ReadonlyMap<string, number> = new Map()): boolean {
  if (history.every((thread) => thread.length === 0)) return true
  return history.some((thread, i) => {
    const next = thread[0]
    if (next === undefined) return false
    const here = memory.get(next.location) ?? 0
    if (next.kind !== 'store' && next.value !== here) return false
    const after = new Map(memory)
    if (next.kind !== 'load') after.set(next.location, next.left ?? next.value)
    return isExplained(history.with(i, thread.slice(1)), after)
  })
}

const operation = record({
  thread: integer({ min: 0, max: 2 }),
  kind: constantFrom('load', 'store', 'add'),
  location: constantFrom('x', 'y'),
  /** Which store a load says it saw, of those there are. */
  pick: integer({ min: 0, max: 5 }),
})

/** A history whose loads read anything at all: most have no explanation, many have. */
function anyHistory(
  drawn: readonly {
    thread: number
    kind: 'load' | 'store' | 'add'
    location: string
    pick: number
  }[],
): History {
  const threads: Operation[][] = [[], [], []]
  const stored = (location: string): number[] => [
    0,
    ...drawn.flatMap((each, i) =>
      each.kind !== 'load' && each.location === location ? [i + 1] : [],
    ),
  ]
  for (const [i, { thread, kind, location, pick }] of drawn.entries()) {
    const values = stored(location)
    const value = values[pick % values.length]!
    threads[thread]!.push(
      kind === 'load'
        ? { kind, location, value }
        : kind === 'store'
          ? { kind, location, value: i + 1 }
          : { kind, location, value, left: i + 1 },
    )
  }
  return threads
}

test('[CH30] the checker finds a history sequentially consistent exactly when some interleaving explains it', (t) => {
  let explained = 0
  let not = 0
  assert(
    property(array(operation, { maxLength: 8 }), (drawn) => {
      const history = anyHistory(drawn)
      const expected = isExplained(history)
      if (expected) explained++
      else not++
      return isSequential(history) === expected
    }),
    { numRuns: 3000 },
  )

  t.true(explained > 200 && not > 200)
})

test('[CH30] the outcome that names a litmus test is no sequentially consistent one, and only that of coherence is incoherent', (t) => {
  for (const name of litmusNames) {
    const history = historyOf(name, relaxed[name])

    t.false(isSequential(history), name)
    t.deepEqual(incoherent(history), name === 'coherence' ? ['x'] : [], name)
  }
})
