/** A letter that asks for an answer is taken, and answered, in one step: no point has the one without the other. */
import { asMachine } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { machineOf, plainNumber } from '../machines/foreign-units.js'
import { contentOf, type Waiting } from '../machines/letters.js'
import { noteLetter, sendLetter } from '../machines/send-letter.js'
import type { CallEnd } from './far-calls.js'

export function answerLetter(
  machine: Machine,
  container: Container,
  letter: Waiting,
  { end, detail, block }: CallEnd,
): void {
  const { letters } = container
  invariant(letters?.waiting.includes(letter) === true, 'LO143: a letter is answered once', {
    unit: letter.unit,
    sequence: letter.sequence,
  })
  letters.take(letter)
  machine.visits.forget(letter)
  noteLetter(machine, container)
  const { unit, generation, content } = letter
  const to = { machine: asMachine(machineOf(unit)), slot: plainNumber(unit), generation }
  const answer = contentOf('answer', { call: content.call, status: end, detail, block })
  const sent = sendLetter(machine, container, to, answer)
  invariant(sent.status === 'ok', 'LO143: an answer goes the way that the letter came', {
    status: sent.status,
  })
}
