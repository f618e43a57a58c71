/**
 * A self-managing, snapshotting, log-writing manager: the whole of it, without threads, files or time.
 *
 * What it is: the policy that supplies pages of the containers it manages from a log-structured disk, and of the container
 * it lives in, where it keeps its maps. Its records: frames by state (`frame-table`), per container resident pages, the open
 * delta and versions not yet folded (`managed-container`), maps and usage in its own pages (`own-store`), the root page.
 * Only its own thread writes them; with loci it shares page tables, by the rules of the memory room.
 *
 * One life: manage_request → first fault, zeros → writes make pages dirty → no frame is free: pages are removed,
 * acknowledged, written, freed → container_snapshot names the open delta → its pages and its commit are written →
 * state_interval_stable → snapshot_is_recoverable: it is folded into the map → the manager snapshots itself, and
 * segments of the disk that nothing needs are freed → a crash: root page, log, cont_rollback → faults again.
 */
import type { ManagerBoot } from '@katydid/abi'
import { managerRequests, managerUpcalls } from '@katydid/abi'
import { invariant, later, run, type Handler, type IncomingCall } from '@katydid/actor'
import { takeTraps } from '@katydid/memory'
import { adopt } from './adoption.js'
import type { Surroundings } from './context.js'
import { Departures } from '../paging/departures.js'
import { Eviction } from '../paging/eviction.js'
import { Faults } from '../paging/faults.js'
import { Flush } from './flush.js'
import { Folding } from './folding.js'
import { OwnSnapshot } from './own-snapshot.js'
import { start, type Started } from './start.js'
import { Turns } from './turns.js'
import { upcalls, type UpcallParts } from './upcalls.js'

export class SelfManagingManager {
  readonly #surroundings: Surroundings
  readonly #isFresh: boolean
  #parts: (UpcallParts & { readonly turns: Turns }) | null = null
  #handlers: ReturnType<typeof upcalls> | null = null
  /** Calls that came before the manager was up. */
  readonly #early: (() => void)[] = []

  /** Serves its calls at once and begins to start; calls wait until it is up. */
  constructor(surroundings: Surroundings, boot: ManagerBoot) {
    invariant(
      boot.port === surroundings.messenger.port,
      'MG1: a manager lives at the port it was started for',
      { port: boot.port },
    )
    this.#surroundings = surroundings
    this.#isFresh = boot.rootPage === null
    this.#serve()
    run(surroundings.messenger, start(surroundings, boot), (started) => this.#begin(started))
  }

  get isUp(): boolean {
    return this.#parts !== null
  }

  /** Everything that can be done now. Answers in how many milliseconds it wants another turn. */
  turn(): number {
    if (this.#parts === null) return Infinity
    return this.#parts.turns.turn()
  }

  /** Snapshots itself, so that the next start has little to read; `done` hears whether it became durable. */
  stabilise(done: (durable: boolean) => void): void {
    if (this.#parts === null) done(false)
    else this.#parts.ownSnapshot.request(done)
  }

  #begin({ context, identity, ownPageSet, graveyard }: Started): void {
    invariant(this.#parts === null, 'MG12: a manager starts once', { port: context.port })
    const departures = new Departures(context)
    const faults = new Faults(context, departures)
    const eviction = new Eviction(context, departures)
    const folding = new Folding(context)
    folding.graveyard.push(...graveyard)
    const flush = new Flush(context, departures)
    const ownSnapshot = new OwnSnapshot(context, folding, identity)
    const pagers = { faults, eviction, departures, folding }
    const turns = new Turns(context, pagers, flush, ownSnapshot, () =>
      takeTraps(context.region, context.port),
    )
    this.#parts = { context, pagers, flush, ownSnapshot, identity, ownPageSet, turns }
    this.#handlers = upcalls(this.#parts)
    for (const each of this.#early.splice(0)) each()
    // Nothing of a world can become recoverable before its manager's root page is stable once.
    if (this.#isFresh) ownSnapshot.request()
  }

  #serve(): void {
    const { messenger } = this.#surroundings
    messenger.serve(managerUpcalls, {
      containerFault: this.#whenUp(() => this.#handlers!.containerFault),
      pageDiscard: this.#whenUp(() => this.#handlers!.pageDiscard),
      invokeNoSupport: this.#whenUp(() => this.#handlers!.invokeNoSupport),
      containerSnapshot: this.#whenUp(() => this.#handlers!.containerSnapshot),
      stateIntervalQuery: this.#whenUp(() => this.#handlers!.stateIntervalQuery),
      containerStabiliseRequest: this.#whenUp(() => this.#handlers!.containerStabiliseRequest),
      snapshotIsRecoverable: this.#whenUp(() => this.#handlers!.snapshotIsRecoverable),
      contRollback: this.#whenUp(() => this.#handlers!.contRollback),
      containerDestroyed: this.#whenUp(() => this.#handlers!.containerDestroyed),
    })
    messenger.serve(managerRequests, {
      manageRequest: this.#whenUp<(typeof managerRequests)['manageRequest']>(
        () =>
          ({ cont }, call) => {
            const { context, identity } = this.#parts!
            run(messenger, adopt(context, identity, cont), (success) =>
              call.reply({ status: 'ok', success }),
            )
            return later
          },
      ),
    })
  }

  /** The handler, or, before the manager is up, a place in the queue. */
  #whenUp<S>(handler: () => Handler<S>): Handler<S> {
    return (args, call: IncomingCall<S>) => {
      if (this.#parts !== null) return handler()(args, call)
      this.#early.push(() => {
        const answer = handler()(args, call)
        if (answer !== later) call.reply(answer)
      })
      return later
    }
  }
}
