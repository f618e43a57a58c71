/**
 * Local container descriptors: which frame each page of a container shows on this machine, and with what access.
 * These calls are kernel code that runs on the manager's own thread (`Lcd` in the memory room); they are declared
 * here like every other call, so that a descriptor on another machine can be served by the same calls.
 */
import {
  access,
  bool,
  contOffset,
  countOf,
  frame,
  list,
  optional,
  pageSetId,
  record,
  token,
} from '../fields.js'
import { call, group } from '../signature.js'

const lcd = {
  kind: 'local',
  by: 'manager',
  afterCrash: 'Nothing: descriptors are volatile.',
} as const

/** One page to install: the frame that shows it and the access given. */
const installation = record('installation', { offset: contOffset, frame, access })

export const lcdCalls = group(0x240, {
  lcdCreate: call({
    ...lcd,
    name: 'lcd_create',
    doc: 'Open the descriptor of a container that the calling manager manages on this machine.',
    args: { cont: token },
    result: {},
    causes: {},
    idempotent: true,
  }),
  lcdInstall: call({
    ...lcd,
    name: 'lcd_install',
    doc: 'Show frames of the page set at page-aligned offsets. Refused whole, with nothing changed, when a frame is not of the set.',
    args: { cont: token, pageset: pageSetId, pages: list(installation) },
    result: {},
    causes: {
      no_such_container: 'The container does not live, or the caller does not manage it any more.',
      no_such_page_set: 'A frame is not of the page set.',
      bad_argument:
        'An offset is not a multiple of the page size or lies in no open window; the page shows another frame; or the frame is shown elsewhere, or was seen raw in another container.',
    },
    idempotent: true,
  }),
  lcdRemove: call({
    ...lcd,
    name: 'lcd_remove',
    doc: 'Take pages out. The answer names the generation that every locus must acknowledge before the frames are used anew or written.',
    args: { cont: token, offsets: list(contOffset) },
    result: { generation: countOf('removals of the container, modulo 2^32') },
    causes: {},
    idempotent: true,
  }),
  lcdProtect: call({
    ...lcd,
    name: 'lcd_protect',
    doc: 'Take write access from pages. The answer names the generation to be acknowledged before their content may be taken as still.',
    args: { cont: token, offsets: list(contOffset) },
    result: { generation: countOf('removals of the container, modulo 2^32') },
    causes: {},
    idempotent: true,
  }),
  lcdQuery: call({
    ...lcd,
    name: 'lcd_query',
    doc: 'What the page shows: its frame, whether it can be written now, and whether it was touched since the clock hand last passed.',
    args: { cont: token, offset: contOffset },
    result: { frame: optional(frame), writable: bool, referenced: bool },
    causes: {},
    idempotent: true,
  }),
})
