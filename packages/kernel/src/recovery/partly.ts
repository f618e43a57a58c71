/**
 * A recovery of a part: what was lost and all that depends on it goes back to the line, and everybody else runs on. Nobody comes into
 * a container that goes back, its loci are seen to end, and only then is it looked once more who has received of it.
 */
import { locusPort } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { killDead } from '../capability/group-calls.js'
import type { Machine } from '../machine.js'
import { releaseOverlays } from '../transaction/release.js'
import { closeGates, openGates } from '../state-interval/gate.js'
import { groupsOf } from '../state-interval/home.js'
import { historyOf, semaphoreUnit, unitsOf } from '../state-interval/units.js'
import { clearMemory, forgetContainers, forgetLoci } from './clear.js'
import { goingWith, lociIn, slotsOf, someoneComes, type Going } from './going.js'
import { pointsIn, type KnownPoint } from './known-points.js'
import { outputGoesBack } from './output-back.js'
import type { Moved } from './moved.js'
import type { Problem } from './problem.js'
import {
  heldBy,
  restoreContainers,
  restoreLoci,
  restoreSemaphore,
  type HeldLocus,
} from './restore.js'

const stopMs = 10_000
const quietMs = 60_000

/** What has to be known of the units that go back until they are there. */
export interface Departure {
  readonly going: Going
  readonly points: readonly KnownPoint[]
  readonly moved: readonly Moved[]
}

/** Has everything in the units that go back stand still for good; null when a thread does not end in time. */
export function* depart(machine: Machine, reason: string): Script<Departure | null> {
  invariant(machine.lost !== 'world', 'SI30: the world does not go back in part', {})
  const { captures } = machine
  const settled = (): boolean => captures.rendezvous === null && machine.rootWrites === 0
  if (!(yield* machine.waits.until(settled, quietMs))) return null
  let lost = new Set(machine.lost)
  for (;;) {
    const going = goingWith(machine, lost)
    machine.going = going
    closeGates(machine, slotsOf(machine, going))
    if (!(yield* machine.waits.until(() => !someoneComes(machine, going), stopMs))) return null
    const loci = lociIn(machine, going)
    // A tree stands or falls together: a locus that stands in what goes back has lost its root too.
    const roots = loci.map(({ container }) => Number(container))
    lost = new Set([...lost, ...roots.filter((root) => !going.has(root))])
    if (loci.length === 0 && goingWith(machine, lost).size === going.size)
      return { going, points: pointsOf(machine, going), moved: movesOf(machine, going, reason) }
    for (const { slot, generation } of loci)
      if (slot !== null)
        machine.order({ order: 'stop_locus', port: locusPort(slot), generation, reason })
    const gone = (): boolean => loci.every((each) => each.slot === null)
    if (!(yield* machine.waits.until(gone, stopMs))) return null
  }
}

/** Their points on the line; those that never had one are as they were made: there is nothing of them. */
function pointsOf(machine: Machine, going: Going): KnownPoint[] {
  const { maxContainers } = machine.region.plan.shape
  return [...going.keys()].flatMap((unit) => {
    const base = historyOf(machine, unit)?.base ?? null
    if (base === null) return []
    const found = pointsIn(base.capture, maxContainers).find(
      (each) => each.unit === unit && each.interval === base.interval,
    )
    invariant(found !== undefined, 'SI29: a point on the line stands in its record', { unit })
    return [{ ...found, epoch: base.epoch }]
  })
}

function movesOf(machine: Machine, going: Going, reason: string): Moved[] {
  const nameOf = (unit: number): string =>
    machine.containers.at(unit)?.name ?? `semaphore unit ${unit}`
  return slotsOf(machine, going).map((slot) => {
    const because = going.get(slot) ?? null
    return {
      container: nameOf(slot),
      slot,
      cause: because,
      from: machine.containers.interval(slot),
      to: historyOf(machine, slot)?.base?.interval ?? 0,
      because:
        because === null
          ? reason
          : `it had received interval ${because.interval} of “${nameOf(because.unit)}”, which is lost`,
    }
  })
}

