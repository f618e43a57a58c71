/** From the root page's table and the log from `replayFrom` on, the containers as they were: maps, and versions with complete commits. */
import {
  asInterval,
  asPosition,
  asToken,
  diskCalls,
  type LogPosition,
  type Reply,
} from '@katydid/abi'
import { ask, invariant, type Ask } from '@katydid/actor'
import type { Context } from './context.js'
import { Delta } from '../paging/delta.js'
import type { Identity } from './identity.js'
import type { Grave } from './graves.js'
import { History } from './history.js'
import { LogReplay, type FoundContainer } from './log-replay.js'
import { readRecord } from './log-records.js'
import { ManagedContainer } from './managed-container.js'
import { CannotStart } from '../paging/cannot-start.js'
import type { RootPage } from './root-page.js'

const scanLimit = 1024

/** Fills `context.containers`; answers what is to be taken apart. Throws `CannotStart` when the log cannot be read. */
export function* rebuild(
  context: Context,
  identity: Identity,
  root: RootPage | null,
): Generator<Ask, Grave[], unknown> {
  const { containers } = context
  const graves: Grave[] = []
  for (const entry of root?.containers ?? []) {
    if (entry.token === asToken(0)) continue
    const history =
      entry.history === 0
        ? null
        : new History(context.store.window, context.pageBytes, entry.history)
    const container = new ManagedContainer(entry.token, history?.began !== 'opened')
    container.history = history
    container.takenMs = history?.takenMs ?? 0
    container.isFork = history !== null && history.began !== 'alone'
    container.size = entry.size
    container.folded = entry.folded
    container.map.page = entry.mapRoot
    container.map.height = entry.height
    containers.set(entry.token, container)
  }
  // Positions begin at 1: before its first root page is stable a manager has all of its log to read.
  const from = root?.replayFrom ?? asPosition(1)
  const replay = new LogReplay((token) => containers.get(token)?.folded ?? asInterval(0))
  context.writer.readFrom = from
  yield* scan(context, identity, from, replay)
  for (const token of replay.destroyed) {
    containers.delete(token)
    identity.noteToken(token)
  }
  for (const [token, found] of replay.containers) {
    identity.noteToken(token)
    const container = containers.get(token) ?? new ManagedContainer(token)
    containers.set(token, container)
    if (found.emptied && container.writable) graves.push(emptied(container))
    restore(context, container, found, from)
  }
  return graves
}

function* scan(
  { messenger, writer, pageBytes }: Context,
  identity: Identity,
  from: LogPosition,
  replay: LogReplay,
): Generator<Ask, void, unknown> {
  for (let cursor: number | null = 0; cursor !== null;) {
    const found: Reply<(typeof diskCalls)['diskScan']> = yield* ask(
      messenger,
      identity.disk,
      diskCalls.diskScan,
      {
        from,
        cursor,
        limit: scanLimit,
      },
    )
    if (found.status !== 'ok') throw new CannotStart('its log', found)
    // What was read now is read again at the next start, until a snapshot of our own makes it needless.
    writer.bytesSince += found.pages.length * pageBytes
    for (const page of found.pages) if (page.cont !== identity.own.token) replay.page(page)
    for (const each of found.records) {
      const record = readRecord(each.kind, each.content)
      if (record !== null) replay.record(record)
    }
    cursor = found.next
  }
}

/** The container is the empty one, whatever its map showed. */
function emptied(container: ManagedContainer): Grave {
  const { map, history } = container
  const grave = { map: { page: map.page, height: map.height }, history }
  invariant(
    container.versions.length === 0,
    'MG10: a map is emptied before versions stand over it',
    {
      token: container.token,
    },
  )
  Object.assign(map, { page: 0, height: 0 })
  container.history = null
  container.folded = asInterval(0)
  container.takenMs = 0
  return grave
}

function restore(
  context: Context,
  container: ManagedContainer,
  found: FoundContainer,
  from: LogPosition,
): void {
  if (found.size > 0) container.size = found.size
  for (const interval of found.dropped) container.dropped.add(interval)
  container.retainAsked = found.retain
  for (const { interval, takenMs, places } of found.versions) {
    invariant(interval > container.label, 'SI1: names of snapshots rise', {
      interval,
      label: container.label,
    })
    const version = new Delta()
    version.close(interval)
    version.takenMs = takenMs
    version.commit = 'durable'
    version.commitAttempted = true
    version.began(from)
    for (const [page, place] of places) {
      version.places.set(page, place)
      context.store.usage.count(place.block)
    }
    container.versions.push(version)
  }
  if (found.brokenAt === null) return
  const detail = `snapshot ${found.brokenAt} of container ${container.token} is damaged in the log; it goes back to ${container.label}`
  context.report({ kind: 'trouble', port: context.port, status: 'damaged', detail })
}
