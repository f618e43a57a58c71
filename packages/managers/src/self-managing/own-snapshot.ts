/**
 * The manager's snapshot of itself: every dirty own page by value, then the self map, then the root page, then
 * state_interval_stable, by which the kernel writes the root page as one record with a barrier. That record is the commit.
 *
 * Until it is durable the maps stand still, and no block that the older root page may name is given up. Then segments that
 * nothing needs are freed, and the log from before `replayFrom` with them.
 */
import {
  actorPorts,
  asInterval,
  asToken,
  diskCalls,
  managerDowncalls,
  type DiskBlock,
  type LogPosition,
  type StateInterval,
} from '@katydid/abi'
import { ask, invariant, run } from '@katydid/actor'
import type { Context } from './context.js'
import type { Folding } from './folding.js'
import { listAnew } from './listing.js'
import { replayFrom } from './replay-from.js'
import { writeRootPage, type RootContainer } from './root-page.js'
import type { Identity } from './identity.js'

/** A map in the table that no container goes by. */
const nobody = { token: asToken(0), folded: asInterval(0), size: 0 }

/** A first root page that did not become durable is tried again after so long. */
const againMs = 250

export class OwnSnapshot {
  readonly #context: Context
  readonly #folding: Folding
  readonly #identity: Identity
  #requested = false
  /** The interval whose snapshot is to be written in the next turn. */
  #due: StateInterval | null = null
  #committing = false
  readonly #waiting: ((done: boolean) => void)[] = []
  /** No root page of ours was durable yet, so nothing of the world can become recoverable. */
  #isMissing: boolean
  #againAtMs = 0

  constructor(context: Context, folding: Folding, identity: Identity, isFresh: boolean) {
    this.#isMissing = isFresh
    this.#context = context
    this.#folding = folding
    this.#identity = identity
  }

  /** A snapshot is under way; the next one waits. */
  get isBusy(): boolean {
    return this.#requested || this.#due !== null || this.#committing
  }

  /** In how many milliseconds the first root page is to be tried again: it may be refused, as while the world goes back. */
  get tryMs(): number {
    if (!this.#isMissing || this.isBusy) return Infinity
    return Math.max(0, this.#againAtMs - this.#context.clock.nowMs())
  }

  /** Asks for a snapshot of ourselves; `whenDone` hears whether it became durable. */
  request(whenDone?: (done: boolean) => void): void {
    if (whenDone !== undefined) this.#waiting.push(whenDone)
    if (this.isBusy) return
    this.#requested = true
    this.#context.writer.bytesSince = 0
    this.#folding.foldsSince = 0
    const args = { cont: this.#identity.own.capability }
    this.#context.messenger.call(
      actorPorts.kernel,
      managerDowncalls.snapshotRequest,
      args,
      (reply) => {
        this.#requested = false
        if (reply.status !== 'ok' && this.#due === null && !this.#committing) this.#finish(false)
      },
    )
  }

  /** container_snapshot of our own container: to be written in the next turn. */
  begin(interval: StateInterval): void {
    if (this.#committing) return
    this.#due = interval
    this.#context.trace.event('snapshot', this.#identity.own.token, interval)
  }

  /** Writes the snapshot that is due, if any. */
  settle(): void {
    if (this.#due === null || this.#committing) return
    const interval = this.#due
    this.#due = null
    const { store, writer } = this.#context
    const { bytesSince } = writer
    const isListed = listAnew(this.#context)
    // Before anything else is written: nothing that is in memory only may be taken as being in the log.
    const from = replayFrom(this.#context)
    invariant(from <= writer.next, 'MG13: the log is replayed from no later than its end', {
      from,
      next: writer.next,
    })
    const status = isListed ? store.writeAll() : 'disk_full'
    // What one snapshot of ourselves writes must not make the next one due.
    writer.bytesSince = bytesSince
    if (status !== 'ok') {
      this.#context.report({
        kind: 'trouble',
        port: this.#context.port,
        status,
        detail: 'the manager cannot write its own pages; it goes on with its older root page',
      })
      this.#finish(false)
      return
    }
    if (from > writer.readFrom) writer.readFrom = from
    this.#writeRoot(interval, from)
    const superseded = store.close(interval)
    this.#committing = true
    this.#folding.suspended = true
    run(this.#context.messenger, this.#commit(interval, from, superseded))
  }

  #writeRoot(interval: StateInterval, from: LogPosition): void {
    const { store, containers, pageBytes } = this.#context
    invariant(!this.#committing, 'MG12: the root page stands still while the kernel writes it', {
      interval,
    })
    const table: RootContainer[] = [...containers.values()].map((container) => ({
      token: container.token,
      mapRoot: container.map.page,
      height: container.map.height,
      history: container.history?.page ?? 0,
      folded: container.folded,
      size: container.size,
    }))
    for (const { map, history } of this.#folding.graveyard)
      table.push({
        ...nobody,
        mapRoot: map.page,
        height: map.height,
        history: history?.page ?? 0,
      })
    const bytes = writeRootPage(
      {
        allocated: store.allocator.allocated,
        freePage: store.allocator.freePage,
        nextToken: this.#identity.nextToken,
        replayFrom: from,
        interval,
        sharedPages: store.refs.total,
        sharedBlocks: store.names.total,
        containers: table,
        selfMap: store.selfMap.places,
      },
      pageBytes,
    )
    store.window.setBytes(0, bytes)
  }

  *#commit(interval: StateInterval, from: LogPosition, superseded: readonly DiskBlock[]) {
    const { messenger, store } = this.#context
    const args = { cont: this.#identity.own.capability, stateInterval: interval, replayFrom: from }
    let reply = yield* ask(messenger, actorPorts.kernel, managerDowncalls.stateIntervalStable, args)
    while (reply.status === 'timed_out')
      reply = yield* ask(messenger, actorPorts.kernel, managerDowncalls.stateIntervalStable, args)
    if (reply.status === 'ok') {
      for (const block of superseded) store.usage.dropOwn(block)
      yield* this.#free(from)
    } else {
      store.keep(superseded)
      this.#context.report({
        kind: 'trouble',
        port: this.#context.port,
        status: reply.status,
        detail: `the manager’s root page is not durable: ${reply.detail}`,
      })
    }
    this.#committing = false
    this.#folding.suspended = false
    this.#finish(reply.status === 'ok')
  }

  *#free(from: LogPosition) {
    const { messenger, writer, store, counters } = this.#context
    const before = writer.pagesSent
    store.usage.takeUnneeded(writer.isAnswered(before))
    // A write that is not answered may lie in a segment that looks unneeded. The disk answers writes in their turn.
    while (!writer.isAnswered(before))
      yield* ask(messenger, this.#identity.disk, diskCalls.diskStatus, {})
    const segments = store.usage.leave()
    if (segments.length > 0) {
      counters.add('segmentsFreed', segments.length)
      yield* ask(messenger, this.#identity.disk, diskCalls.diskFree, { segments })
    }
    // Last: the superblock that this may cause says which segments are free, so that the next opening knows of these too.
    yield* ask(messenger, this.#identity.disk, diskCalls.diskTrim, { from })
  }

  #finish(done: boolean): void {
    if (done) this.#isMissing = false
    else this.#againAtMs = this.#context.clock.nowMs() + againMs
    for (const each of this.#waiting.splice(0)) each(done)
  }
}
