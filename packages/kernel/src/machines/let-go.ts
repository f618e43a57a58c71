/** Letters that their receiver has for good leave the log of their sender. */
import { asContainer } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { isForeign } from './foreign-units.js'
import type { Receipt } from './peer-stream.js'

/** `heard` says how this machine numbers a unit. Receipts of letters of other machines are nothing to this one. */
export function letGo(
  machine: Machine,
  { sender, senderGeneration, receiver, receiverGeneration, sequence }: Receipt,
  heard: (unit: number) => number,
): void {
  const slot = heard(sender)
  const unit = heard(receiver)
  invariant(isForeign(unit), 'SI169: who receives a letter is of another machine', { unit })
  if (isForeign(slot)) return
  const container = machine.containers.at(asContainer(slot))
  if (container === null || container.generation !== senderGeneration) return
  const isLess = container.letters?.settle({ unit, generation: receiverGeneration, sequence })
  if (isLess === true) machine.changed()
}
