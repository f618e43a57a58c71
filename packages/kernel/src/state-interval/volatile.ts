/**
 * Containers whose manager keeps nothing: it says so by answering `not_supported` to container_snapshot, once, and captures
 * leave their pages out from then on. The label of such a container stays 0, so recovery makes it empty.
 */
import { asInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'

/** The manager took no snapshot by this name because it takes none; false when it took one earlier, which is its failure. */
export function becomeVolatile(container: Container, label: number): boolean {
  const { intervals } = container
  if (intervals.recoverable !== 0 || intervals.points.size > 1) return false
  invariant(intervals.label === label, 'MG35: only the newest snapshot is refused', { label })
  intervals.points.clear()
  intervals.label = asInterval(0)
  intervals.volatile = true
  return true
}
