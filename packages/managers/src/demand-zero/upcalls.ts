/** What the kernel may ask of a demand-zero manager. Whatever is about snapshots has one answer: there are none. */
import { refuse, type managerUpcalls, type StateInterval, type Token } from '@katydid/abi'
import { invariant, later, type Handlers } from '@katydid/actor'
import { faultAnswer } from '../paging/fault-answer.js'
import { seat } from '../paging/seat.js'
import type { Parts } from './context.js'
import { empty } from './emptying.js'
import { noteToken } from './tokens.js'
import { VolatileContainer } from './volatile-container.js'

const unknown = (token: Token) =>
  refuse('no_such_container', `this manager has no container by the token ${token}`)

const noInterval = (token: Token, interval: StateInterval) =>
  refuse('no_such_interval', `container ${token} is volatile and has no snapshot ${interval}`)

export function upcalls(parts: Parts): Handlers<typeof managerUpcalls> {
  const { context, pager } = parts
  const { containers, counters, reserve } = context
  return {
    containerFault: ({ cont, addr, accessType }, call) => {
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      pager.faults.take({
        container,
        offset: addr,
        access: accessType,
        answer: (status) => call.reply(faultAnswer(status, cont, addr)),
      })
      return later
    },
    pageDiscard: ({ pageset, pageCount }) => {
      if (pageset !== reserve.pageSet)
        return refuse('no_such_page_set', `page set ${pageset} is not of this manager`)
      counters.add('pageDiscards')
      reserve.owe(pageCount)
      return { status: 'ok' }
    },
    invokeNoSupport: ({ cont }) =>
      refuse('not_supported', `container ${cont} is served on one machine only`),
    containerSnapshot: ({ cont }) =>
      containers.has(cont)
        ? refuse('not_supported', `container ${cont} is volatile`)
        : unknown(cont),
    stateIntervalQuery: ({ cont, stateInterval }) => {
      // The empty container is all it can bring back, and it always can.
      if (stateInterval === 0) return { status: 'ok', state: 'recoverable' }
      return containers.has(cont) ? { status: 'ok', state: 'none' } : unknown(cont)
    },
    containerStabiliseRequest: ({ cont, stateInterval }) =>
      containers.has(cont) ? noInterval(cont, stateInterval) : unknown(cont),
    snapshotIsRecoverable: ({ cont, stateInterval }) =>
      containers.has(cont) ? noInterval(cont, stateInterval) : unknown(cont),
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
      if (container === undefined) return unknown(cont)
      empty(parts, container, 'no_such_container')
      containers.delete(cont)
      return { status: 'ok' }
    },
  }
}
