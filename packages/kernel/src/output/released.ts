/**
 * What was told and cannot be undone: asked before an administrator takes a container back to an interval before the line. Everybody else
 * never goes back behind what was told.
 */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { mostRecent, type ToldLine } from './output.js'

export interface Released {
  /** How many lines of later intervals were told; at least so many, where `isCounted` is false. */
  readonly count: number
  readonly isCounted: boolean
  /** The newest of them, from old to new. */
  readonly lines: readonly ToldLine[]
}

/** Lines of the container that were told and printed in intervals after this one. */
export function releasedAfter(machine: Machine, container: Container, after: number): Released {
  const output = machine.output.find(container)
  if (output === null) return { count: 0, isCounted: true, lines: [] }
  const { recent, told } = output
  const lines = recent.filter(({ interval }) => interval > after)
  invariant(lines.length <= told, 'DV6: what was told was printed', { told, lines: lines.length })
  const isCounted = lines.length < recent.length || recent.length < mostRecent
  return { count: lines.length, isCounted, lines }
}
