/** `container_fault` as a message: the same fault as a trap of this machine, answered when it is served. */
import { refuse, type ArgsOf, type managerUpcalls, type Token } from '@katydid/abi'
import { later, type Handlers, type IncomingCall } from '@katydid/actor'
import { faultAnswer } from './fault-answer.js'
import type { PagedContainer } from './paged-container.js'
import type { Pager } from './pager.js'

type ContainerFault = (typeof managerUpcalls)['containerFault']

/** The handler of container_fault for a manager with these containers. */
export function faultCall(
  pager: Pager,
  containers: ReadonlyMap<Token, PagedContainer>,
): Handlers<typeof managerUpcalls>['containerFault'] {
  return (
    { cont, addr, accessType }: ArgsOf<ContainerFault>,
    call: IncomingCall<ContainerFault>,
  ) => {
    const container = containers.get(cont)
    if (container === undefined)
      return refuse('no_such_container', `this manager has no container by the token ${cont}`)
    pager.faults.take({
      container,
      offset: addr,
      access: accessType,
      answer: (status) => call.reply(faultAnswer(status, cont, addr)),
    })
    return later
  }
}
