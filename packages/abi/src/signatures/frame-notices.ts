/**
 * What a kernel tells a manager whose frames it takes by force. Served by whoever pages; a manager that does not know the call
 * keeps its frames.
 */
import { frame, list, pageSetId } from '../fields.js'
import { call, group } from '../signature.js'

export const frameNotices = group(0x190, {
  framesTaken: call({
    kind: 'upcall',
    by: 'kernel',
    name: 'frames_taken',
    doc: 'The kernel has taken all access to these frames of the page set: nobody touched them of late, and they were never shown for writing. Forget those that hold nothing but what the disk has, and answer with them: they are not the manager’s from then on. The others are shown again at their next fault.',
    args: { pageset: pageSetId, frames: list(frame) },
    result: { frames: list(frame) },
    causes: {
      no_such_page_set:
        'The set is not one of which the manager lets frames go: it keeps its own pages there, or does not know it. All frames stay with it.',
    },
    idempotent: true,
    afterCrash: 'Nothing: page sets are volatile.',
  }),
})
