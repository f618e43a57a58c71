/** Which snapshots are wanted while the line is held, by manager and container. */
import { invariant } from '@katydid/actor'
import type { IntervalRecord } from '../container/container.js'
import type { KeptSnapshot } from '../kept/kept-lines.js'
import { rootOf } from '../logged/chain.js'
import type { Machine } from '../machine.js'

/** Snapshots newer than the line that some failure can want, and those of the line: of containers of which some were given up. */
export function wantedSnapshots(machine: Machine): KeptSnapshot[] {
  const found: KeptSnapshot[] = []
  for (const { manager, token, selfManaged, intervals } of machine.containers.all()) {
    const { recoverable, superseded, history } = intervals
    if (selfManaged || manager === null || history.over || superseded <= recoverable) continue
    const labels = new Set([Number(recoverable), ...imagesOf(intervals)])
    invariant(superseded <= intervals.label, 'SI192: what supersedes was taken', { superseded })
    for (const label of labels)
      if (label > 0 && label <= superseded) found.push({ manager, token, label })
  }
  return found
}

/** In short, to see whether it is the same. */
export const nameOf = (snapshots: readonly KeptSnapshot[]): string =>
  snapshots.map(({ manager, token, label }) => `${manager} ${token} ${label}`).join()

/** The snapshots that its points need. */
export const imagesOf = ({ history: { base, newer } }: IntervalRecord): number[] =>
  (base === null ? newer : [base, ...newer]).map((each) => rootOf(each).image)
