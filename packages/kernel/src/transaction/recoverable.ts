/**
 * transaction_stabilise: everything committed so far, recoverable. The one place that says how: an epoch, and the wait until all of
 * it is on the line. Whoever asks before anything of an epoch is cut joins it, so many commits share one barrier.
 */
import type { Answer, transactionCalls } from '@katydid/abi'
import { later, run, type IncomingCall } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { requestCapture } from '../state-interval/capture.js'
import { problemOf, untilRecoverable } from '../state-interval/interval-calls.js'

type Stabilise = (typeof transactionCalls)['transactionStabilise']

export function transactionStabilise(
  machine: Machine,
  call: IncomingCall<Stabilise>,
): Answer<Stabilise> | typeof later {
  requestCapture(machine, (outcome) => {
    if (outcome.status !== 'ok') return call.reply(outcome)
    const problem = problemOf(outcome)
    if (problem !== null) return call.reply(problem)
    run(machine.messenger, untilRecoverable(machine, outcome), (answer) =>
      call.reply(answer.status === 'ok' ? { status: 'ok' } : answer),
    )
  })
  return later
}
