/**
 * How the manager comes up: page sets, its own container (formatted, or from its root page), then its log. The same way
 * for a new world, a killed process and a manager that died in a running world.
 */
import {
  actorPorts,
  asContainer,
  asOffset,
  asToken,
  containerCalls,
  managerDowncalls,
  pageSetCalls,
  type Frame,
  type ManagerBoot,
  type PageSetId,
} from '@katydid/abi'
import { ask, invariant, type Ask } from '@katydid/actor'
import { Lcd } from '@katydid/memory'
import { CannotStart } from '../paging/cannot-start.js'
import type { Context, Surroundings } from './context.js'
import { openPaging } from '../paging/open-paging.js'
import { Identity } from './identity.js'
import type { ManagedContainer } from './managed-container.js'
import { ownLayout } from './own-layout.js'
import { OwnFrames } from './own-frames.js'
import { OwnStore } from './own-store.js'
import type { Grave } from './graves.js'
import { History } from './history.js'
import { Space } from './space.js'
import { rebuild } from './rebuild.js'
import { assertLogReaches } from './log-reaches.js'
import { readRootPage, type RootPage } from './root-page.js'

export interface Started {
  readonly context: Context
  readonly identity: Identity
  readonly ownPageSet: PageSetId
  /** Containers whose maps were being taken apart. */
  readonly graveyard: readonly Grave[]
  readonly space: Space
}

/** At least so many snapshots of itself while it writes as much as the disk holds. */
const diskShare = 16

/** Frames for own pages on a machine with so many: few, since each is one less for everybody else. */
const ownShare = (machineFrames: number): number => Math.min(64, Math.max(4, machineFrames >> 5))

/** User frames that the kernel never asks back. */
const leastFrames = 4

export function* start(
  surroundings: Surroundings,
  boot: ManagerBoot,
): Generator<Ask, Started, unknown> {
  const { region, messenger, options } = surroundings
  const { kernel } = actorPorts
  const { pageBytes } = region.plan.shape
  const port = messenger.port

  const ownCount = options.ownFrames === 0 ? ownShare(region.plan.shape.frames) : options.ownFrames
  invariant(ownCount >= 4, 'MG11: own pages have room for a pinned page and a walk', { ownCount })
  const own = yield* ask(messenger, kernel, pageSetCalls.pageSetCreate, {
    least: ownCount,
  })
  if (own.status !== 'ok') throw new CannotStart('its own page set', own)
  const { disk, ...paging } = yield* openPaging(surroundings, boot, leastFrames)
  const { writer, counters } = paging
  const diskBlocks = (disk.segments + 1) * disk.segmentBlocks
  const layout = ownLayout(pageBytes, boot.own.size, diskBlocks)
  const ownFrames = yield* frames(surroundings, own.pageset, ownCount)

  const opened = yield* ask(messenger, kernel, containerCalls.windowOpen, {
    cont: boot.own.capability,
    base: 0,
    length: layout.end * pageBytes,
  })
  if (opened.status !== 'ok') throw new CannotStart('a window on its own container', opened)
  if (boot.rootPage === null) {
    const args = { cont: boot.own.capability, addr: asOffset(0) }
    const mapped = yield* ask(messenger, kernel, managerDowncalls.mapRootPage, args)
    if (mapped.status !== 'ok') throw new CannotStart('its root page', mapped)
  }
  const lcd = Lcd.open(region, {
    container: asContainer(opened.slot),
    manager: port,
    pageSet: own.pageset,
  })
  const store = new OwnStore({
    region,
    lcd,
    layout,
    read: surroundings.read,
    writer,
    counters,
    token: boot.own.token,
    interval: boot.own.interval,
    table: opened.table,
    segmentBlocks: disk.segmentBlocks,
  })
  store.pages.addFrames(ownFrames)
  // A small disk must be cleaned before it is full, whatever the policy says of large ones.
  const diskBytes = disk.segments * disk.segmentBlocks * disk.blockBytes
  const snapshotBytes = Math.min(options.snapshotBytes, diskBytes / diskShare)
  const containers = new Map<ManagedContainer['token'], ManagedContainer>()
  const context: Context = {
    ...surroundings,
    ...paging,
    options: { ...options, snapshotBytes },
    older: (token, page) => store.maps.get(containers.get(token)!.map, page),
    store,
    sealed: options.serviceLevel === 'transactional',
    ownFrames: new OwnFrames(messenger, own.pageset, store.pages),
    containers,
  }
  const identity = new Identity(boot)
  const root = boot.rootPage === null ? null : rootOf(store.window.getBytes(0, pageBytes))
  if (root !== null) assertLogReaches(root, disk.firstPosition)
  openStore(store, identity, root)
  const emptied = yield* rebuild(context, identity, root)
  store.usage.suspectAll(disk.segments)
  const graveyard: Grave[] = (root?.containers ?? [])
    .filter((each) => each.token === asToken(0))
    .map(({ mapRoot, height, history }) => ({
      map: { page: mapRoot, height },
      history: history === 0 ? null : new History(store.window, pageBytes, history),
    }))
  graveyard.push(...emptied)
  const space = new Space(messenger, boot.disk, writer, disk, options.batchPages)
  return { context, identity, ownPageSet: own.pageset, graveyard, space }
}

function* frames(
  { messenger }: Surroundings,
  pageset: PageSetId,
  pageCount: number,
): Generator<Ask, Frame[], unknown> {
  const got: Frame[] = []
  while (got.length < pageCount) {
    const reply = yield* ask(messenger, actorPorts.kernel, pageSetCalls.pageSetAdd, {
      pageset,
      pageCount: pageCount - got.length,
    })
    if (reply.status !== 'ok') throw new CannotStart(`${pageCount} frames for its own pages`, reply)
    got.push(...reply.frames)
  }
  return got
}

function rootOf(bytes: Uint8Array): RootPage {
  const root = readRootPage(bytes)
  if (typeof root === 'string')
    throw new CannotStart('its root page', { status: 'damaged', detail: root })
  return root
}

function openStore(store: OwnStore, identity: Identity, root: RootPage | null): void {
  // The usage table's places lie in the first page of the self map: it is needed in any case.
  if (root === null) {
    store.pinFor(store.layout.first)
    // Before any position is noted: a disk holds the log for an owner from its first write on, and no root page may need it from before that.
    store.writeAll()
    return
  }
  store.selfMap.places.push(...root.selfMap)
  store.allocator.allocated = root.allocated
  store.allocator.freePage = root.freePage
  store.refs.total = root.sharedPages
  store.names.total = root.sharedBlocks
  identity.nextToken = Math.max(identity.nextToken, root.nextToken)
  for (const [index, { block }] of root.selfMap.entries())
    if (block > 0) store.pinFor(index * store.layout.entries + (index === 0 ? 1 : 0))
  store.countPlaces()
}
