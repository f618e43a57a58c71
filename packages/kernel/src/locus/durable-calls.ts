/**
 * Durable invokes of loci, as the kernel keeps them: how many are over, which the locus's own word says, and the answer of the one
 * that is not. The answer is here before the locus rests, so every capture that has what the invoked did has the answer too; and it
 * counts only for the call after those that are over, so none is given twice.
 */
import {
  maxBlockBytes,
  refuse,
  type Answer,
  type ArgsOf,
  type entryPlan,
  type locusCalls,
  type ValueOf,
} from '@katydid/abi'
import { invariant, type IncomingCall } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { SavedAnswer } from '../state-interval/records.js'
import type { Locus } from './locus.js'

type Answered = (typeof locusCalls)['locusAnswered']

/** Durable invokes of the locus that are over; 0 of one that has ended. */
export function durableCallsOf(machine: Machine, { slot, end }: Locus): number {
  if (slot === null || end !== null) return 0
  return machine.region.words.load(machine.region.locusWord(slot, 'durableCalls'))
}

/** The answer that the locus has yet to be given; null when there is none. */
export function answerOf(machine: Machine, locus: Locus): SavedAnswer | null {
  const { answer, end } = locus
  if (answer === null || end !== null) return null
  const over = durableCallsOf(machine, locus)
  invariant(answer.number <= over + 1, 'LO96: an answer is of a call that was made', {
    number: answer.number,
    over,
  })
  return answer.number === over + 1 ? answer : null
}

/** What its thread is told of it at its start. */
export function heldFor(machine: Machine, locus: Locus): ValueOf<typeof entryPlan>['answer'] {
  const answer = answerOf(machine, locus)
  return answer === null ? null : { asked: answer.asked, block: answer.block }
}

/** locus_answered. */
export function locusAnswered(
  machine: Machine,
  { number, asked, block }: ArgsOf<Answered>,
  call: IncomingCall<Answered>,
): Answer<Answered> {
  const locus = machine.loci.speaking(call.from, call.generation)
  if (locus === null || locus.end !== null)
    return refuse('no_such_locus', `no locus runs on port ${call.from}`)
  if (block.byteLength > maxBlockBytes)
    return refuse(
      'too_large',
      `a block has at most ${maxBlockBytes} bytes, not ${block.byteLength}`,
    )
  const over = durableCallsOf(machine, locus)
  if (number !== over + 1)
    return refuse(
      'bad_argument',
      `the answer is that of durable invoke ${number}, and ${over} are over`,
    )
  invariant(locus.slot !== null, 'LO60: a live locus has a slot', { id: locus.id })
  locus.answer = { number, asked, block: Uint8Array.from(block) }
  machine.changed()
  return { status: 'ok' }
}
