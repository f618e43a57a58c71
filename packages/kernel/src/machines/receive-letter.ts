/** A letter has come: received once, in its order, after the capture that has to come before it, and never if it never was sent. */
import {
  asContainer,
  refuse,
  type Answer,
  type ArgsOf,
  type machineCalls,
  type MachineId,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { mergeInto } from '../state-interval/points.js'
import type { Across } from './across.js'
import { foreignUnit } from './foreign-units.js'
import { whyApart } from './hear.js'
import { Letters, mostLetters } from './letters.js'
import { noteLetter } from './send-letter.js'
import { letterHasCome } from '../remote/letter-has-come.js'

type Deliver = (typeof machineCalls)['machineDeliver']

/** So long a letter waits for its receiver's capture. */
const captureMs = 2_000

export function receiveLetter(
  machine: Machine,
  across: Across,
  from: MachineId,
  args: ArgsOf<Deliver>,
): Answer<Deliver> {
  const apart = whyApart(machine, across, args.recovery)
  if (apart !== null) return refuse('frozen', apart)
  const { cont, generation, sequence, senderGeneration, sent } = args
  const container = machine.containers.at(asContainer(cont))
  if (
    container === null ||
    container.selfManaged ||
    container.generation !== generation ||
    !machine.containers.isThere(container)
  )
    return isBuried(machine, cont, generation)
      ? refuse(
          'no_such_container',
          `machine ${across.self} has no container ${cont} of generation ${generation}`,
        )
      : refuse('entity_gone', `container ${cont} of machine ${across.self} was destroyed`)
  const unit = foreignUnit(from, args.sender)
  const pair = { unit, generation: senderGeneration }
  const letters = container.letters ?? new Letters()
  const next = letters.nextOf(pair)
  if (across.ends.has(unit, sent)) {
    across.orphansDropped++
    return { status: 'ok', next }
  }
  if (sequence !== next) return { status: 'ok', next }
  const why = whyNotYet(machine, across, container, `${cont} ${unit} ${sequence}`, args)
  if (why !== null) return refuse('busy', why)
  container.letters = letters
  const { content } = args
  letters.receive({
    ...pair,
    sequence,
    content: { ...content, block: content.block.slice() },
  })
  const { history } = container.intervals
  invariant(!history.over, 'SI25: what has ended is not asked for', { cont })
  mergeInto(history.owed, new Map([[unit, sent]]))
  noteLetter(machine, container)
  letterHasCome(machine, container, letters.waiting.at(-1)!)
  return { status: 'ok', next: next + 1 }
}

/** Whether a destroyed container cannot come back any more. */
const isBuried = ({ graves }: Machine, cont: number, generation: number): boolean =>
  !graves.some(({ container }) => container.slot === cont && container.generation === generation)

function whyNotYet(
  machine: Machine,
  across: Across,
  container: Container,
  name: string,
  { epoch, content }: ArgsOf<Deliver>,
): string | null {
  across.hearEpoch(epoch)
  // Its locus waits for the answer, and is captured after that only.
  if (content.kind === 'answer') return null
  if ((container.letters?.waiting.length ?? 0) >= mostLetters)
    return `${mostLetters} letters wait in “${container.name}”, and nobody takes them`
  // A mixed invocation waits for nobody.
  if (content.mixed) return null
  const nowMs = machine.clock.nowMs()
  const since = across.held.get(name) ?? nowMs
  if (machine.containers.epoch(container.slot) >= epoch || nowMs - since > captureMs) {
    across.held.delete(name)
    return null
  }
  across.held.set(name, since)
  return `“${container.name}” is to be captured for epoch ${epoch} first`
}
