/**
 * What every manager that pages needs at its start: a page set, its disk's log, and the tables over both. The manager adds
 * what it keeps of its own and has a `PagingContext`.
 */
import { actorPorts, diskCalls, pageSetCalls, type ManagerBoot, type ResultOf } from '@katydid/abi'
import { ask, Counters, invariant, type Script } from '@katydid/actor'
import { policyByName } from '../policies/by-name.js'
import { CannotStart } from './cannot-start.js'
import { DiskWriter } from './disk-writer.js'
import { FrameTable } from './frame-table.js'
import type { PagingContext } from './paging-context.js'
import { Reserve } from './reserve.js'
import type { Surroundings } from './surroundings.js'
import { serveTaking } from './taking.js'
import { silentTrace } from './trace.js'

/** A context but for what only the manager knows: its containers, and where their pages stand. */
export type Paging = Omit<PagingContext, 'store' | 'older' | 'sealed' | 'containers'> & {
  readonly disk: ResultOf<typeof diskCalls.diskStatus>
}

/** `least` frames of the set are never asked back. Throws `CannotStart` when the kernel or the disk refuses. */
export function* openPaging(
  surroundings: Surroundings,
  boot: ManagerBoot,
  least: number,
): Script<Paging> {
  const { region, messenger, clock, read, options, trace = silentTrace } = surroundings
  const { pageBytes } = region.plan.shape
  const set = yield* ask(messenger, actorPorts.kernel, pageSetCalls.pageSetCreate, { least })
  if (set.status !== 'ok') throw new CannotStart('its page set', set)
  const disk = yield* ask(messenger, boot.disk, diskCalls.diskStatus, {})
  if (disk.status !== 'ok') throw new CannotStart('its disk', disk)
  invariant(disk.blockBytes === pageBytes, 'DK2: a page is a block of its disk', {
    blockBytes: disk.blockBytes,
    pageBytes,
  })
  const counters = new Counters(region, messenger.port)
  const writer = new DiskWriter(messenger, boot.disk, counters, trace)
  writer.startAfter(disk.lastPosition)
  const policy = policyByName(options.policy, region)
  const frames = new FrameTable(region, policy)
  const reserve = new Reserve(region, messenger, clock, frames, set.pageset, options)
  serveTaking(messenger, { region, frames, reserve })
  const { port } = messenger
  const figures = { pageBytes, policy, options, trace }
  return { region, clock, read, port, counters, frames, reserve, writer, disk, ...figures }
}
