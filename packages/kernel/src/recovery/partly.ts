/**
 * A recovery of a part: what was lost goes back to the newest of its points that can be, with those that no choice of points lets stay, and
 * everybody else runs on. Nobody comes into a container that goes back, its loci are seen to end, and only then is it looked once more who
 * has received of it.
 */
import { locusPort, type ContainerSlot } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { killDead } from '../capability/group-calls.js'
import { isAuditCopy, type Container, type IntervalRecord } from '../container/container.js'
import { rootOf } from '../logged/chain.js'
import { noteLogged, replayAll } from '../logged/replay.js'
import type { Machine } from '../machine.js'
import { releaseOverlays } from '../transaction/release.js'
import { closeGates, openGates } from '../state-interval/gate.js'
import { groupsOf } from '../state-interval/home.js'
import { forgetRecords } from '../state-interval/line.js'
import { historyOf, semaphoreUnit } from '../state-interval/units.js'
import { clearMemory, forgetContainers, forgetLoci } from './clear.js'
import { goingWith, lociIn, slotsOf, someoneComes, sourceOf, type Going } from './going.js'
import type { Because } from './least-rollback.js'
import { knownPointOf, type KnownPoint } from './known-points.js'
import type { Moved } from './moved.js'
import { outputGoesBack } from './output-back.js'
import type { Problem } from './problem.js'
import { stabiliseFirst } from './stabilise-first.js'
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
  readonly moved: readonly Moved[]
}

/** Has everything in the units that go back stand still for good; null when a thread does not end in time. */
export function* depart(machine: Machine, reason: string): Script<Departure | null> {
  invariant(machine.lost !== 'world', 'SI30: the world does not go back in part', {})
  const { captures } = machine
  const isQuiet = (): boolean => captures.rendezvous === null && machine.rootWrites === 0
  if (!(yield* machine.waits.until(isQuiet, quietMs))) return null
  let lost = new Set(machine.lost)
  const reasons = new Map<number, Pick<Moved, 'because' | 'cause'>>()
  let shut = yield* stabiliseFirst(machine, lost, reason)
  for (;;) {
    const going = goingWith(machine, lost)
    openGates(
      machine,
      containersAt(
        machine,
        shut.filter((slot) => !going.has(slot)),
      ),
    )
    shut = []
    for (const [unit, { because }] of going)
      if (!reasons.has(unit))
        reasons.set(unit, { cause: because, because: sentenceOf(machine, because, reason) })
    machine.going = going
    closeGates(machine, slotsOf(machine, going))
    if (!(yield* machine.waits.until(() => !someoneComes(machine, going), stopMs))) return null
    const loci = lociIn(machine, going)
    // A tree stands or falls together: a locus that stands in what goes back has lost its root too.
    const roots = loci.map(({ container }) => Number(container)).filter((root) => root >= 0)
    for (const root of roots)
      if (!reasons.has(root))
        reasons.set(root, {
          cause: null,
          because: `a locus of its own stood in what goes back: ${reason}`,
        })
    // Nobody's present state is left of those either that were found to go back: their loci are being ended.
    lost = new Set([...lost, ...going.keys(), ...roots])
    // Once more, as those who run on have done so since; nothing is in what goes back, so nothing of that is heard any more.
    const settled = goingWith(machine, lost)
    if (loci.length === 0 && settled.size === going.size) {
      machine.going = settled
      const because = (unit: number): Pick<Moved, 'because' | 'cause'> =>
        reasons.get(unit) ?? { cause: null, because: reason }
      return { going: settled, moved: movesOf(machine, settled, because) }
    }
    machine.going = new Map([...lost].map((unit) => [unit, null]))
    for (const { slot, generation } of loci)
      if (slot !== null)
        machine.order({ order: 'stop_locus', port: locusPort(slot), generation, reason })
    const gone = (): boolean => loci.every((each) => each.slot === null)
    if (!(yield* machine.waits.until(gone, stopMs))) return null
  }
}

const containersAt = (machine: Machine, slots: readonly ContainerSlot[]): Container[] =>
  slots.flatMap((slot) => machine.containers.at(slot) ?? [])

