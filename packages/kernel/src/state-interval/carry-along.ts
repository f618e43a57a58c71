/**
 * Points far behind in the log are written again at its end when no capture does that: while what is to be captured does not come to rest, or the
 * line does not move, others go on writing, and what the kernel needs must not hold all of that. Done when a manager's root page has become
 * durable, since that is when a manager gives up log.
 *
 * A point that is copied is the same point, of its own epoch; the copy says nothing new. The line is written again behind the copies.
 */
import { actorPorts } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import { isLogged } from '../logged/level.js'
import type { Machine } from '../machine.js'
import { withTold } from '../output/with-told.js'
import { carryLag, emptyRecord } from './batch.js'
import type { Capture } from './capture-table.js'
import type { UnitPoint } from './history.js'
import { advanceLine, lags, lineRecord, neededAfter, rootRecord, trim } from './line.js'
import type { CaptureRecord } from './records.js'
import { semaphoreUnit, unitsOf, type Unit } from './units.js'

/** Begins it, if anything is to be done and no announcement does it. */
export function carryAlong(machine: Machine): void {
  const { captures, log, phase, session } = machine
  if (phase !== 'open' && phase !== 'stopping') return
  const needed = neededAfter(machine)
  invariant(needed <= log.position, 'DK42: what is needed was written', { needed })
  if (captures.announcing || log.position - needed <= carryLag) return
  // What holds the log may be nothing that can be written again: each try would cost a full disk a block.
  if (!holders(machine).includes(needed)) return
  // Two line records must not overtake each other.
  captures.announcing = true
  run(machine.messenger, carry(machine, session), () => {
    captures.announcing = false
    advanceLine(machine)
  })
}

/** Behind which positions stands what can be written again. */
const holders = (machine: Machine): number[] => [
  machine.captures.lineAfter,
  ...unitsOf(machine).flatMap((each) => laggingOf(machine, each)?.capture.after ?? []),
  ...machine.managers.all().flatMap((each) => (lags(machine, each) ? each.stable!.after : [])),
]

function* carry(machine: Machine, session: number): Script<void> {
  const { captures } = machine
  const after = machine.log.position
  const { capture, points } = copiesOf(machine, after)
  const roots = machine.managers.all().filter((each) => lags(machine, each))
  const line = lineRecord(machine, captures.line, [...captures.vector], {
    rolledBack: false,
    back: [],
  })
  const copies = points.length === 0 ? [] : [capture.record]
  // A recovery waits for it: what it voids must not be written behind its record.
  machine.rootWrites++
  const written = yield* machine.log.write([
    ...copies,
    ...roots.map((each) => rootRecord(machine, each)),
    line,
  ])
  machine.rootWrites--
  const { status, detail } = written
  if (status === 'io_error') machine.fail(status, detail)
  if (status !== 'ok' || machine.session !== session) {
    // Tried again with the next root page; until then the log is kept.
    if (status !== 'ok')
      machine.report({ kind: 'log', port: actorPorts.kernel, text: `the log is kept: ${detail}` })
    return
  }
  invariant(machine.log.position > after, 'DK40: copies stand at the end of the log', { after })
  capture.durable = true
  for (const point of points) point.capture = capture
  for (const { stable } of roots) if (stable !== null) stable.after = after
  captures.lineAfter = after
  trim(machine)
}

/** A record with a copy of each unit's oldest point that stands far behind. */
function copiesOf(
  machine: Machine,
  after: number,
): { readonly capture: Capture; readonly points: readonly UnitPoint[] } {
  const { captures } = machine
  const { epoch } = captures
  const id = captures.takeId()
  const [containers, semaphores, ended] = [
    [] as CaptureRecord['containers'][number][],
    [] as CaptureRecord['semaphores'][number][],
    [] as CaptureRecord['ended'][number][],
  ]
  const points: UnitPoint[] = []
  invariant(after <= machine.log.position, 'DK42: copies stand behind what was written', { after })
  for (const each of unitsOf(machine)) {
    const point = laggingOf(machine, each)
    if (point === null) continue
    const { unit } = each
    const from = point.capture.record
    const container = from.containers.find(({ slot }) => slot === unit)
    const semaphore = from.semaphores.find(({ id: its }) => semaphoreUnit(machine, its) === unit)
    const end = from.ended.find((its) => its.unit === unit)
    if (container !== undefined) containers.push(withTold(machine, container))
    if (semaphore !== undefined) semaphores.push(semaphore)
    if (end !== undefined) ended.push(end)
    points.push(point)
  }
  const whole = emptyRecord(machine, epoch)
  const record = { ...whole, capture: id, containers, semaphores, ended }
  return { capture: { id, epoch, record, carried: [], durable: false, after }, points }
}

/** Of the unit's points the one that stands farthest behind, if that is far, and its record durable. */
function laggingOf(machine: Machine, { unit, history: { base, newer } }: Unit): UnitPoint | null {
  const its = machine.containers.at(unit)
  // What came into it stands behind its record: it is captured anew instead.
  if (its !== null && isLogged(machine, its)) return null
  const isFar = ({ capture, logged }: UnitPoint): boolean =>
    capture.durable && logged === null && machine.log.position - capture.after > carryLag
  const far = [base, ...newer].filter((each) => each !== null).filter(isFar)
  return far.toSorted((a, b) => a.capture.after - b.capture.after)[0] ?? null
}
