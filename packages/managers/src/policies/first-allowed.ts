/** The first frames of an order that may go now. */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Candidates } from './policy.js'

export function firstAllowed(
  order: Iterable<Frame>,
  wanted: number,
  candidates: Candidates,
): Frame[] {
  invariant(wanted > 0, 'MG5: victims are chosen for a reason', { wanted })
  const victims: Frame[] = []
  for (const frame of order) {
    if (victims.length === wanted) break
    if (candidates.allows(frame)) victims.push(frame)
  }
  return victims
}
