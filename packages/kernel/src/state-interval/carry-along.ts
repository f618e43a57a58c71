/**
 * Points far behind in the log are written again at its end when no capture does that: while what is to be captured does not come to rest, or the
 * line does not move, others go on writing, and what the kernel needs must not hold all of that. Done when a manager's root page has become
 * durable, since that is when a manager gives up log.
 *
 * A point that is copied is the same point, of its own epoch; the copy says nothing new. The line is written again behind the copies.
 */
import { actorPorts } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { emptyRecord } from './batch.js'
import type { Capture } from './capture-table.js'
import { carryLag, carryOver, farPoints, foundAgain } from './carry-over.js'
import { advanceLine, lags, lineRecord, neededAfter, rootRecord, trim } from './line.js'

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
  ...farPoints(machine).flatMap(({ heldFrom, grows }) => (grows ? [] : heldFrom)),
  ...machine.managers.all().flatMap((each) => (lags(machine, each) ? each.stable!.after : [])),
]

function* carry(machine: Machine, session: number): Script<void> {
  const { captures } = machine
  const after = machine.log.position
  const capture = copiesOf(machine, after)
  const roots = machine.managers.all().filter((each) => lags(machine, each))
  const line = lineRecord(machine, captures.line, [...captures.vector], {
    rolledBack: false,
    back: [],
  })
  const visits = capture.carried.flatMap((each) => each.visits ?? [])
  const copies = capture.carried.length === 0 ? [] : [capture.record, ...visits]
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
  foundAgain(capture)
  for (const { stable } of roots) if (stable !== null) stable.after = after
  captures.lineAfter = after
  trim(machine)
}

/** A record of nothing but copies. */
function copiesOf(machine: Machine, after: number): Capture {
  const { captures } = machine
  invariant(after <= machine.log.position, 'DK42: copies stand behind what was written', { after })
  const { epoch } = captures
  const id = captures.takeId()
  const none = { ...emptyRecord(machine, epoch), capture: id }
  const capture: Capture = { id, epoch, record: none, carried: [], durable: false, after }
  capture.record = carryOver(machine, capture, none)
  return capture
}
