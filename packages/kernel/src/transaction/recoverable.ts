/**
 * transaction_stabilise: everything committed so far, recoverable. The one place that says how: an epoch, and the wait until all of
 * it is on the line. Whoever asks before anything of an epoch is cut joins it, so many commits share one barrier.
 *
 * A container may have received something of another that was captured in the epoch before it: then the epoch after has both. It is
 * asked for soon, as somebody waits.
 */
import { refuse, type Answer, type transactionCalls } from '@katydid/abi'
import { invariant, later, run, type IncomingCall, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { CaptureOutcome } from '../state-interval/capture-table.js'
import { requestCapture } from '../state-interval/capture.js'
import { problemOf } from '../state-interval/interval-calls.js'
import { askToStabilise } from '../state-interval/stabilise.js'

type Stabilise = (typeof transactionCalls)['transactionStabilise']

/** After so long another epoch is asked for. */
const againMs = 200
/** What is not recoverable after this long is not waited for. */
const durableMs = 55_000

export function transactionStabilise(
  machine: Machine,
  call: IncomingCall<Stabilise>,
): Answer<Stabilise> | typeof later {
  run(machine.messenger, stabilise(machine), call.reply.bind(call))
  return later
}

function* stabilise(machine: Machine): Script<Answer<Stabilise>> {
  const { captures, session, clock } = machine
  const giveUpMs = clock.nowMs() + durableMs
  const outcome = yield* epoch(machine)
  if (outcome.status !== 'ok') return outcome
  const problem = problemOf(outcome)
  if (problem !== null) return problem
  invariant(outcome.epoch > 0, 'SI25: an epoch has a number', { epoch: outcome.epoch })
  const isThere = (): boolean => captures.line >= outcome.epoch
  const isOver = (): boolean =>
    isThere() ||
    outcome.failed !== null ||
    machine.session !== session ||
    machine.phase === 'failed'
  for (;;) {
    askToStabilise(machine)
    yield* machine.waits.until(isOver, againMs)
    if (isThere()) return { status: 'ok' }
    if (outcome.failed !== null) return refuse('io_error', outcome.failed)
    if (machine.session !== session)
      return refuse('frozen', 'the world went back to its line before that')
    if (machine.phase === 'failed' || clock.nowMs() > giveUpMs)
      return refuse('manager_failed', 'a manager did not make its snapshot stable in time')
    yield* epoch(machine)
  }
}

/** An epoch, once everything of it is captured. */
function* epoch(machine: Machine): Script<CaptureOutcome> {
  const taken: CaptureOutcome[] = []
  requestCapture(machine, (outcome) => taken.push(outcome))
  yield* machine.waits.until(() => taken.length > 0, durableMs)
  return taken[0] ?? refuse('busy', 'an epoch was not over in time')
}
