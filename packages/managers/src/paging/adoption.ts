/** manage_request of a manager of volatile containers: it takes the container on, empty as it is, and promises no service level. */
import { actorPorts, managerDowncalls, type Capref } from '@katydid/abi'
import { ask, invariant, type Script } from '@katydid/actor'
import { seat } from './seat.js'
import { giveToken } from './tokens.js'
import { VolatileContainer } from './volatile-container.js'
import type { VolatileParts } from './volatile-parts.js'

/** Takes on the container behind `cont`; answers whether it did. */
export function* adopt(parts: VolatileParts, cont: Capref): Script<boolean> {
  const { context, messenger, containers, boot, tokens } = parts
  const token = giveToken(tokens)
  if (token === null) return false
  invariant(!containers.has(token), 'MG1: a token is given once', { token })
  const args = { cont, manager: boot.self, contId: token }
  const set = yield* ask(messenger, actorPorts.kernel, managerDowncalls.setManager, args)
  if (set.status !== 'ok') return false
  const container = new VolatileContainer(token)
  seat(context, container, { capability: cont, slot: set.slot, size: set.size })
  container.openInterval = set.stateInterval
  containers.set(token, container)
  return true
}
