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
    return refuse(
      'no_such_container',
      `machine ${across.self} has no container ${cont} of generation ${generation}`,
    )
  const unit = foreignUnit(from, args.sender)
  const pair = { unit, generation: senderGeneration }
  const letters = container.letters ?? new Letters()
  const next = letters.nextOf(pair)
  if (across.ends.has(unit, sent)) {
    across.orphansDropped++
    return { status: 'ok', next }
  }
  if (sequence !== next) return { status: 'ok', next }
  const why = whyNotYet(machine, across, container, `${cont} ${unit} ${sequence}`, args.epoch)
  if (why !== null) return refuse('busy', why)
  container.letters = letters
  letters.receive({ ...pair, sequence, block: args.block.slice() })
  const { history } = container.intervals
  invariant(!history.over, 'SI25: what has ended is not asked for', { cont })
  mergeInto(history.owed, new Map([[unit, sent]]))
  noteLetter(machine, container)
  return { status: 'ok', next: next + 1 }
}

function whyNotYet(
  machine: Machine,
  across: Across,
  container: Container,
  name: string,
  epoch: number,
): string | null {
  if ((container.letters?.waiting.length ?? 0) >= mostLetters)
    return `${mostLetters} letters wait in “${container.name}”, and nobody takes them`
  across.hearEpoch(epoch)
  const nowMs = machine.clock.nowMs()
  const since = across.held.get(name) ?? nowMs
  if (machine.containers.epoch(container.slot) >= epoch || nowMs - since > captureMs) {
    across.held.delete(name)
    return null
  }
  across.held.set(name, since)
  return `“${container.name}” is to be captured for epoch ${epoch} first`
}
