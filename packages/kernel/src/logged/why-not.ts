/**
 * Why a visit that has just ended cannot be a point. A replay begins with what the container was when it was captured and runs visits
 * only; so nothing else may have happened to it since: no locus of its own, no change of what the kernel keeps of it, no page shared.
 */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { dependentsOf, reachableFrom } from '../container/supplier.js'
import type { Machine } from '../machine.js'
import { hasGrants } from '../state-interval/grants.js'
import type { UnitPoint } from '../state-interval/history.js'
import { isAsNoted } from '../state-interval/idle.js'
import { rootOf } from './chain.js'

/** A sentence, or nil when the visit can be run again after the points there are. */
export function whyNot(machine: Machine, container: Container, newest: UnitPoint): string | null {
  const { intervals, slot, name } = container
  invariant(!container.selfManaged, 'SI102: a manager’s own container has no visits', { slot })
  if (intervals.history.gap !== null) return intervals.history.gap
  if (intervals.volatile) return `the manager of “${name}” keeps no snapshots`
  const own = machine.loci.all().find((each) => each.container === slot && each.slot !== null)
  if (own !== undefined || hasGrants(machine, slot)) return `a locus lives in “${name}”`
  if (sharesPages(machine, container)) return `“${name}” shares pages with another container`
  if (hasPrinted(machine, container, newest)) return `“${name}” has printed since it was captured`
  return isAsNoted(machine, container, rootOf(newest))
    ? null
    : `capabilities, the program or something else of “${name}” that is no page has changed since it was captured`
}

/** Whether it is mapped into another, or another into it: what comes through a mapping is in no record of a visit. */
const sharesPages = (machine: Machine, container: Container): boolean =>
  [...reachableFrom(machine, container), ...dependentsOf(machine, container)].some(
    (each) => each !== container,
  )

/** A line belongs to the point that was captured with it; a visit that is run again would print it once more. */
function hasPrinted(machine: Machine, { slot, generation }: Container, newest: UnitPoint): boolean {
  const { interval, capture } = rootOf(newest)
  const saved = capture.record.containers.find(
    (each) => each.slot === slot && each.generation === generation && each.interval === interval,
  )
  const next = machine.output
    .all()
    .find((each) => each.slot === slot && each.generation === generation)?.next
  return (next ?? 1) !== (saved?.output?.next ?? 1)
}
