/** Closing a world in good order: one last capture, the gate stays shut behind it, and nothing that was done is lost. */
import { refuse, type Refusal, type Status } from '@katydid/abi'
import { invariant, until, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { CaptureOutcome } from './capture-table.js'
import { requestCapture } from './capture.js'
import { problemOf, untilRecoverable } from './interval-calls.js'
import { trim } from './line.js'
import { somethingRan } from './policy.js'

export type StopResult =
  | { readonly status: 'ok'; readonly capture: number }
  | Refusal<Exclude<Status, 'ok'>>

const mostTries = 5

/** Answers the recoverable capture in which the world stopped, or why there is none newer than the line. */
export function* stopWorld(machine: Machine): Script<StopResult> {
  if (machine.phase === 'failed') return refuse('manager_failed', machine.failure)
  let last: StopResult = refuse('frozen', 'the world did not open')
  for (let tries = 0; tries < mostTries; tries++) {
    yield* machine.waits.until(() => isSettled(machine), 60_000)
    if (machine.phase !== 'open') break
    machine.phase = 'stopping'
    last = yield* lastCapture(machine)
    invariant(
      last.status !== 'ok' || machine.captures.line >= last.capture,
      'SI20: a world stops at its line',
      { line: machine.captures.line },
    )
    if (last.status === 'ok') break
    if (machine.phase === 'stopping') machine.phase = 'open'
  }
  if (last.status === 'ok') trim(machine)
  return last
}

const isSettled = (machine: Machine): boolean =>
  (machine.phase === 'open' && machine.recoveryWanted === null) || machine.phase === 'failed'

function* lastCapture(machine: Machine): Script<StopResult> {
  const { captures } = machine
  const nothingNew =
    machine.loci.live().length === 0 && captures.rendezvous === null && !somethingRan(machine)
  if (nothingNew && captures.newer.length === 0 && captures.line === captures.epoch)
    return { status: 'ok', capture: captures.line }
  const outcome = yield* until<CaptureOutcome>((done) =>
    requestCapture(machine, done, { keepShut: true }),
  )
  if (outcome.status !== 'ok') return outcome
  return problemOf(outcome) ?? (yield* untilRecoverable(machine, outcome))
}
