/** What a manager that keeps nothing answers to all calls about snapshots: there are none, but for the empty container. */
import { refuse, type managerUpcalls, type StateInterval, type Token } from '@katydid/abi'
import { invariant, type Handlers } from '@katydid/actor'

type Upcalls = Handlers<typeof managerUpcalls>

const unknown = (token: Token) =>
  refuse('no_such_container', `this manager has no container by the token ${token}`)

/** `no_such_interval`, in a sentence. */
export const noInterval = (token: Token, interval: StateInterval) =>
  refuse('no_such_interval', `container ${token} is volatile and has no snapshot ${interval}`)

export function noSnapshots(
  containers: ReadonlyMap<Token, unknown>,
): Pick<
  Upcalls,
  | 'containerSnapshot'
  | 'stateIntervalQuery'
  | 'containerStabiliseRequest'
  | 'snapshotIsRecoverable'
  | 'invokeNoSupport'
> {
  return {
    containerSnapshot: ({ cont }) =>
      containers.has(cont)
        ? refuse('not_supported', `container ${cont} is volatile`)
        : unknown(cont),
    stateIntervalQuery: ({ cont, stateInterval }) => {
      invariant(stateInterval >= 0, 'SI1: an interval has a number', { cont, stateInterval })
      // The empty container is all it can bring back, and it always can.
      if (stateInterval === 0) return { status: 'ok', state: 'recoverable' }
      return containers.has(cont) ? { status: 'ok', state: 'none' } : unknown(cont)
    },
    containerStabiliseRequest: ({ cont, stateInterval }) =>
      containers.has(cont) ? noInterval(cont, stateInterval) : unknown(cont),
    snapshotIsRecoverable: ({ cont, stateInterval }) =>
      containers.has(cont) ? noInterval(cont, stateInterval) : unknown(cont),
    invokeNoSupport: ({ cont }) =>
      refuse('not_supported', `container ${cont} is served on one machine only`),
  }
}
