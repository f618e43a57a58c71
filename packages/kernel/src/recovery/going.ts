/**
 * Who goes back with what was lost, and to which of its points: the least that can be (`least-rollback.ts`), of what stands in the
 * machine. A point can be had when its record and its image are on the disk: then a manager that starts again has it too. A logged one can
 * be had when that is so of the point that its visits are run on: what came in, this process knows.
 */
import { asContainer, locusStates, type ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Locus } from '../locus/locus.js'
import { rootOf } from '../logged/chain.js'
import { isDemoted } from '../logged/level.js'
import type { Machine } from '../machine.js'
import { isEndOf, type UnitPoint } from '../state-interval/history.js'
import { isStable } from '../state-interval/line.js'
import type { Point } from '../state-interval/line/line.js'
import { mergeInto } from '../state-interval/points.js'
import { receivedSince } from '../state-interval/received.js'
import { unitsOf, type Unit } from '../state-interval/units.js'
import { leastRollback, type Back, type UnitState } from './least-rollback.js'

/** Units that go back, to which of their points, and what drags each. */
export type Going = ReadonlyMap<number, Back>

export function goingWith(machine: Machine, lost: Iterable<number>): Going {
  invariant(machine.phase !== 'booting', 'SI30: a part goes back of what is there', {})
  const gone = new Set(lost)
  // First what was received, then by whom it was sent: whatever is received meanwhile is looked at again.
  return leastRollback(statesOf(machine, gone))
}

/** What can be had of all units; of those that are lost, not their present. `canEnd`: also that it has ended. */
export const statesOf = (
  machine: Machine,
  lost: ReadonlySet<number>,
  canEnd = false,
): UnitState[] =>
  unitsOf(machine).map((each) => stateOf(machine, each, lost.has(each.unit), canEnd))

/** The points of the unit that can be had, from the one on the line on, and what it has received since. */
function stateOf(
  machine: Machine,
  { unit, history }: Unit,
  isLost: boolean,
  canEnd: boolean,
): UnitState {
  const { base, newer } = history
  const points: Point[] = base === null ? [] : [pointOf(unit, base, new Map())]
  let received = new Map<number, number>()
  for (const point of newer) {
    mergeInto(received, point.dependencies)
    const isEnd = canEnd && isEndOf(unit, point) && isStable(machine, unit, point)
    if (!isEnd && !canBeHad(machine, unit, point)) continue
    points.push(pointOf(unit, point, received))
    received = new Map()
  }
  if (isLost) return { unit, points, present: null }
  mergeInto(received, receivedSince(machine, unit, history).most)
  return { unit, points, present: received }
}

const pointOf = (
  unit: number,
  { interval }: UnitPoint,
  dependencies: ReadonlyMap<number, number>,
): Point => ({ unit, interval, dependencies })

/** Of what has ended there is nothing to go back to; of a manager that was given up, only what was announced is relied on. */
export function canBeHad(machine: Machine, unit: number, point: UnitPoint): boolean {
  if (isEndOf(unit, point)) return false
  const container = machine.containers.at(unit)
  if (point.logged !== null && container !== null && isDemoted(machine, container)) return false
  const manager = container?.manager ?? null
  return !machine.managers.isGivenUp(manager) && sourceOf(machine, unit, point) !== null
}

/**
 * The captured point on whose image this one can be had: its own, or one that differs from that by visits only; null when no such image is
 * on the disk.
 */
export function sourceOf(machine: Machine, unit: number, point: UnitPoint): UnitPoint | null {
  invariant(point.interval > 0, 'SI104: only a point is had from an image', { unit })
  let root: UnitPoint | null = rootOf(point)
  while (root !== null && !isStable(machine, unit, root))
    root = root.equals === null ? null : rootOf(root.equals)
  return root
}

/** Loci whose threads are rooted in a container that goes back, stand in one, or have a transaction open on one. */
export function lociIn(machine: Machine, going: Going): Locus[] {
  const { words } = machine.region
  const busy = transactingOn(machine, going)
  return machine.loci.threads().filter((each) => {
    // What runs on the pages of a guest that is over ends too: nobody may use its frames.
    if (each.visitor?.borrowed?.guest.state === 'over') return true
    if (going.has(each.container) || busy.has(each.id)) return true
    return (
      each.slot !== null && going.has(words.load(machine.region.locusWord(each.slot, 'container')))
    )
  })
}

/** Loci that have a transaction open on one of them. */
const transactingOn = (machine: Machine, going: Going): Set<number> =>
  new Set(
    machine.overlays
      .all()
      .filter(({ transaction, below }) => transaction !== 0 && going.has(below.slot))
      .map(({ locus }) => locus),
  )

/** Whether a locus is on its way into one of them at this moment. Who waits outside is not. */
export function someoneComes(machine: Machine, going: Going): boolean {
  const { words } = machine.region
  const inside = transactingOn(machine, going)
  return machine.loci.threads().some(({ slot, id }) => {
    if (slot === null || inside.has(id)) return false
    const word = (field: 'awaits' | 'state' | 'container'): number =>
      words.load(machine.region.locusWord(slot, field))
    const to = word('awaits') - 1
    return going.has(to) && word('container') !== to && word('state') === locusStates.running
  })
}

/** The slots among the units. */
export const slotsOf = (machine: Machine, going: Going): ContainerSlot[] =>
  [...going.keys()]
    .filter((unit) => unit < machine.region.plan.shape.maxContainers)
    .map((unit) => asContainer(unit))
