/** Calls that come while a manager is still starting wait until it is up; nothing is refused for being early. */
import {
  managerNotices,
  managerRequests,
  managerUpcalls,
  refuse,
  retainedUpcalls,
} from '@katydid/abi'
import {
  invariant,
  later,
  type Handler,
  type Handlers,
  type IncomingCall,
  type Messenger,
} from '@katydid/actor'

/** Everything a manager serves. */
export interface ManagerCalls {
  readonly upcalls: Handlers<typeof managerUpcalls>
  readonly requests: Handlers<typeof managerRequests>
  /** Of a manager that keeps something of its containers on a disk. */
  readonly notices?: Handlers<typeof managerNotices>
  /** Of a manager that retains snapshots. */
  readonly retained?: Handlers<typeof retainedUpcalls>
}

export class EarlyCalls {
  #calls: ManagerCalls | null = null
  readonly #waiting: (() => void)[] = []

  /** Serves the manager's calls from now on. */
  constructor(messenger: Messenger) {
    messenger.serve(managerUpcalls, {
      containerFault: this.#whenUp(({ upcalls }) => upcalls.containerFault),
      pageDiscard: this.#whenUp(({ upcalls }) => upcalls.pageDiscard),
      invokeNoSupport: this.#whenUp(({ upcalls }) => upcalls.invokeNoSupport),
      containerSnapshot: this.#whenUp(({ upcalls }) => upcalls.containerSnapshot),
      stateIntervalQuery: this.#whenUp(({ upcalls }) => upcalls.stateIntervalQuery),
      containerStabiliseRequest: this.#whenUp(({ upcalls }) => upcalls.containerStabiliseRequest),
      snapshotIsRecoverable: this.#whenUp(({ upcalls }) => upcalls.snapshotIsRecoverable),
      contRollback: this.#whenUp(({ upcalls }) => upcalls.contRollback),
      containerDestroyed: this.#whenUp(({ upcalls }) => upcalls.containerDestroyed),
    })
    messenger.serve(managerRequests, {
      manageRequest: this.#whenUp(({ requests }) => requests.manageRequest),
    })
    messenger.serve(managerNotices, {
      containersLive: this.#whenUp(({ notices }) => notices?.containersLive ?? keepsNothing),
      snapshotsKept: this.#whenUp(({ notices }) => notices?.snapshotsKept ?? retainsNone),
      snapshotSupersedes: this.#whenUp(
        ({ notices }) => notices?.snapshotSupersedes ?? keepsNothing,
      ),
    })
    messenger.serve(retainedUpcalls, {
      retainedList: this.#whenUp(({ retained }) => retained?.retainedList ?? retainsNone),
      retainedTake: this.#whenUp(({ retained }) => retained?.retainedTake ?? retainsNone),
      retainedDrop: this.#whenUp(({ retained }) => retained?.retainedDrop ?? retainsNone),
      retainedKeep: this.#whenUp(({ retained }) => retained?.retainedKeep ?? retainsNone),
      stateHash: this.#whenUp(({ retained }) => retained?.stateHash ?? hashesNothing),
    })
  }

  /** The manager is up: what waited is answered, in the order in which it came. */
  open(calls: ManagerCalls): void {
    invariant(this.#calls === null, 'MG12: a manager starts once', {})
    this.#calls = calls
    for (const each of this.#waiting.splice(0)) each()
  }

  #whenUp<S>(handler: (calls: ManagerCalls) => Handler<S>): Handler<S> {
    return (args, call: IncomingCall<S>) => {
      if (this.#calls !== null) return handler(this.#calls)(args, call)
      this.#waiting.push(() => {
        const answer = handler(this.#calls!)(args, call)
        if (answer !== later) call.reply(answer)
      })
      return later
    }
  }
}

const keepsNothing = () => refuse('not_supported', 'this manager keeps nothing over a recovery')

const retainsNone = () => refuse('not_supported', 'this manager retains no snapshots')

const hashesNothing = () => refuse('not_supported', 'this manager keeps no checksums')
