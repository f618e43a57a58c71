/**
 * A line that waits asks for the epoch that it needs, as everybody does who waits for something to be recoverable; those who wait at the same time
 * share it. Nothing is asked for when no line waits.
 */
import { invariant, run, until, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { CaptureOutcome } from '../state-interval/capture-table.js'
import { requestCapture } from '../state-interval/capture.js'
import { settleLine } from '../state-interval/line.js'
import { needsAnother } from '../state-interval/on-the-way.js'
import { askToStabilise } from '../state-interval/stabilise.js'
import type { ContainerOutput } from './output.js'

/** An epoch is put off for so long, so that it has what is printed meanwhile. */
const gatherMs = 20
/** What did not come to the line after so long is asked for again. */
const againMs = 200

/** Asks for epochs until no line waits for one. */
export function hurryOutput(machine: Machine): void {
  const { output } = machine
  if (output.isHurrying) return
  invariant(heldOutputs(machine).length > 0, 'DV6: epochs are asked for when a line waits', {})
  output.isHurrying = true
  run(machine.messenger, hurry(machine), () => (output.isHurrying = false))
}

function* hurry(machine: Machine): Script<void> {
  const { captures } = machine
  // It goes on over rollbacks: what is still held then waits as before.
  while (machine.phase !== 'failed' && heldOutputs(machine).length > 0) {
    yield* machine.waits.until(() => false, gatherMs)
    settleLine(machine, 'output')
    if (wantsEpoch(machine)) yield* epoch(machine)
    if (heldOutputs(machine).length === 0) continue
    askToStabilise(machine)
    captures.waiting++
    yield* machine.waits.until(() => !heldOutputs(machine).some(isCaptured(machine)), againMs)
    captures.waiting--
  }
}

/** Output with lines that wait for the line; of what has stopped with its manager nothing can come there. */
function heldOutputs(machine: Machine): ContainerOutput[] {
  return machine.output.all().filter((each) => {
    const last = each.lines.at(-1)
    if (last === undefined || each.endedAfter !== null) return false
    const container = machine.containers.at(each.slot)
    if (container === null || machine.containers.hasFailed(container)) return false
    return last.interval > (container.intervals.history.base?.interval ?? 0)
  })
}

/** Whether a point that is not on the line has one of its lines. */
const isCaptured =
  (machine: Machine) =>
  ({ slot, lines }: ContainerOutput): boolean => {
    const history = machine.containers.at(slot)?.intervals.history
    const [base, newest] = [history?.base?.interval ?? 0, history?.newest?.interval ?? 0]
    return lines.some(({ interval }) => interval > base && interval <= newest)
  }

function wantsEpoch(machine: Machine): boolean {
  if (needsAnother(machine, machine.captures.epoch)) return true
  return heldOutputs(machine).some(({ slot, lines }) => {
    const newest = machine.containers.at(slot)?.intervals.history.newest?.interval ?? 0
    return (lines.at(-1)?.interval ?? 0) > newest
  })
}

const epoch = (machine: Machine): Script<CaptureOutcome> =>
  until<CaptureOutcome>((done) => requestCapture(machine, done))