/** Takes back what they had in memory, and what dead managers had; false when a transfer does not end in time. */
export function* clearGoing(machine: Machine, { going }: Departure): Script<boolean> {
  invariant(lociIn(machine, going).length === 0, 'SI30: what goes back stands still', {})
  releaseOverlays(machine, ({ below }) => going.has(below.slot))
  const dead = new Set(
    machine.managers.all().flatMap(({ port, state }) => (state === 'running' ? [] : [port])),
  )
  // Destroyed ones too, also when their manager died as it was told: their pages lie in its frames.
  const live = new Set(machine.containers.live())
  const gone = new Set(
    machine.containers
      .all()
      .filter((each) => !live.has(each) && each.manager !== null && dead.has(each.manager))
      .map(({ slot }) => Number(slot)),
  )
  return yield* clearMemory(machine, (slot) => going.has(slot) || gone.has(slot))
}

/** Puts them back to their points; what went wrong, or nil. */
export function* arrive(machine: Machine, departure: Departure): Script<Problem | null> {
  const { going, points } = departure
  const slots = slotsOf(machine, going)
  invariant(
    points.every(({ unit }) => going.has(unit)),
    'SI30: only what goes back is restored',
    { points: points.length },
  )
  machine.graves = machine.graves.filter(({ container }) => !going.has(container.slot))
  forgetPoints(machine, going)
  const kept = machine.groups.all().filter((each) => !isOf(machine, going, each.id))
  const saved = points.flatMap(({ container, semaphore }) => [
    ...(container?.groups ?? []),
    ...(semaphore?.groups ?? []),
  ])
  machine.groups.restore([...kept, ...saved], machine.groups.next)
  const containers = points.flatMap(({ container }) => container ?? [])
  forgetContainers(machine, containers, (slot) => going.has(slot))
  const problem = yield* restoreContainers(machine, points)
  if (problem !== null) return problem
  outputGoesBack(machine, points, (slot) => going.has(slot))
  const held = heldBy(points)
  restoreCounts(machine, departure, held)
  const before = forgetLoci(
    machine,
    held.map((each) => each.saved),
    ({ container }) => going.has(container),
  )
  restoreLoci(machine, held, before)
  killDead(machine)
  machine.restored = { points, loci: held.map((each) => each.saved) }
  const { captures } = machine
  captures.newer = captures.newer.filter((each) =>
    unitsOf(machine).some(({ history }) => history.newer.some(({ capture }) => capture === each)),
  )
  openGates(
    machine,
    slots.flatMap((slot) => machine.containers.at(slot) ?? []),
  )
  return null
}

/** What was newer than the line never happened. */
function forgetPoints(machine: Machine, going: Going): void {
  for (const unit of going.keys()) {
    const history = historyOf(machine, unit)
    invariant(history?.over !== true, 'SI30: what has ended does not go back', { unit })
    if (history !== null) history.newer = []
  }
}

function isOf(machine: Machine, going: Going, group: number): boolean {
  for (const unit of going.keys())
    if (groupsOf(machine, unit).some(({ id }) => id === group)) return true
  return false
}

/** Semaphores that go back, and what others had given to loci that have not received it. */
function restoreCounts(
  machine: Machine,
  { going, points }: Departure,
  held: readonly HeldLocus[],
): void {
  const waits = new Map(held.map(({ saved: { id, wait } }) => [id, wait]))
  for (const semaphore of machine.semaphores.known()) {
    const unit = semaphoreUnit(machine, semaphore.id)
    if (going.has(unit)) {
      const point = points.find((each) => each.unit === unit)
      restoreSemaphore(machine, semaphore, point ?? null, waits)
    } else
      for (const locus of machine.loci.all())
        if (going.has(locus.container))
          machine.semaphores.takeBack(semaphore, locus.id, waits.get(locus.id) ?? 0)
  }
}
