/**
 * transaction_stabilise: everything committed so far, recoverable. The one place that says how: a capture of the world, and its
 * wait. Whoever asks while the loci of a capture come to rest joins it, so many commits share one barrier.
 */
import type { Answer, transactionCalls } from '@katydid/abi'
import { later, run, type IncomingCall } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { requestCapture } from '../state-interval/capture.js'
import { untilRecoverable } from '../state-interval/interval-calls.js'

type Stabilise = (typeof transactionCalls)['transactionStabilise']

export function transactionStabilise(
  machine: Machine,
  call: IncomingCall<Stabilise>,
): Answer<Stabilise> | typeof later {
  requestCapture(machine, (outcome) => {
    if (outcome.status !== 'ok') return call.reply(outcome)
    run(machine.messenger, untilRecoverable(machine, outcome.capture), (answer) =>
      call.reply(answer.status === 'ok' ? { status: 'ok' } : answer),
    )
  })
  return later
}
