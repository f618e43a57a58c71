/**
 * An administrator takes the world back to a kept line. It is a recovery like any other, but that the points are not chosen: they are
 * those of the line. From the record on that says so, whatever is newer never happened.
 */
import { managerUpcalls } from '@katydid/abi'
import { all, ask, invariant, type Script } from '@katydid/actor'
import { reclaim } from '@katydid/memory'
import type { Container } from '../container/container.js'
import { dropSlices } from '../container/slices.js'
import { withChain } from '../logged/chain.js'
import type { Machine } from '../machine.js'
import { mayComeBack } from '../output/may-come-back.js'
import { toldRecord } from '../output/release.js'
import { takeUpUntaken } from '../output/untaken.js'
import { answerMs, type Choice } from '../recovery/choose.js'
import { pointsAfter, pointsIn, type KnownPoint } from '../recovery/known-points.js'
import { stateOf } from '../recovery/log-reader.js'
import type { OutputRecord } from '../state-interval/records.js'
import type { KeptLine } from './kept-lines.js'
import { leaveUnkept } from './tell-kept.js'
import { visitsOf } from './visits.js'

/** So many decisions are on record. */
const remembered = 16

/** The points of the line, instead of those that a recovery would choose. */
export function choiceOf(machine: Machine, kept: KeptLine): Choice {
  const { record, after } = kept
  const { line: epoch } = record
  const state = stateOf(record, machine.session)
  const capture = { id: state.capture, epoch, record: state, carried: [], durable: true, after }
  const captured = pointsIn(capture, machine.region.plan.shape.maxContainers)
  const points = captured.map(
    (point) => pointsAfter(point, visitsOf(record, point.unit)).at(-1) ?? point,
  )
  invariant(points.length > 0, 'SI72: a line that is gone back to has something on it', { epoch })
  return { points, epoch, damage: null, backTo: kept }
}

/** Before the record of it: what the kernel knew of the present gives way to what it knew then. */
export function takeUp(machine: Machine, kept: KeptLine, points: readonly KnownPoint[]): void {
  const { captures, session } = machine
  const { line, over, state } = kept.record
  invariant(machine.kept.offered(line).includes(kept), 'SI72: what is gone back to is kept', {
    line,
  })
  const decision = { from: captures.line, to: line, atMs: machine.date(), session }
  machine.decisions = [...machine.decisions, decision].slice(-remembered)
  captures.over = new Map(over)
  captures.ends = over.map(([unit]) => ({ unit, epoch: line }))
  machine.kept.leave(({ record }) => record.line > line)
  // Another attempt goes on with these.
  machine.bootPoints = points.flatMap(withChain)
  machine.bootLoci = state.loci
  machine.bootGroups = state.groups
  // What was ended since is there again.
  machine.destroyedLoci.clear()
}

/**
 * How far output was told is kept whatever is gone back to, also of a container that only an older kept line brings back: numbers of lines that
 * were told, or are with the console and may be, are not used again. A container that is gone prints no more; what one has printed that
 * comes back has no end. Lines that waited to be told on the kept line, of one that had ended by then, wait again.
 */
export function keepTold(
  machine: Machine,
  { record, after }: KeptLine,
  points: readonly KnownPoint[],
): OutputRecord | null {
  for (const output of machine.output.all()) {
    output.endedAfter = null
    const stays = points.some(
      ({ container }) =>
        container?.slot === output.slot && container.generation === output.generation,
    )
    output.isOver = !stays
    if (!stays && !mayComeBack(machine, output)) machine.output.forget(output)
  }
  takeUpUntaken(machine, record.untaken ?? [], after)
  const given = machine.output.all().filter((each) => each.given > 0)
  return given.length === 0 ? null : toldRecord(machine, new Set(given))
}

/** Behind the record: containers that were not on the line are gone, also those that have the slot of one that was. */
export function* partWith(machine: Machine, points: readonly KnownPoint[]): Script<void> {
  invariant(machine.lost === 'world', 'SI72: all of the world goes back to a kept line', {})
  machine.kept.arrive()
  machine.kept.settle(machine.kept.names)
  // What its manager said of it meanwhile counts from now on.
  leaveUnkept(machine)
  const keyOf = (manager: number | null, token: number): string => `${manager} ${token}`
  const staying = new Set(
    points.flatMap(({ container }) =>
      container === null ? [] : [keyOf(container.manager, container.token)],
    ),
  )
  const gone = machine.containers
    .all()
    .filter((each) => !each.selfManaged && !staying.has(keyOf(each.manager, each.token)))
  yield* all(
    machine.messenger,
    gone.flatMap((each) => toldOf(machine, each)),
  )
  for (const container of gone) {
    if (machine.containers.at(container.slot) !== container) continue
    machine.containers.halt(container)
    reclaim.pageTable(machine.region, container.slot)
    dropSlices(machine, container)
    machine.containers.remove(container)
  }
}

/** Its manager lets go of its pages before the slot is another's. */
function toldOf(machine: Machine, { manager, token }: Container): Script<unknown>[] {
  if (manager === null || machine.managers.at(manager)?.state !== 'running') return []
  const args = { cont: token }
  return [ask(machine.messenger, manager, managerUpcalls.containerDestroyed, args, answerMs)]
}
