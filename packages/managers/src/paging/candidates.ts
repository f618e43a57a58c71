/** What a replacement policy may ask of the frames: which may go, which would have to be written, which were touched. */
import { invariant } from '@katydid/actor'
import type { Candidates } from '../policies/policy.js'
import { frameStates } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'
import type { PagingContext } from './paging-context.js'

/** What an open transaction wrote stays in memory: nothing of it goes to the disk before it commits. */
const isUncommitted = (container: PagedContainer, page: number): boolean =>
  container.below !== null && container.open.dirty.has(page)

export function candidatesOf({ frames, pageBytes }: PagingContext): Candidates {
  const holder = (frame: Parameters<Candidates['allows']>[0]) => {
    const container = frames.container(frame)
    invariant(container !== null, 'MG5: a candidate for eviction holds a page', { frame })
    return container
  }
  return {
    allows: (frame) =>
      frames.state(frame) === frameStates.shown &&
      !frames.isBusy(frame) &&
      holder(frame).sharedBy(frames.page(frame)) === undefined &&
      !isUncommitted(holder(frame), frames.page(frame)),
    isDirty: (frame) => holder(frame).open.dirty.has(frames.page(frame)),
    // The clock hand's own way: the present bit is cleared, and the next access sets it again on the locus's thread.
    wasTouched: (frame) => holder(frame).lcd!.ageOut(frames.page(frame) * pageBytes),
  }
}
