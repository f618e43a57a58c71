/**
 * Local container descriptors: which frame each page of a container shows on this machine, and with what access.
 * These calls are kernel code that runs on the manager's own thread (`Lcd` in the memory room); they are declared
 * here like every other call, so that a descriptor on another machine can be served by the same calls.
 */
import {
  access,
  bool,
  contOffset,
  count,
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
    errors: ['no_such_container'],
    idempotent: true,
  }),
  lcdInstall: call({
    ...lcd,
    name: 'lcd_install',
    doc: 'Show frames of the page set at page-aligned offsets. Refused whole, with nothing changed, when a frame is not of the set.',
    args: { cont: token, pageset: pageSetId, pages: list(installation) },
    result: {},
    errors: ['no_such_container', 'no_such_page_set', 'bad_argument'],
    idempotent: true,
  }),
  lcdRemove: call({
    ...lcd,
    name: 'lcd_remove',
    doc: 'Take pages out. The answer names the generation that every locus must acknowledge before the frames are used anew or written.',
    args: { cont: token, offsets: list(contOffset) },
    result: { generation: count },
    errors: ['no_such_container'],
    idempotent: true,
  }),
  lcdProtect: call({
    ...lcd,
    name: 'lcd_protect',
    doc: 'Take write access from pages. The answer names the generation to be acknowledged before their content may be taken as still.',
    args: { cont: token, offsets: list(contOffset) },
    result: { generation: count },
    errors: ['no_such_container'],
    idempotent: true,
  }),
  lcdQuery: call({
    ...lcd,
    name: 'lcd_query',
    doc: 'What the page shows: its frame, whether it can be written now, and whether it was touched since the clock hand last passed.',
    args: { cont: token, offset: contOffset },
    result: { frame: optional(frame), writable: bool, referenced: bool },
    errors: ['no_such_container'],
    idempotent: true,
  }),
})
