/** The calls that kernels of other machines make on this one. */
import { machineCalls, refuse, type MachineId } from '@katydid/abi'
import { later } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Across } from './across.js'
import { asHeard } from './foreign-units.js'
import { hearLine, whyApart } from './hear.js'
import { receiveLetter } from './receive-letter.js'
import { visitLent } from '../remote/borrow.js'
import { endGuest } from '../remote/end-guest.js'
import { guestIsOver, lentIsOver } from '../remote/lent-over.js'
import { supportAsked } from '../remote/support-asked.js'
import { capabilityGiven, containerNamed } from '../remote/give.js'
import { serveNames } from './names.js'
import { isToBeFollowed, takesPart, takeUp } from './session-requests.js'

export function serveOthers(machine: Machine, across: Across): void {
  const { remote, self } = across
  remote.watch((peer) => across.heard(peer))
  serveNames(machine, across)
  const ownOf = (from: MachineId, units: readonly number[]): number[] =>
    units.map((unit) => asHeard(self, from, unit))
  remote.serve(machineCalls, {
    lineGossip: (args, call) => hearLine(machine, across, call.machine, args),
    machineDeliver: (args, call) => receiveLetter(machine, across, call.machine, args),
    capabilityGiven: (args, call) => capabilityGiven(machine, across, call.machine, args),
    invokeSupport: (args, call) => supportAsked(machine, across, args, call),
    visitLend: (args, { machine: from }) => {
      const apart = whyApart(machine, across, args.recovery)
      return apart === null ? visitLent(machine, across, from, args) : refuse('frozen', apart)
    },
    visitOver: (args, { machine: from }) => lentIsOver(machine, from, args),
    guestOver: (args, { machine: from }) => guestIsOver(machine, from, args),
    guestDrop: ({ cont, generation, incarnation }, { machine: from }) => {
      const guest = machine.guests.of({ machine: from, slot: cont, generation })
      if (guest !== null && guest.incarnation <= incarnation) endGuest(machine, guest)
      return { status: 'ok' }
    },
    containerNamed: (args) => containerNamed(machine, across, args),
    recoveryJoin: ({ recovery, going }, call) => {
      const from = call.machine
      const isFollowed = isToBeFollowed(machine, across, { from, recovery })
      across.hearRecovery(recovery)
      if (!isFollowed) {
        const { highest: known } = across
        const none = { whole: false, ceiling: 0, units: [], over: [], ended: [] }
        return { status: 'ok', joined: false, known, ...none }
      }
      const reply = call.reply.bind(call)
      takeUp(machine, across, { kind: 'join', from, recovery, going: ownOf(from, going), reply })
      return later
    },
    recoveryDecide: (args, call) => {
      const from = { from: call.machine, recovery: args.recovery }
      if (!takesPart(machine, across, from)) return { status: 'ok', decided: false }
      takeUp(machine, across, { ...from, kind: 'decide', args, reply: call.reply.bind(call) })
      return later
    },
    recoveryApply: ({ recovery }, call) => {
      const from = { from: call.machine, recovery }
      if (takesPart(machine, across, from)) takeUp(machine, across, { ...from, kind: 'apply' })
      return { status: 'ok' }
    },
    recoveryLeave: ({ recovery }, call) => {
      const from = { from: call.machine, recovery }
      if (takesPart(machine, across, from)) takeUp(machine, across, { ...from, kind: 'leave' })
      return { status: 'ok' }
    },
  })
}
