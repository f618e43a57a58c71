/**
 * Letters on their way out: of each pair of containers one at a time, in their order, until the receiver's machine says that it has it. What is in the
 * logs when a recovery is over is sent again.
 */
import { actorPorts, asMachine, machineCalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Across } from './across.js'
import { isForeign, machineOf, plainNumber } from './foreign-units.js'
import type { Letter } from './letters.js'
import { receiverIsGone } from './receiver-gone.js'

/** How far the letters of a pair have come, as far as their receiver has said. */
export interface Delivery {
  isUnderWay: boolean
  received: number
  againMs: number
}

const answerMs = 5_000
const againMs = 50

/** Sends what is due; milliseconds until more could be. */
export function deliverLetters(machine: Machine): number {
  const { across, clock } = machine
  if (across === null || machine.phase !== 'open') return Infinity
  let next = Infinity
  for (const container of machine.containers.live()) {
    const pairs = new Set<string>()
    for (const letter of container.letters?.log ?? []) {
      invariant(isForeign(letter.unit), 'SI167: a letter goes to another machine', {
        unit: letter.unit,
      })
      const pair = `${container.slot} ${container.generation} ${letter.unit} ${letter.generation}`
      const delivery = deliveryOf(across, pair)
      if (letter.sequence <= delivery.received || pairs.has(pair)) continue
      // Those behind it wait for it.
      pairs.add(pair)
      if (delivery.isUnderWay || !across.isPresent(asMachine(machineOf(letter.unit)))) continue
      const waitMs = delivery.againMs - clock.nowMs()
      if (waitMs > 0) next = Math.min(next, waitMs)
      else send(machine, across, container, letter, delivery)
    }
  }
  return next
}

function deliveryOf(across: Across, pair: string): Delivery {
  const known = across.deliveries.get(pair)
  if (known !== undefined) return known
  const delivery = { isUnderWay: false, received: 0, againMs: 0 }
  across.deliveries.set(pair, delivery)
  return delivery
}

function send(
  machine: Machine,
  across: Across,
  container: Container,
  letter: Letter,
  delivery: Delivery,
): void {
  const { slot, generation } = container
  invariant(
    letter.interval <= machine.containers.interval(slot),
    'SI167: a letter was stamped before',
    {
      slot,
      interval: letter.interval,
    },
  )
  delivery.isUnderWay = true
  const args = {
    recovery: across.recovery,
    sender: slot,
    senderGeneration: generation,
    sent: letter.interval,
    sequence: letter.sequence,
    epoch: letter.epoch,
    cont: plainNumber(letter.unit),
    generation: letter.generation,
    content: letter.content,
  }
  // After a recovery nobody looks at this delivery any more.
  across.remote.to(asMachine(machineOf(letter.unit))).call(
    actorPorts.kernel,
    machineCalls.machineDeliver,
    args,
    (reply) => {
      delivery.isUnderWay = false
      if (reply.status === 'ok') delivery.received = reply.next - 1
      else delivery.againMs = machine.clock.nowMs() + againMs
      const { status } = reply
      if (status === 'entity_gone' || status === 'no_such_container')
        receiverIsGone(machine, across, { container, letter, status, detail: reply.detail })
    },
    answerMs,
  )
}
