/**
 * A transactional manager: the self-managing manager with transactions over its paging. Same log, same maps, same recovery;
 * what is more is in memory, and gone with it: an open transaction leaves no trace.
 *
 * Its containers are *sealed*: a page is shown for writing in overlays only, and a commit changes the container in one step
 * between two upcalls. So every snapshot has whole transactions, and one is recoverable when the snapshot that has it is.
 */
import { overlayUpcalls, refuse, type ManagerBoot, type Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Surroundings } from '../self-managing/context.js'
import { SelfManagingManager } from '../self-managing/self-managing.js'
import { Transactions } from './transactions.js'

export class TransactionalManager {
  readonly #manager: SelfManagingManager
  #transactions: Transactions | null = null

  /** Serves its calls at once and begins to start. Before it is up it has no container that a transaction could be on. */
  constructor(surroundings: Surroundings, boot: ManagerBoot) {
    const options = { ...surroundings.options, serviceLevel: 'transactional' } as const
    this.#manager = new SelfManagingManager(
      { ...surroundings, options },
      boot,
      (context, pager) => {
        invariant(context.sealed, 'TX1: a container of transactions is written by them alone', {})
        this.#transactions = new Transactions(context, pager)
        return this.#transactions
      },
    )
    this.#serve(surroundings)
  }

  get isUp(): boolean {
    return this.#manager.isUp
  }

  /** Its transactions; null before it is up. */
  get transactions(): Transactions | null {
    return this.#transactions
  }

  /** Everything that can be done now. Answers in how many milliseconds it wants another turn. */
  turn(): number {
    return this.#manager.turn()
  }

  /** Snapshots itself, so that the next start has little to read; `done` hears whether it became durable. */
  stabilise(done: (durable: boolean) => void): void {
    this.#manager.stabilise(done)
  }

  #serve({ messenger }: Surroundings): void {
    messenger.serve(overlayUpcalls, {
      overlayOpen: ({ cont, slot, age, timeoutMs }) => {
        const status = this.#transactions?.begin(cont, slot, age, timeoutMs) ?? 'no_such_container'
        return status === 'ok' ? { status } : unknown(cont)
      },
      overlayCommit: ({ cont, slot }) => {
        const outcome = this.#transactions?.commit(slot)
        if (outcome === undefined || outcome.status === 'no_such_container') return unknown(cont)
        const { status, pageCount } = outcome
        if (status === 'ok') return { status, pageCount }
        return refuse(status, `of the transaction on container ${cont} nothing is left`)
      },
      overlayDrop: ({ slot }) => ({
        status: 'ok',
        fate: this.#transactions?.drop(slot) ?? 'open',
      }),
    })
  }
}

const unknown = (token: Token) =>
  refuse('no_such_container', `no transaction is on a container by the token ${token}`)
