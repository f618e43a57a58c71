/**
 * manage_request, which a user makes of a manager and the kernel carries: it puts a capability for the container into
 * the manager's table and passes that on. A manager that accepts has called set_manager before it answers.
 */
import { capabilityTables, managerRequests, refuse, type Answer, type ArgsOf } from '@katydid/abi'
import { invariant, later, type IncomingCall } from '@katydid/actor'
import { resolveContainer } from '../capability/resolve.js'
import { grantContainer } from '../container/container-calls.js'
import type { Machine } from '../machine.js'

type ManageRequest = (typeof managerRequests)['manageRequest']

const answerMs = 10_000

/** Carries the request to the manager named and its answer back. */
export function manageRequest(
  machine: Machine,
  args: ArgsOf<ManageRequest>,
  call: IncomingCall<ManageRequest>,
): Answer<ManageRequest> | typeof later {
  const found = resolveContainer(machine, call.from, args.cont, 'manage')
  if (found.status !== 'ok') return found
  const { container, capability } = found
  const manager = machine.managers.named(args.manager)
  if (manager === null)
    return refuse('bad_argument', `the world has no manager by the name “${args.manager}”`)
  if (machine.recoveryWanted !== null)
    return refuse(
      'frozen',
      'a manager or a locus was lost and the world goes back to its line; ask again',
    )
  if (manager.state !== 'running')
    return refuse(
      'manager_failed',
      manager.why === '' ? `the manager “${manager.program.name}” does not run` : manager.why,
    )
  if (container.manager === manager.port) return { status: 'ok', success: true }
  // Its pages are with the one it has, and so is what a crash would bring back.
  if (container.manager !== null)
    return refuse('bad_argument', `“${container.name}” has a manager already`)
  const cont = grantContainer(machine, manager.port, container, capability.rights)
  if (cont === null) return refuse('no_resource', 'the manager’s capability table is full')
  machine.messenger.call(
    manager.port,
    managerRequests.manageRequest,
    { cont, manager: args.manager },
    (reply) => {
      const accepted = reply.status === 'ok' && reply.success
      if (accepted)
        invariant(typeof reply.success === 'boolean', 'MG3: a manager says yes or no', {})
      if (!accepted) {
        const table = capabilityTables.ofActor(machine.region.plan.shape, manager.port)
        if (container.manager !== manager.port)
          machine.capabilities.drop(table, 'container', container.slot)
      }
      if (accepted && container.manager !== manager.port)
        call.reply(refuse('manager_failed', 'the manager accepted without calling set_manager'))
      else call.reply(asAnswer(reply))
    },
    answerMs,
  )
  return later
}

function asAnswer(
  reply: Answer<ManageRequest> | { readonly status: string; readonly detail: string },
): Answer<ManageRequest> {
  if (reply.status === 'ok') return reply as Answer<ManageRequest>
  const refusal = reply as { readonly status: string; readonly detail: string }
  // Not the manager's answer but its end: the world goes back, perhaps to before the container was made.
  if (refusal.status === 'actor_gone')
    return refuse('frozen', `the manager died over the request: ${refusal.detail}`)
  return refusal.status === 'no_resource'
    ? refuse('no_resource', refusal.detail)
    : refuse(
        'manager_failed',
        `the manager did not answer the request: ${refusal.status}, ${refusal.detail}`,
      )
}
