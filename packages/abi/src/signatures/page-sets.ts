/**
 * Page sets: the frames of one machine that a manager may fill. Frames circulate: a manager asks for them,
 * the kernel asks for them back (page_discard), the manager chooses the victims and returns them.
 */
import { countOf, frame, list, pageSetId } from '../fields.js'
import { call, group } from '../signature.js'

const pageSet = {
  kind: 'downcall',
  by: 'manager',
  afterCrash: 'Nothing: page sets are volatile.',
} as const

const notTheirs = {
  no_such_page_set:
    'The caller has no page set of that number: it is another’s, or was never made.',
} as const

export const pageSetCalls = group(0x220, {
  pageSetCreate: call({
    ...pageSet,
    name: 'pageset_create',
    doc: 'Create an empty page set of the calling manager. `least` frames of it are never asked back.',
    args: { least: countOf('frames') },
    result: { pageset: pageSetId },
    causes: {
      no_resource: 'Every page set of the machine is taken, or the caller is no manager that runs.',
    },
    idempotent: false,
  }),
  pageSetAdd: call({
    ...pageSet,
    name: 'pageset_add',
    doc: 'Ask for up to pageCount frames. Answered as soon as at least one can be had; the kernel asks others to discard meanwhile. A granted frame holds anything: fill it before it is installed.',
    args: { pageset: pageSetId, pageCount: countOf('pages') },
    result: { frames: list(frame) },
    causes: {
      ...notTheirs,
      no_frames:
        'No frame is free and no other set holds more than its least; or none came back within 5 s, though others were asked and clean frames taken by force.',
    },
    idempotent: false,
  }),
  pageSetRemove: call({
    ...pageSet,
    name: 'pageset_remove',
    doc: 'Give frames back. No entry shows them, every locus has acknowledged that, and no transfer uses them.',
    args: { pageset: pageSetId, frames: list(frame) },
    result: {},
    causes: {
      ...notTheirs,
      bad_argument:
        'A frame is not of the set, is named twice, is still shown by a page table, has a transfer under way, or was seen raw (eachPage). None was taken.',
    },
    idempotent: false,
  }),
  pageSetSize: call({
    ...pageSet,
    name: 'pageset_size',
    doc: 'How many frames the set holds.',
    args: { pageset: pageSetId },
    result: { frames: countOf('frames') },
    causes: notTheirs,
    idempotent: true,
  }),
})
