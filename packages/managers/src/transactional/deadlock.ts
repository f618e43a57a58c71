/** Deadlocks: circles in the graph of who waits for whom. A circle comes into being when somebody begins to wait, so it leads through that one. */
import { invariant } from '@katydid/actor'

/** A circle that leads through `start`, as those on it in their order; null when there is none. */
export function circleThrough<Owner>(
  start: Owner,
  waitsFor: (owner: Owner) => readonly Owner[],
): Owner[] | null {
  const seen = new Set<Owner>()
  const path: Owner[] = []
  const leadsBack = (owner: Owner): boolean => {
    path.push(owner)
    for (const next of waitsFor(owner)) {
      if (next === start) return true
      if (seen.has(next)) continue
      seen.add(next)
      if (leadsBack(next)) return true
    }
    path.pop()
    return false
  }
  return leadsBack(start) ? path : null
}

/** Who of a circle gives way: the youngest. */
export function youngest<Owner extends { readonly age: number }>(circle: readonly Owner[]): Owner {
  const [first] = circle
  invariant(first !== undefined, 'TX5: a circle has somebody on it', {})
  return circle.reduce((young, each) => (each.age > young.age ? each : young), first)
}
