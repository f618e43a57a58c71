/** When the kernel captures by itself: every so often, and only if something ran since the last time or what did is not on the line for want of an epoch. */
import { locusStates } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { isAuditCopy } from '../container/container.js'
import type { Machine } from '../machine.js'
import { requestCapture } from './capture.js'
import { epochsOnTheWay, needsAnother } from './on-the-way.js'

/** Epochs of which not everything is stable, before the policy holds back. */
const mostWaiting = 2

/** Takes a capture when one is due; milliseconds until the next could be. */
export function captureByPolicy(machine: Machine): number {
  const every = machine.config.snapshotEveryMs
  if (every === 0 || machine.phase !== 'open') return Infinity
  invariant(every > 0, 'SI10: captures are some time apart', { every })
  const { captures, clock } = machine
  const left = captures.takenAtMs + every - clock.nowMs()
  if (left > 0) return left
  captures.takenAtMs = clock.nowMs()
  const busy = captures.rendezvous !== null || epochsOnTheWay(machine).length >= mostWaiting
  const isDue = (): boolean => somethingRan(machine) || needsAnother(machine, captures.epoch)
  if (!busy && isDue()) requestCapture(machine, () => {})
  return every
}

/** Whether anything that a capture holds may differ from the last one. */
export function somethingRan(machine: Machine): boolean {
  const { words } = machine.region
  if (machine.changes !== machine.captures.changesSeen) return true
  const written = machine.containers
    .live()
    .some(
      (each) =>
        !each.selfManaged &&
        !isAuditCopy(each) &&
        (each.intervals.mustCapture ||
          words.load(machine.region.containerWord(each.slot, 'written')) !== 0),
    )
  return (
    written ||
    machine.loci.threads().some(({ slot, end }) => {
      if (slot === null || end !== null) return false
      const state = words.load(machine.region.locusWord(slot, 'state'))
      return state === locusStates.running || state === locusStates.quiet
    })
  )
}
