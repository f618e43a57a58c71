/** manage_request: the manager takes a container on, empty as it is. It promises no service level, as it keeps nothing. */
import { actorPorts, managerDowncalls, type Capref } from '@katydid/abi'
import { ask, invariant, type Script } from '@katydid/actor'
import { seat } from '../paging/seat.js'
import type { Context } from './context.js'
import { giveToken } from '../paging/tokens.js'
import { VolatileContainer } from '../paging/volatile-container.js'

/** Takes on the container behind `cont`; answers whether it did. */
export function* adopt(context: Context, cont: Capref): Script<boolean> {
  const { messenger, containers, boot, options, tokens } = context
  if (containers.size >= options.mostContainers) return false
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
