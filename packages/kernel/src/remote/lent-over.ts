/** What is heard of visits that other machines run, and of their guests; and what is found out of both when nothing is heard any more. */
import {
  actorPorts,
  machineCalls,
  refuse,
  statuses,
  type Answer,
  type ArgsOf,
  type MachineId,
  type Status,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'
import { answerLetter } from './answer-letter.js'
import { guestLost, isThere, leave } from './lend.js'
import type { Lends, Lent } from './lends.js'
import { visitIsLost } from './visit-lost.js'

type Over = (typeof machineCalls)['visitOver']
type GuestGone = (typeof machineCalls)['guestOver']

const dropMs = 5_000

/** visit_over. */
export function lentIsOver(machine: Machine, from: MachineId, args: ArgsOf<Over>): Answer<Over> {
  if (machine.phase !== 'open' && machine.phase !== 'stopping')
    return refuse('frozen', `machine ${machine.across?.self ?? 0} is being recovered`)
  const lent = machine.visits.lent.get(args.number)
  if (lent === undefined) return { status: 'ok' }
  invariant(lent.borrower === from, 'LO161: who has a visit says how it ended', { from })
  if (!isThere(machine, lent)) machine.visits.lent.delete(args.number)
  else if (args.lost) lostWith(machine, lent, { status: args.status, detail: args.detail })
  else {
    const { container, letter } = lent
    leave(machine, lent)
    const { status: end, detail, block } = args
    answerLetter(machine, container, letter, { end, detail, block: block.slice() })
  }
  return { status: 'ok' }
}

function lostWith(
  machine: Machine,
  lent: Lent,
  { status, detail }: { readonly status: string; readonly detail: string },
): void {
  const isFate = status !== 'locus_lost' && (statuses as readonly string[]).includes(status)
  const fate = isFate ? { status: status as Status, detail } : null
  const why = `on machine ${lent.borrower}: ${detail}`
  leave(machine, lent)
  const { container, letter } = lent
  visitIsLost(machine, { container, letter, fate, why })
}

/** guest_over. */
export function guestIsOver(
  machine: Machine,
  from: MachineId,
  { cont, generation, incarnation }: ArgsOf<GuestGone>,
): Answer<GuestGone> {
  if (machine.phase !== 'open' && machine.phase !== 'stopping')
    return refuse('frozen', `machine ${machine.across?.self ?? 0} is being recovered`)
  const lends = machine.visits.lends.get(cont)
  const isIt = lends?.container.generation === generation && lends.incarnation === incarnation
  if (lends !== undefined && isIt && isThere(machine, lends)) goneWith(machine, lends, from)
  return { status: 'ok' }
}

/** The guest is gone, and with it the visits that ran there. */
function goneWith(machine: Machine, lends: Lends, from: MachineId): void {
  for (const lent of machine.visits.lent.values())
    if (lent.container === lends.container && lent.borrower === from)
      lostWith(machine, lent, { status: 'locus_lost', detail: 'the machine’s guest is gone' })
  guestLost(machine, lends, from)
}

/** Looks, once a tick, for machines that are another life of themselves, and for containers that went back or are no more. */
export function watchLends(machine: Machine, across: Across): void {
  if (machine.phase !== 'open') return
  for (const lent of machine.visits.lent.values())
    if (!isThere(machine, lent)) machine.visits.lent.delete(lent.number)
  for (const lends of machine.visits.lends.values()) {
    const isHere = isThere(machine, lends)
    for (const [borrower, incarnation] of lends.machines) {
      const isSame = across.incarnationOf(borrower) === incarnation
      if (isHere && !isSame) goneWith(machine, lends, borrower)
      else if (!isSame) lends.machines.delete(borrower)
      else if (!isHere) drop(across, lends, borrower)
    }
    if (!isHere && lends.machines.size === 0 && isKnown(machine, lends))
      machine.visits.lends.delete(lends.container.slot)
  }
}

const isKnown = ({ visits }: Machine, lends: Lends): boolean =>
  visits.lends.get(lends.container.slot) === lends

/** guest_drop, again until it is answered or the machine is another life of itself. */
function drop(across: Across, lends: Lends, borrower: MachineId): void {
  const { container, incarnation, machines } = lends
  const args = { cont: container.slot, generation: container.generation, incarnation }
  across.remote.to(borrower).call(
    actorPorts.kernel,
    machineCalls.guestDrop,
    args,
    ({ status }) => {
      if (status === 'ok') machines.delete(borrower)
    },
    dropMs,
  )
}
