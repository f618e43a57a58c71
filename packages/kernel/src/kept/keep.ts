/**
 * Keeping a line: when the line has all of another epoch, what it was is written as one record, and managers are told which snapshots
 * belong to it. The line record that follows names it; without that it was never kept. At most as many as the world retains stay.
 */
import { actorPorts } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { stillUntaken, untakenOn } from '../output/untaken.js'
import { withTold } from '../output/with-told.js'
import { emptyRecord } from '../state-interval/batch.js'
import type { Outcome } from '../state-interval/durable-log.js'
import { rootOf } from '../logged/chain.js'
import { isEndOf, type UnitPoint } from '../state-interval/history.js'
import type {
  KeptRecord,
  KeptVisits,
  SavedContainer,
  SavedSemaphore,
} from '../state-interval/records.js'
import { semaphoreUnit, unitsOf } from '../state-interval/units.js'
import { keptLine, type KeptLine } from './kept-lines.js'
import { releaseOldest } from './release-oldest.js'
import { keepsSnapshots, tellKept } from './tell-kept.js'
import { inputsTo, mostVisitBytes, visitBytes } from './visits.js'

/** A record this many groups behind the log's end is written again, so that the log can be trimmed. */
const keptLag = 64

/** More lines are not kept: each is a record of all of the world, written again now and then, and a snapshot in each history. */
const mostLines = 20

/** A line that is about to be announced. */
export interface LineToCome {
  readonly epoch: number
  /** Units that are further on than before, and where. */
  readonly units: readonly { readonly unit: { readonly unit: number }; readonly to: UnitPoint }[]
}

/**
 * Writes what is kept of the line to come, and again what has fallen behind. Never fails the world: a line that the disk has no room
 * for is not kept, and the oldest kept one is given up.
 */
export function* keepLine(machine: Machine, advance: LineToCome): Script<void> {
  const { session } = machine
  yield* carryKept(machine)
  const count = Math.min(mostLines, machine.config.keepLines ?? 0)
  if (count === 0 || machine.session !== session) return
  const due = isDue(machine, advance)
  // Asked for once is tried once, however it comes out.
  if (machine.keepFrom <= advance.epoch) machine.keepFrom = 0
  if (!due) return
  const kept = makeKept(machine, advance)
  if (kept === null || hasTooMany(machine, kept)) return
  const written = yield* write(machine, kept)
  if (machine.session !== session) return
  if (written.status !== 'ok') {
    releaseOldest(machine, `line ${advance.epoch} is not kept: ${written.detail}`)
    return
  }
  machine.kept.add(kept)
  tellKept(machine)
  machine.kept.keepNewest(count)
}

/** Somebody wants the line of this epoch, or the first that comes after it, to be kept. */
export function askToKeep(machine: Machine, epoch: number): void {
  const newest = machine.kept.all.at(-1)?.record.line ?? 0
  if ((machine.config.keepLines ?? 0) > 0 && newest < epoch) machine.keepFrom = epoch
}

/** Whether the line has all of another epoch, and is wanted: somebody asked for it, or the last one that was kept is old enough. */
function isDue(
  { kept, captures, config, keepFrom, date }: Machine,
  { epoch }: LineToCome,
): boolean {
  const newest = kept.all.at(-1)?.record
  if ((newest?.line ?? 0) >= epoch) return false
  if (keepFrom > 0 && epoch >= keepFrom) return true
  return (
    epoch > captures.line &&
    Math.abs(date() - (newest?.keptMs ?? -Infinity)) >= (config.keepEveryMs ?? 0)
  )
}

/** Whether so much came into logged containers since they were captured that the line is not kept; that is said. */
function hasTooMany(machine: Machine, { record }: KeptLine): boolean {
  const bytes = visitBytes(record)
  if (bytes <= mostVisitBytes) return false
  const { kept } = machine
  if (!kept.isTooMuchTold) {
    const text = `line ${record.line} is not kept: the visits on it that no snapshot holds have ${bytes} bytes, and ${mostVisitBytes} is the most`
    machine.report({ kind: 'log', port: actorPorts.kernel, text })
  }
  kept.isTooMuchTold = true
  return true
}

