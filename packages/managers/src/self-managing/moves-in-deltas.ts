/**
 * Blocks that open deltas and unfolded versions name, when they are moved: no map says where they stand, so the delta is listed in the log, with
 * its commit or before our next root page. Until that is durable the older block is not written anew.
 *
 * Left alone: what is being written, committed or folded at the moment. It has another place soon, or a map has it.
 */
import type { diskCalls, ResultOf } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Delta } from '../paging/delta.js'
import type { Context } from './context.js'
import type { PagePlace } from './place.js'

type Described = ResultOf<typeof diskCalls.diskSegment>['pages'][number]

/** Deltas whose page stands there and may be moved. */
export function deltasNaming(
  { containers }: Context,
  { cont, page, block }: Described,
): readonly Delta[] {
  const container = containers.get(cont)
  if (container === undefined) return []
  return [container.open, ...container.versions].filter(
    (each) => each.places.get(page)?.block === block && isStill(each) && !each.newest.has(page),
  )
}

const isStill = ({ commit, recoverable }: Delta): boolean =>
  commit === 'none' || (commit === 'durable' && !recoverable)

/** The page stands at `to` from now on, in each that still names the older block. */
export function moveInDeltas(context: Context, page: Described, to: PagePlace): void {
  const { usage } = context.store
  for (const delta of deltasNaming(context, page)) {
    invariant(to.block !== page.block, 'MG142: a copy stands elsewhere', { block: to.block })
    usage.count(to.block)
    delta.places.set(page.page, to)
    delta.mustList = true
    usage.drop(page.block)
  }
}

/** What is dirty in memory is newer than what stands there of the same interval: that is needed by nobody. */
export function giveUpOld(context: Context, page: Described): void {
  for (const delta of deltasNaming(context, page)) {
    if (delta.commit !== 'none' || !delta.dirty.has(page.page)) continue
    invariant(!delta.dropped, 'MG142: what was dropped names nothing', { page: page.page })
    delta.places.delete(page.page)
    context.store.usage.drop(page.block)
  }
}
