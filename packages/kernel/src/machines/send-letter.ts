/** A container sends a letter, and takes one that has come. Remote invocation stands on these: the locus is in the letter. */
import { refuse, type MachineId, type Refusal } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { foreignUnit } from './foreign-units.js'
import { Letters, mostLetters, type LetterContent, type Waiting } from './letters.js'

/** A container of another machine. */
export interface Addressee {
  readonly machine: MachineId
  readonly slot: number
  readonly generation: number
}

/**
 * The container sends this, as of now: the letter bears its open interval, and is in its log. Answers the number of the letter of this pair.
 * `unreachable`: the world has no such machine. `no_resource`: its log is full, as its receivers do not come to be on the line. `frozen`: the
 * container, or the machine, goes back.
 */
export function sendLetter(
  machine: Machine,
  container: Container,
  to: Addressee,
  content: LetterContent,
):
  | { readonly status: 'ok'; readonly sequence: number }
  | Refusal<'unreachable' | 'no_resource' | 'frozen'> {
  const { across } = machine
  if (across === null || !across.others.includes(to.machine))
    return refuse('unreachable', `this world has no other machine ${to.machine}`)
  const { slot } = container
  // What was asked before is answered also as the machine stops.
  const isAnswer = content.kind === 'answer'
  if (machine.phase !== 'open' && !(isAnswer && machine.phase === 'stopping'))
    return refuse('frozen', `machine ${across.self} is ${machine.phase}`)
  invariant(machine.containers.at(slot) === container, 'SI167: who sends is there', { slot })
  const letters = (container.letters ??= new Letters())
  // Answers are as many as there were letters, of which there is a limit.
  if (!isAnswer && letters.log.length >= mostLetters)
    return refuse(
      'no_resource',
      `${letters.log.length} letters of “${container.name}” wait to be received for good`,
    )
  const sequence = letters.send({
    unit: foreignUnit(to.machine, to.slot),
    generation: to.generation,
    interval: machine.containers.interval(slot),
    epoch: machine.containers.epoch(slot),
    content,
  })
  noteLetter(machine, container)
  return { status: 'ok', sequence }
}

/** The oldest plain letter that the container has and nobody took; nil: there is none. */
export function takeLetter(machine: Machine, container: Container): Waiting | null {
  const first = container.letters?.waiting.find(({ content }) => content.kind === 'plain')
  if (first === undefined || machine.phase !== 'open') return null
  container.letters!.take(first)
  noteLetter(machine, container)
  return first
}

/** The container is not what it was; a visit that did this cannot be run again. */
export function noteLetter(machine: Machine, { intervals, slot }: Container): void {
  invariant(!intervals.history.over, 'SI25: what has ended is not asked for', { slot })
  intervals.history.gap ??= 'letters of other machines are no inputs'
  machine.changed()
}
