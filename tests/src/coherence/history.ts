/**
 * A recorded history of loads and stores, and whether memory could have answered like that. Knows nothing of pages, machines or directories.
 *
 * A history is what each thread did, in its order, with what it read. Every store of a location stores another value, so that a load says which
 * store it saw; 0 is what was there before all. *Sequentially consistent*: there is one order of all operations that keeps each thread's own,
 * in which every load reads the last store before it. *Coherent*: there is one for each location by itself.
 */
export interface Operation {
  readonly kind: 'load' | 'store' | 'add'
  readonly location: string
  /** What a load read, a store stored, or an add found. */
  readonly value: number
  /** What an add left. */
  readonly left?: number
}

export type History = readonly (readonly Operation[])[]

/** What the history leaves where it stops, and what each location holds: the same again need not be tried again. */
const keyOf = (at: readonly number[], memory: ReadonlyMap<string, number>): string =>
  `${at.join()}|${[...memory].sort(([a], [b]) => (a < b ? -1 : 1)).join(';')}`

/** Whether one order of all operations explains what was read. */
export function isSequential(history: History): boolean {
  const tried = new Set<string>()
  const search = (at: number[], memory: Map<string, number>): boolean => {
    readAhead(history, at, memory)
    if (history.every((thread, i) => at[i] === thread.length)) return true
    const key = keyOf(at, memory)
    if (tried.has(key)) return false
    tried.add(key)
    return history.some((thread, i) => {
      const next = thread[at[i]!]
      if (next === undefined || next.kind === 'load') return false
      if (next.kind === 'add' && (memory.get(next.location) ?? 0) !== next.value) return false
      const after = new Map(memory).set(next.location, next.left ?? next.value)
      return search(at.with(i, at[i]! + 1), after)
    })
  }
  return search(
    history.map(() => 0),
    new Map(),
  )
}

/** A load that reads what is there now may as well be made now: it changes nothing for anybody. */
function readAhead(history: History, at: number[], memory: ReadonlyMap<string, number>): void {
  for (const [i, thread] of history.entries())
    for (;;) {
      const next = thread[at[i]!]
      if (next?.kind !== 'load' || (memory.get(next.location) ?? 0) !== next.value) break
      at[i]!++
    }
}

/** Locations at which what was read cannot be explained, each taken by itself. */
export function incoherent(history: History): string[] {
  const locations = new Set(history.flatMap((thread) => thread.map(({ location }) => location)))
  return [...locations].filter(
    (each) =>
      !isSequential(history.map((thread) => thread.filter(({ location }) => location === each))),
  )
}
