/**
 * What programs print: a line is held by the kernel until no crash can undo it, is told by the console driver, and is not told again.
 */
import { allowedHere } from '../causes.js'
import {
  bool,
  capref,
  countOf,
  list,
  numberOf,
  oneOf,
  record,
  stateInterval,
  text,
} from '../fields.js'
import { call, group } from '../signature.js'
import { durabilities } from './loci.js'

/** Longest line, in bytes of UTF-8. */
export const maxLineBytes = 16 * 1024

const sequence = numberOf('recoverable lines of the container, from 1')

/** A line and where it is from. */
const outputLine = record('output line', {
  container: text,
  slot: countOf('slot of the container'),
  generation: countOf('generation of the container'),
  incarnation: countOf('incarnation of the container'),
  interval: stateInterval,
  sequence,
  locus: text,
  text,
})

const toldLine = record('told line', { sequence, interval: stateInterval, text })

export const outputCalls = group(0x800, {
  outputPrint: call({
    kind: 'downcall',
    by: 'locus',
    name: 'output_print',
    doc: 'Print a line on the console. `recoverable`: it is held until the line has the interval in which its container is now, goes back with the container before that, and is told in order of `sequence`, which no other line of the container ever has. `volatile`: it is told at once, marked as such, and again when the program goes back over it; its sequence is 0.',
    args: { text, durable: oneOf('Durability', durabilities) },
    result: { sequence },
    causes: {
      too_large: 'The line has more than 16 KiB.',
      no_resource:
        'As many lines of the container wait as are held at most: the line does not move, or nobody takes what is told. Come to a safepoint and try again.',
      no_such_locus: 'The locus has ended.',
    },
    idempotent: false,
    afterCrash:
      'A recoverable line is in every capture of its container taken from then on, and is told once that is on the line.',
  }),
  outputSettled: call({
    kind: 'downcall',
    by: 'host',
    name: 'output_settled',
    doc: 'Answer when every line that can be told has been told.',
    args: {},
    result: {},
    causes: { busy: 'Not all were told within 2 s: nobody takes them.' },
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
  outputReleased: call({
    kind: 'downcall',
    by: 'host',
    name: 'output_released',
    doc: 'What the container has told of later intervals than that one, and what its going back there would therefore not undo: how many lines, and the newest of them, cut after 120 characters. `isCounted` is false when there are more than the kernel remembers; then `count` is the least there can be.',
    args: { cont: capref, after: stateInterval },
    result: { count: countOf('lines'), isCounted: bool, lines: list(toldLine) },
    causes: allowedHere('cont', 'read'),
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
})

/** What the kernel asks of the console driver. */
export const consoleCalls = group(0x4a0, {
  consoleWrite: call({
    kind: 'device',
    by: 'kernel',
    name: 'console_write',
    doc: 'Tell these lines, of each container in their order. Answers as soon as somebody has taken some of them, with their places in the list; with none after 5 s. One that was given before and is given again is told once.',
    args: { lines: list(outputLine) },
    result: { told: list(countOf('place in the list, from 0')) },
    causes: {},
    idempotent: true,
    afterCrash:
      'What was told stays so. What the kernel had not noted as told before a crash is told again, with the same sequence.',
  }),
  consoleShow: call({
    kind: 'device',
    by: 'kernel',
    name: 'console_show',
    doc: 'Tell this volatile line now.',
    args: { line: outputLine },
    result: {},
    causes: {},
    idempotent: false,
    afterCrash: 'Nothing.',
  }),
})
