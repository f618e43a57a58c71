/** What the coordinator of a recovery over machines asks of this one. It is taken up by the recovery that is under way here, or that this begins. */
import type { Answer, ArgsOf, machineCalls, MachineId } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { requestRecovery } from '../recovery/request.js'
import type { Across } from './across.js'

type Calls = typeof machineCalls

interface From {
  readonly from: MachineId
  readonly recovery: number
}

export interface Invitation extends From {
  readonly kind: 'join'
  /** Units of this machine that are to be given up, as it numbers them. */
  readonly going: readonly number[]
  readonly reply: (answer: Answer<Calls['recoveryJoin']>) => void
}

export interface DecisionTold extends From {
  readonly kind: 'decide'
  readonly args: ArgsOf<Calls['recoveryDecide']>
  readonly reply: (answer: Answer<Calls['recoveryDecide']>) => void
}

export type Invited = Invitation | DecisionTold | (From & { readonly kind: 'apply' | 'leave' })

/** Whether this machine takes part in that recovery of that coordinator. */
export const isIn = ({ joined }: Across, { from, recovery }: From): boolean =>
  joined !== null && joined.coordinator === from && joined.recovery === recovery

/** Whether it can do what that coordinator asks: it may have failed since it joined, and what becomes of the recovery is found when it is started again. */
export const takesPart = (machine: Machine, across: Across, from: From): boolean =>
  machine.phase !== 'failed' && isIn(across, from)

/**
 * Whether an invitation is to be followed: it has a number that nobody used; or the number that this machine uses, or the coordinator it has joined, and comes of a lower
 * machine. Who coordinates gives way to lower machines only.
 */
export function isToBeFollowed(machine: Machine, across: Across, invitation: From): boolean {
  if (machine.phase === 'failed') return false
  if (isIn(across, invitation)) return true
  const { from, recovery } = invitation
  const { joined, coordinating, self } = across
  if (coordinating !== 0 && from > self) return false
  if (recovery > across.highest) return true
  if (recovery < across.highest || recovery <= across.recovery) return false
  if (coordinating === recovery) return true
  return joined?.recovery === recovery && from < joined.coordinator
}

/** Notes what is asked; a machine that is open begins a recovery of nothing, to take part in it. */
export function takeUp(machine: Machine, across: Across, invited: Invited): void {
  invariant(machine.phase !== 'failed', 'SI15: a failed world is not recovered', {})
  across.hearRecovery(invited.recovery)
  across.requests.push(invited)
  beginIfAsked(machine)
}

/** Begins a recovery when one over machines is under way, or due, and none is wanted here. */
export function beginIfAsked(machine: Machine): void {
  const { across } = machine
  if (across === null || machine.phase !== 'open' || machine.recoveryWanted !== null) return
  const invitation = across.requests.find(({ kind }) => kind === 'join')
  if (invitation !== undefined)
    requestRecovery(machine, `machine ${invitation.from} lost something`, new Set())
  else if (across.mustAgree)
    requestRecovery(machine, 'the other machines recovered without this one', new Set())
}
