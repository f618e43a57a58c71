/**
 * Page sets: the frames of one machine that a manager may fill. Frames circulate: a manager asks for them,
 * the kernel asks for them back (page_discard), the manager chooses the victims and returns them.
 */
import { count, frame, list, pageSetId } from '../fields.js'
import { call, group } from '../signature.js'

const pageSet = {
  kind: 'downcall',
  by: 'manager',
  afterCrash: 'Nothing: page sets are volatile.',
} as const

export const pageSetCalls = group(0x220, {
  pageSetCreate: call({
    ...pageSet,
    name: 'pageset_create',
    doc: 'Create an empty page set of the calling manager. `least` frames of it are never asked back.',
    args: { least: count },
    result: { pageset: pageSetId },
    errors: ['no_resource'],
    idempotent: false,
  }),
  pageSetAdd: call({
    ...pageSet,
    name: 'pageset_add',
    doc: 'Ask for up to pageCount frames. Answered as soon as at least one can be had; the kernel asks others to discard meanwhile. A granted frame holds anything: fill it before it is installed.',
    args: { pageset: pageSetId, pageCount: count },
    result: { frames: list(frame) },
    errors: ['no_such_page_set', 'no_frames'],
    idempotent: false,
  }),
  pageSetRemove: call({
    ...pageSet,
    name: 'pageset_remove',
    doc: 'Give frames back. No entry shows them, every locus has acknowledged that, and no transfer uses them.',
    args: { pageset: pageSetId, frames: list(frame) },
    result: {},
    errors: ['no_such_page_set', 'bad_argument'],
    idempotent: false,
  }),
  pageSetSize: call({
    ...pageSet,
    name: 'pageset_size',
    doc: 'How many frames the set holds.',
    args: { pageset: pageSetId },
    result: { frames: count },
    errors: ['no_such_page_set'],
    idempotent: true,
  }),
})
