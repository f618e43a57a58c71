/** What the kernel may ask of a demand-zero manager. Nothing here waits. */
import { refuse, type managerUpcalls } from '@katydid/abi'
import { invariant, type Handlers } from '@katydid/actor'
import { empty } from '../paging/emptying.js'
import { faultCall } from '../paging/fault-call.js'
import { noInterval, noSnapshots } from '../paging/no-snapshots.js'
import { seat } from '../paging/seat.js'
import { noteToken } from '../paging/tokens.js'
import { VolatileContainer } from '../paging/volatile-container.js'
import type { Parts } from './context.js'

export function upcalls(parts: Parts): Handlers<typeof managerUpcalls> {
  const { context, pager } = parts
  const { containers, counters, reserve } = context
  return {
    ...noSnapshots(containers),
    containerFault: faultCall(pager, containers),
    pageDiscard: ({ pageset, pageCount }) => {
      if (pageset !== reserve.pageSet)
        return refuse('no_such_page_set', `page set ${pageset} is not of this manager`)
      counters.add('pageDiscards')
      reserve.owe(pageCount)
      return { status: 'ok' }
    },
    contRollback: (args) => {
      const { cont, stateInterval, open } = args
      if (stateInterval !== 0) return noInterval(cont, stateInterval)
      const container = containers.get(cont) ?? new VolatileContainer(cont)
      invariant(open > 0, 'SI7: after going back a higher interval is open', { cont, open })
      empty(parts, container, 'frozen')
      seat(context, container, args)
      container.openInterval = open
      containers.set(cont, container)
      noteToken(context.tokens, cont)
      counters.add('rollbacks')
      return { status: 'ok' }
    },
    containerDestroyed: ({ cont }) => {
      const container = containers.get(cont)
      if (container === undefined)
        return refuse('no_such_container', `this manager has no container by the token ${cont}`)
      empty(parts, container, 'no_such_container')
      containers.delete(cont)
      return { status: 'ok' }
    },
  }
}
