/**
 * The upcalls of a manager that keeps nothing: of snapshots there are none, but for the empty container, to which every
 * rollback leads.
 */
import { refuse, type managerUpcalls, type StateInterval, type Token } from '@katydid/abi'
import { invariant, type Handlers } from '@katydid/actor'
import { invokedElsewhere } from './invoked-elsewhere.js'
import { empty } from './emptying.js'
import { faultCall } from './fault-call.js'
import { seat } from './seat.js'
import { noteToken } from './tokens.js'
import { VolatileContainer } from './volatile-container.js'
import type { VolatileParts } from './volatile-parts.js'

const unknown = (token: Token) =>
  refuse('no_such_container', `this manager has no container by the token ${token}`)

const noInterval = (token: Token, interval: StateInterval) =>
  refuse('no_such_interval', `container ${token} is volatile and has no snapshot ${interval}`)

/** A handler for each call; a manager puts its own in place of those it decides otherwise. */
export function volatileCalls(parts: VolatileParts): Handlers<typeof managerUpcalls> {
  const { context, pager, containers, tokens } = parts
  return {
    containerFault: faultCall(pager, containers),
    pageDiscard: ({ pageset, pageCount }) => {
      if (pageset !== context.reserve.pageSet)
        return refuse('no_such_page_set', `page set ${pageset} is not of this manager`)
      context.counters.add('pageDiscards')
      context.reserve.owe(pageCount)
      return { status: 'ok' }
    },
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
      noteToken(tokens, cont)
      context.counters.add('rollbacks')
      context.trace.event('rollback', cont, stateInterval)
      return { status: 'ok' }
    },
    containerDestroyed: ({ cont }) => {
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      empty(parts, container, 'no_such_container')
      containers.delete(cont)
      return { status: 'ok' }
    },
    invokeNoSupport: (args) => invokedElsewhere(context, args),
  }
}