/** The points that they go back to; those for which there is none are as they were made: there is nothing of them. */
function pointsOf(machine: Machine, going: Going): KnownPoint[] {
  const { maxContainers } = machine.region.plan.shape
  return [...going].flatMap(([unit, { to }]) => {
    const history = historyOf(machine, unit)
    const point = history?.at(to) ?? null
    if (point === null) return []
    const found = knownPointOf(unit, point, maxContainers)
    invariant(found !== null, 'SI29: a point stands in its record', { unit })
    return [found]
  })
}

export function movesOf(
  machine: Machine,
  going: Going,
  because: (unit: number) => Pick<Moved, 'because' | 'cause'>,
): Moved[] {
  const known = slotsOf(machine, going).filter((slot) => {
    const container = machine.containers.at(slot)
    return container === null || !isAuditCopy(container)
  })
  return known.map((slot) => ({
    container: nameOf(machine, slot),
    slot,
    from: machine.containers.interval(slot),
    to: going.get(slot)?.to ?? 0,
    ...because(slot),
  }))
}

const nameOf = (machine: Machine, unit: number): string =>
  machine.containers.at(unit)?.name ?? `semaphore unit ${unit}`

const sentenceOf = (machine: Machine, because: Because | null, reason: string): string =>
  because === null
    ? reason
    : `it had received interval ${because.interval} of “${nameOf(machine, because.unit)}”, which is lost`

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

/** Puts them back to their points; what went wrong, or nil. A sentence: what some were to do again differed, and they wait. */
export function* arrive(machine: Machine, departure: Departure): Script<Problem | string | null> {
  const { going } = departure
  const { vector } = machine.captures
  const slots = slotsOf(machine, going)
  machine.graves = machine.graves.filter(({ container }) => !going.has(container.slot))
  const histories = goBack(machine, going)
  const points = pointsOf(machine, going)
  const kept = machine.groups.all().filter((each) => !isOf(machine, going, each.id))
  const saved = points.flatMap(({ container, semaphore }) => [
    ...(container?.groups ?? []),
    ...(semaphore?.groups ?? []),
  ])
  machine.groups.restore([...kept, ...saved], machine.groups.next)
  const containers = points.flatMap(({ container }) => container ?? [])
  forgetContainers(machine, containers, (slot) => going.has(slot))
  const problem = yield* restoreContainers(machine, points, histories)
  if (problem !== null) return problem
  outputGoesBack(machine, points, (slot) => going.has(slot))
  const held = heldBy(points, ({ unit, interval }) => interval <= (vector.get(unit) ?? 0))
  restoreCounts(machine, going, points, held)
  const before = forgetLoci(
    machine,
    held.map((each) => each.saved),
    ({ container }) => going.has(container),
  )
  restoreLoci(machine, held, before)
  killDead(machine)
  machine.restored = { points, loci: held.map((each) => each.saved) }
  const differing = yield* replayAll(machine, points)
  if (differing !== null) return differing
  noteLogged(machine, points)
  forgetRecords(machine)
  openGates(machine, containersAt(machine, slots))
  return null
}

/** What was newer than the points that they go back to never happened. What is known of their earlier points and images stays. */
function goBack(machine: Machine, going: Going): Map<number, IntervalRecord> {
  const records = new Map<number, IntervalRecord>()
  for (const [unit, { to }] of going) {
    const history = historyOf(machine, unit)
    invariant(history?.over !== true, 'SI30: what has ended does not go back', { unit })
    const point = history?.at(to) ?? null
    const source = point === null ? null : sourceOf(machine, unit, point)
    // Of a root that is there nothing has to be run in another way than it is linked.
    const isOwn = source === null || point === null || source === rootOf(point)
    history?.goBack(to, isOwn ? null : source)
    if (!isOwn) machine.inputs.note(machine.clock.nowMs(), 0)
    const container = machine.containers.at(unit)
    if (container !== null) records.set(unit, container.intervals)
  }
  return records
}

function isOf(machine: Machine, going: Going, group: number): boolean {
  for (const unit of going.keys())
    if (groupsOf(machine, unit).some(({ id }) => id === group)) return true
  return false
}

/** Semaphores that go back, and what others had given to loci that have not received it. */
function restoreCounts(
  machine: Machine,
  going: Going,
  points: readonly KnownPoint[],
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