/** What has fallen far behind the log's end is written again at it: the further, the more there is to be written. */
function* carryKept(machine: Machine): Script<void> {
  const { session } = machine
  const lag = keptLag + 2 * machine.kept.all.reduce((sum, { parts }) => sum + parts, 0)
  for (const kept of machine.kept.all) {
    if (kept.isLeaving || machine.log.position - kept.after <= lag) continue
    const again = {
      ...kept,
      record: writtenAgain(machine, kept.record),
      after: machine.log.position,
    }
    const written = yield* write(machine, again)
    if (machine.session !== session) return
    if (written.status === 'ok') kept.after = again.after
    else {
      releaseOldest(machine, `kept lines cannot be carried on: ${written.detail}`)
      return
    }
  }
}

function* write(machine: Machine, { record }: KeptLine): Script<Outcome> {
  const written = yield* machine.log.write([record])
  // After a refusal by the device itself the disk takes nothing more.
  if (written.status === 'io_error') machine.fail(written.status, written.detail)
  return written
}

/** A record has a number of its own each time it is written, and all that has to be known of its containers. */
const writtenAgain = (machine: Machine, record: KeptRecord): KeptRecord => ({
  ...record,
  session: machine.session,
  number: machine.captures.takeLineNumber(),
  state: {
    ...record.state,
    containers: record.state.containers.map((each) => withTold(machine, each)),
  },
  ...(record.untaken === undefined ? {} : { untaken: stillUntaken(machine, record.untaken) }),
})

/** The units as they are on the line to come; nil when there is nothing, or a manager keeps one snapshot of each container only. */
function makeKept(machine: Machine, { epoch, units }: LineToCome): KeptLine | null {
  const moved = new Map(units.map(({ unit, to }) => [unit.unit, to]))
  const containers: SavedContainer[] = []
  const semaphores: SavedSemaphore[] = []
  const visits: KeptVisits[] = []
  for (const { unit, history } of unitsOf(machine)) {
    const point = moved.get(unit) ?? history.base
    if (point === null) continue
    const { interval, capture } = rootOf(point)
    const { record } = capture
    const now = { epoch: Math.max(point.epoch, epoch), dependencies: [] }
    const container = record.containers.find(
      (each) => each.slot === unit && each.interval === interval,
    )
    const semaphore = record.semaphores.find(
      (each) => semaphoreUnit(machine, each.id) === unit && each.interval === interval,
    )
    // What shows an opened snapshot ends with whoever opened it.
    if (container !== undefined && container.snapshotOf?.kind !== 'open')
      containers.push({ ...withTold(machine, container), ...now })
    const inputs = inputsTo(point)
    if (inputs.length > 0) visits.push({ unit, inputs })
    if (semaphore !== undefined) semaphores.push({ ...semaphore, ...now })
  }
  // Of an empty world there is nothing to go back to.
  if (containers.length === 0) return null
  if (containers.some((each) => each.label > 0 && !keepsSnapshots(machine, each.manager)))
    return null
  const state = { ...emptyRecord(machine, epoch), containers, semaphores }
  invariant(state.ended.length === 0, 'SI70: what is kept is there', { epoch })
  const ending = units.flatMap(({ unit: { unit }, to }) =>
    isEndOf(unit, to) ? (machine.containers.at(unit) ?? []) : [],
  )
  const untaken = untakenOn(machine, ending)
  const record: KeptRecord = {
    kind: 'kept_line',
    session: machine.session,
    number: machine.captures.takeLineNumber(),
    line: epoch,
    keptMs: machine.date(),
    over: [...machine.captures.over],
    state,
    ...(visits.length === 0 ? {} : { visits }),
    ...(untaken.length === 0 ? {} : { untaken }),
  }
  return keptLine(record, machine.log.position)
}
