/**
 * Snapshots of points that were given up while the line lags. Managers hear of them in two calls: which snapshots are wanted
 * (`snapshots_kept`, with those of kept lines), and up to which one the others need not be kept (`snapshot_supersedes`).
 */
import { asInterval, managerNotices, type StateInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { keepsSnapshots, tellKept } from '../kept/tell-kept.js'
import type { Machine } from '../machine.js'
import { imagesOf, nameOf, wantedSnapshots } from './wanted.js'

/** Points were given up: managers may give up their snapshots. */
export function supersede(machine: Machine): void {
  const found = machine.containers.all().flatMap((container) => {
    const newest = newestIn(container)
    if (newest <= container.intervals.superseded || !forgetImages(container, newest)) return []
    container.intervals.superseded = newest
    return [container]
  })
  if (found.length === 0) return
  // First what is wanted: then nothing of that is given up with the rest.
  tellKept(machine)
  for (const { manager, token, intervals } of found) {
    if (manager === null || !keepsSnapshots(machine, manager)) continue
    const args = { cont: token, stateInterval: intervals.superseded }
    machine.messenger.call(manager, managerNotices.snapshotSupersedes, args, () => {
      // Refused: the manager keeps all of them until the line moves.
    })
  }
}

/** The line has moved, or the world has gone back: managers hear it when what they were told is wanted is so no longer. */
export function noteWanted(machine: Machine): void {
  if (nameOf(wantedSnapshots(machine)) !== machine.wantedTold) tellKept(machine)
}

/** The newest snapshot that the engine has a point of; 0: there is none. */
function newestIn({ intervals }: Container): StateInterval {
  const { newer } = intervals.history
  const stable = newer.findLast(({ fed, image }) => fed && image > 0)
  return asInterval(stable?.image ?? 0)
}

/** What is known of snapshots of which no point is left is forgotten; false when there are none. */
function forgetImages({ intervals }: Container, newest: StateInterval): boolean {
  const wanted = new Set(imagesOf(intervals))
  const { points } = intervals
  const needless = [...points.keys()].filter((label) => label < newest && !wanted.has(label))
  for (const label of needless) {
    invariant(label > intervals.recoverable, 'SI11: the snapshot on the line stays', { label })
    points.delete(label)
  }
  return needless.length > 0
}
