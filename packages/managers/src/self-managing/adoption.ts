/**
 * manage_request: the manager takes a container on. It gives a token that no container had before, calls set_manager
 * itself, and says what it promises. A refusal is an answer, not an error.
 */
import { actorPorts, managerDowncalls, rootPageContainers, type Capref } from '@katydid/abi'
import { ask, invariant } from '@katydid/actor'
import type { Context } from './context.js'
import type { Identity } from './identity.js'
import { writeRecord } from './log-records.js'
import { ManagedContainer } from './managed-container.js'
import { seat } from '../paging/seat.js'

/** Takes on the container behind `cont`; answers whether it did. */
export function* adopt(context: Context, identity: Identity, cont: Capref) {
  const { messenger, containers, writer, pageBytes } = context
  // The root page must be able to name it.
  if (containers.size >= rootPageContainers / 2) return false
  const token = identity.giveToken()
  invariant(!containers.has(token), 'MG1: a token is given once', { token })
  const args = { cont, manager: identity.self, contId: token }
  const set = yield* ask(messenger, actorPorts.kernel, managerDowncalls.setManager, args)
  if (set.status !== 'ok') return false
  const container = new ManagedContainer(token)
  seat(context, container, { capability: cont, slot: set.slot, size: set.size })
  container.openInterval = set.stateInterval
  containers.set(token, container)
  const note = writeRecord({ what: 'adopted', token, size: set.size })
  writer.write([], [note], false, pageBytes, () => {
    // Refused: nothing is lost, as the container is empty until a snapshot of it is stable.
  })
  yield* ask(messenger, actorPorts.kernel, managerDowncalls.qualityOfService, {
    cont,
    serviceLevel: context.options.serviceLevel,
  })
  return true
}
