/** The clock of a visit that counts from its first look at one: `performance.now`, `process.hrtime`. And what has no time in a visit. */
import { LocusError } from '../locus-error.js'
import type { Visit } from './visit.js'

const origins = new WeakMap<Visit, number>()

/** When the visit first asked for a steady clock, in milliseconds since 1970. */
export function origin(visit: Visit): number {
  const known = origins.get(visit) ?? visit.now()
  origins.set(visit, known)
  return known
}

/** Milliseconds since then. */
export function steady(visit: Visit): number {
  const from = origin(visit)
  return visit.now() - from
}

/** What would happen after the visit is refused: nobody waits for it. */
export function refuseLater(name: string): never {
  throw new LocusError(
    'program_is_async',
    `${name} needs a later turn of the event loop, and a deterministic program is synchronous`,
  )
}
