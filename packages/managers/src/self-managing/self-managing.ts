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
import { rootPageContainers, type ManagerBoot, type managerRequests } from '@katydid/abi'
import { invariant, later, run, type Handlers } from '@katydid/actor'
import { takeTraps, type PendingTrap } from '@katydid/memory'
import { adopt } from './adoption.js'
import { Cleaner } from './cleaner.js'
import type { Context, Surroundings } from './context.js'
import { EarlyCalls } from '../paging/early-calls.js'
import { Pager } from '../paging/pager.js'
import { Flush } from './flush.js'
import { Folding } from './folding.js'
import type { Identity } from './identity.js'
import { nothing, type MakeLayer } from './layer.js'
import { OwnSnapshot } from './own-snapshot.js'
import { RoomKeeper } from './room-keeper.js'
import { Sharing } from '../sharing/sharing.js'
import { Retention } from './retention.js'
import { retainedCalls } from './retained-calls.js'
import { start, type Started } from './start.js'
import { Turns } from './turns.js'
import { notices, upcalls, type UpcallParts } from './upcalls.js'

/** With so many containers, those that are there for kept lines only begin to give way. */
const nearlyFull = (rootPageContainers * 3) / 8

export class SelfManagingManager {
  readonly #isFresh: boolean
  #parts: (UpcallParts & { readonly turns: Turns }) | null = null
  readonly #early: EarlyCalls

  /** Serves its calls at once and begins to start; calls wait until it is up. `over` makes what lies over its paging. */
  constructor(surroundings: Surroundings, boot: ManagerBoot, over: MakeLayer = nothing) {
    invariant(
      boot.port === surroundings.messenger.port,
      'MG1: a manager lives at the port it was started for',
      { port: boot.port },
    )
    this.#isFresh = boot.rootPage === null
    this.#early = new EarlyCalls(surroundings.messenger)
    run(surroundings.messenger, start(surroundings, boot), (started) => this.#begin(started, over))
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

  #begin({ context, identity, ownPageSet, graveyard, space }: Started, over: MakeLayer): void {
    invariant(this.#parts === null, 'MG12: a manager starts once', { port: context.port })
    const traps = (): readonly PendingTrap[] => layer.sift(takeTraps(context.region, context.port))
    const pager = new Pager(context, traps)
    const { remote } = context
    // What changes by commits alone is not shared: transactions are of one machine.
    const sharing =
      remote === undefined || context.sealed ? null : new Sharing(context, pager, remote)
    const layer = sharing ?? over(context, pager)
    const folding = new Folding(context)
    folding.graveyard.push(...graveyard)
    const flush = new Flush(context, pager.departures)
    const ownSnapshot = new OwnSnapshot(context, folding, identity, this.#isFresh)
    const pagers = { pager, folding }
    const keeper = new RoomKeeper(context, folding, ownSnapshot, space, pager.faults)
    const tries = (): number => keeper.tries
    const cleaner = new Cleaner(context, identity, folding, ownSnapshot, space, tries)
    const retention = new Retention(
      context,
      ownSnapshot,
      folding,
      space.segments * space.segmentBlocks,
    )
    folding.keeper = retention
    const turns = new Turns(context, pagers, flush, ownSnapshot, cleaner, keeper, layer, retention)
    const parts = {
      context,
      pagers,
      flush,
      ownSnapshot,
      identity,
      layer,
      ownPageSet,
      retention,
      sharing,
    }
    this.#parts = { ...parts, turns }
    this.#early.open({
      upcalls: upcalls(this.#parts),
      requests: this.#requests(context, identity, retention),
      notices: notices(this.#parts),
      retained: retainedCalls(this.#parts),
    })
    // After a start on a disk with little room, it gives up what an earlier life left.
    if (space.free < space.low) ownSnapshot.request()
  }

  #requests(
    context: Context,
    identity: Identity,
    retention: Retention,
  ): Handlers<typeof managerRequests> {
    return {
      manageRequest: ({ cont }, call) => {
        if (context.containers.size >= nearlyFull) retention.makePlace()
        run(context.messenger, adopt(context, identity, cont), (success) =>
          call.reply({ status: 'ok', success }),
        )
        return later
      },
    }
  }
}
