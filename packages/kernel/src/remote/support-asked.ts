/** A container of this machine is invoked on another, which has nothing of it: its manager says what is to be done. */
import {
  asInterval,
  asToken,
  isMachineId,
  managerUpcalls,
  refuse,
  type Answer,
  type ArgsOf,
  type machineCalls,
  type MachineId,
} from '@katydid/abi'
import { invariant, later, type RemoteCall } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'
import { whyApart } from '../machines/hear.js'
import { whyNotAllowed } from './allowed-from-afar.js'
import type { Lender } from './begin-guest.js'

type Ask = (typeof machineCalls)['invokeSupport']

/** Before who asks has given up. */
const managerMs = 5_000

export function supportAsked(
  machine: Machine,
  across: Across,
  args: ArgsOf<Ask>,
  call: RemoteCall<Ask>,
): Answer<Ask> | typeof later {
  const apart = whyApart(machine, across, args.recovery)
  if (apart !== null) return refuse('frozen', apart)
  const container = machine.containers.at(args.cont)
  if (container?.generation !== args.generation || !machine.containers.isThere(container))
    return refuse('entity_gone', `container ${args.cont} of machine ${across.self} was destroyed`)
  const why = whyNotAllowed(machine, container, args, 'invoke')
  if (why !== null) return why
  const { manager, name, token, selfManaged } = container
  if (manager === null || selfManaged)
    return refuse('no_manager', `“${name}” has no manager that could say where it is run`)
  if (machine.containers.hasFailed(container))
    return refuse('manager_failed', machine.managers.at(manager)?.why ?? '')
  const asked = {
    machineId: asToken(call.machine),
    cont: token,
    stateInterval: asInterval(args.stateInterval),
    params: args.params,
  }
  machine.messenger.call(
    manager,
    managerUpcalls.invokeNoSupport,
    asked,
    (reply) => {
      if (reply.status === 'not_supported') call.reply(refuse('not_supported', reply.detail))
      // It is started again, and asked again, unless it is given up by then.
      else if (reply.status === 'actor_gone')
        call.reply(refuse('frozen', `the manager of “${name}” died over the question; ask again`))
      else if (reply.status !== 'ok')
        call.reply(
          refuse(
            'manager_failed',
            `the manager of “${name}” did not say what is to be done: ${reply.status}, ${reply.detail}`,
          ),
        )
      else if (reply.decision === 'migrate_to' && !isMachineId(reply.machine))
        call.reply(
          refuse('manager_failed', `the manager of “${name}” named no machine: ${reply.machine}`),
        )
      else {
        const where = Number(reply.machine)
        const lends = reply.decision === 'local_support'
        call.reply({
          status: 'ok',
          decision: reply.decision,
          machine: isMachineId(where) ? where : across.self,
          lender: lends ? lenderOf(machine, across, container, call.machine) : null,
        })
      }
    },
    managerMs,
  )
  return later
}

/** The machine may have a guest of the container from now on, if that is what the manager was asked about. */
function lenderOf(
  machine: Machine,
  across: Across,
  container: Container,
  borrower: MachineId,
): Lender | null {
  const { slot, manager, token } = container
  if (manager === null || machine.containers.at(slot) !== container) return null
  const { region, visits } = machine
  const incarnation = region.words.load(region.containerWord(slot, 'incarnation'))
  const known = visits.lends.get(slot)
  invariant(
    known?.container !== container || known.incarnation === incarnation,
    'CH61: a container that went back is another record',
    { slot, incarnation },
  )
  const isNew = known?.container !== container
  // Those of the container before have yet to be told that it is gone.
  if (isNew && known !== undefined && known.machines.size > 0) return null
  const machines = isNew ? new Map<MachineId, number>() : known.machines
  machines.set(borrower, across.incarnationOf(borrower))
  visits.lends.set(slot, { container, incarnation, machines })
  return { port: manager, cont: token, incarnation }
}
