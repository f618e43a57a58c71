/**
 * Logged inputs: what came into a container whose level is `logging` or `deterministic`, so that its states between two snapshots
 * can be had again by running what came in. Made by the kernel's own code on the locus's thread, never by programs.
 */
import {
  bool,
  bytes,
  capref,
  countOf,
  list,
  numberOf,
  oneOf,
  optional,
  record,
  text,
} from '../fields.js'
import { call, group } from '../signature.js'
import { statuses } from '../status.js'

/** The longest input that is logged, packed: a message of a locus has to hold it. What is longer cannot be logged. */
export const maxInputBytes = 112 * 1024
/** Draws of time that one input holds. */
export const maxInputTimes = 4096

/** What an outgoing invocation of a visit was answered. */
const loggedCall = record('logged call', {
  cap: capref,
  asked: countOf('hash of the block that was given'),
  status: oneOf('Status', statuses),
  detail: text,
  block: bytes,
})

/** One visit: a stay of a locus in a logged container, from its arrival until it has left. */
export const loggedInput = record('logged input', {
  sender: countOf('unit of the container it came from'),
  sent: numberOf('the sender’s interval in the stamp'),
  locus: countOf('number of a locus'),
  name: text,
  block: bytes,
  /** 16 bytes; none where the visit drew nothing. Fewer, and two visits would draw the same unique numbers. */
  seed: bytes,
  times: list(numberOf('milliseconds')),
  calls: list(loggedCall),
  status: oneOf('Status', statuses),
  detail: text,
  result: bytes,
  messages: countOf('hash of all that left: destinations and blocks of calls, and the result'),
})

const byLocus = { kind: 'downcall', by: 'locus' } as const

export const inputCalls = group(0x850, {
  inputLogged: call({
    ...byLocus,
    name: 'input_logged',
    doc: 'A visit of a logged container has ended: its input, or why it cannot be logged. Made while the visit’s turn is held, after the stamp of its return was taken and before the return is received. `point` says whether it can be gone back to from now on; else the container goes back to snapshots only until its next one.',
    args: {
      cont: countOf('slot of a container'),
      input: optional(loggedInput),
      why: text,
    },
    result: { point: bool },
    causes: {
      no_such_locus: 'The locus has ended.',
      bad_argument:
        'The container is not logged, the caller does not hold its turn, or the input names no unit, more draws of time or more bytes than an input may have.',
    },
    idempotent: false,
    afterCrash:
      'The visit is run again from the log once that is on the disk; else it never was, and nothing that depends on it.',
  }),
  replayNext: call({
    ...byLocus,
    name: 'replay_next',
    doc: 'A locus that replays has run the input before, and tells what differed (nil: nothing); answers the next input, nil after the last.',
    args: { problem: optional(text) },
    result: { input: optional(loggedInput) },
    causes: { no_such_locus: 'The locus does not replay, or not any more.' },
    idempotent: false,
    afterCrash: 'The next start replays from the snapshot again.',
  }),
})
