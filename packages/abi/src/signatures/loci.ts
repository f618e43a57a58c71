/**
 * Loci: creation by a host or a program, and what a locus's own thread asks of its kernel.
 */
import { allowed, allowedHere, touched } from '../causes.js'
import {
  bool,
  bytes,
  capref,
  countOf,
  json,
  list,
  numberOf,
  oneOf,
  optional,
  record,
  stateInterval,
  text,
} from '../fields.js'
import { call, group } from '../signature.js'
import { program } from './containers.js'

/** When an answer is given: when no crash can undo it any more, or at once. */
export const durabilities = ['recoverable', 'volatile'] as const
export type Durability = (typeof durabilities)[number]

const locusNumber = countOf('number of a locus, never used again')
const byteOffset = numberOf('bytes from the window’s beginning')

/** The answer of a durable invoke that was saved with the locus. */
const heldAnswer = record('held answer', {
  asked: countOf('hash of the block that was given'),
  block: bytes,
})

/** What a locus’s thread is given at its start. */
export const entryPlan = record('entry plan', {
  container: countOf('slot of a container'),
  containerCap: capref,
  size: numberOf('bytes'),
  program,
  block: bytes,
  resumed: bool,
  name: text,
  answer: optional(heldAnswer),
  replay: bool,
  /** It runs what loci of other machines invoke, one after the other. */
  visitor: bool,
})

/** An invocation from another machine, as the thread that runs it is given it. */
export const visitPlan = record('visit', {
  number: numberOf('visit'),
  container: countOf('slot of a container'),
  program,
  block: bytes,
  epoch: numberOf('epoch in which the nested invocation began'),
  mixed: bool,
  /** It runs on the pages of a guest: the container lives on another machine. */
  lent: bool,
})

/** How it ended. */
export const visitEnd = record('end of a visit', {
  number: numberOf('visit'),
  status: text,
  detail: text,
  block: bytes,
})

export const locusCalls = group(0x600, {
  locusCreate: call({
    kind: 'downcall',
    by: 'locus, host',
    name: 'locus_create',
    doc: 'Create a locus that invokes the container with the block. `name` finds it again in the same world; empty for none. `cap` is its master capability, in the caller’s table.',
    args: { cont: capref, block: bytes, name: text },
    result: { locus: locusNumber, cap: capref },
    causes: {
      ...allowedHere('cont', 'invoke'),
      no_invocation_point:
        'set_invocation_point was never called for the container, or was undone.',
      no_manager: 'Nobody manages the container yet, so its first access could not be served.',
      no_resource:
        'Every locus slot has a thread, ended ones among them until they were seen to end; or the caller’s capability table is full.',
      manager_failed:
        'The container has stopped: its manager failed too often and was given up for this session.',
      too_large: 'The block has more than 32 KiB.',
      bad_argument: 'A locus of that name runs already.',
    },
    idempotent: false,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  locusFind: call({
    kind: 'downcall',
    by: 'host',
    name: 'locus_find',
    doc: 'The locus of that name: whether it has ended, how (a status, `end`), and its result block. `cap` is a capability for it; nil when the caller’s table is full.',
    args: { name: text },
    result: {
      locus: locusNumber,
      ended: bool,
      recoverable: bool,
      end: text,
      block: bytes,
      cap: optional(capref),
    },
    causes: {
      no_such_locus:
        'No locus has the name: it was never made, was destroyed, or the world went back to before it was made.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  locusBegin: call({
    kind: 'downcall',
    by: 'locus',
    name: 'locus_begin',
    doc: 'The locus’s thread is up: what shall it enter?',
    args: {},
    result: { plan: entryPlan },
    causes: {
      no_such_locus:
        'The locus was ended while its thread came up, or its capability table has no room for its own container.',
    },
    idempotent: true,
    afterCrash: 'Asked again.',
  }),
  locusEnd: call({
    kind: 'downcall',
    by: 'locus',
    name: 'locus_end',
    doc: 'The outermost invocation has returned this block, or failed with this status and sentence.',
    args: { status: text, detail: text, block: bytes },
    result: {},
    causes: {
      too_large:
        'The block has more than 32 KiB. A program’s own result is looked at before, as it returns.',
    },
    idempotent: true,
    afterCrash:
      'Holds once a snapshot taken after it is recoverable; else the locus runs again from its last safepoint.',
  }),
  locusInvoke: call({
    kind: 'local',
    by: 'locus',
    name: 'invoke',
    doc: 'Invoke a container: the locus moves there and runs its program with the block, passed by value; answers the block it returns. A container of another machine is invoked by messages, and waited for up to `deadlineMs`. `volatile` at once. `recoverable` when no crash can undo the answer: a safepoint from the moment it has arrived, as it is saved with the locus and given to the same call of the program entered again.',
    args: {
      cont: capref,
      block: bytes,
      durable: oneOf('Durability', durabilities),
      deadlineMs: numberOf('milliseconds'),
    },
    result: { block: bytes },
    causes: {
      ...allowed('cont', 'container', 'invoke'),
      unreachable:
        'The container lives on another machine and no answer came by the deadline. Nobody knows whether the invocation was, or will be, carried out.',
      not_supported:
        'The container lives on another machine, and its manager has it run where that cannot be done.',
      no_invocation_point: 'The container has no program to enter.',
      no_manager: 'The container lives on another machine and has no manager there.',
      no_resource:
        'The container lives on another machine, and as many letters of the invoking one as may wait to be received for good.',
      locus_lost:
        'The container lives on another machine, and the thread that ran the invocation there was lost again and again.',
      frozen: 'The container lives on another machine, and this one is stopping.',
      manager_failed:
        'The container has stopped: its manager failed too often and was given up for this session.',
      too_large: 'The block given, or the block the program returned, has more than 32 KiB.',
      view_held: 'The locus is inside eachPage, or the program returned from inside it.',
      lock_held:
        'The locus holds a lock of a standard structure, or the program returned with one held.',
      program_failed:
        'The program threw, threw as it was loaded, or returned what is no block; the sentence has its words.',
      program_is_async: 'The program returned a promise, or its module awaits at its top level.',
      not_a_function: 'The module does not export a function by the entry’s name.',
      no_such_program: 'There is no module at the program’s file URL.',
      access_denied:
        'The invocation that asks is not the one that runs now; or the container lives on another machine and its manager refuses.',
      busy: '`recoverable` is asked for in an invocation inside another, which cannot be saved.',
      bad_argument:
        '`durable` is none of the two; or the program, entered again, gives another block than the call did whose answer was saved.',
      timed_out:
        'The answer has arrived, and was not known to be recoverable after a minute, as the sentence says.',
      io_error: 'The same, as the disk did not take the capture.',
    },
    idempotent: false,
    afterCrash: 'The invoker and the invoked go back together to one consistent state.',
  }),
  locusWait: call({
    kind: 'local',
    by: 'locus',
    name: 'wait',
    doc: 'Wait, keyed by container and offset, until notified, if the word holds the expected value. A safepoint as of its entry.',
    args: {
      offset: byteOffset,
      expected: numberOf('32-bit word'),
      timeoutMs: numberOf('milliseconds'),
    },
    result: {},
    causes: {
      not_equal: 'The word held something else, before the wait or once the key was published.',
      timed_out: 'Nobody notified the key for `timeoutMs`.',
      view_held: 'The locus is inside eachPage.',
      lock_held: 'The locus holds a lock of a standard structure.',
      bad_argument: '`timeoutMs` is negative or no number.',
      ...touched,
    },
    idempotent: true,
    afterCrash: 'The program is entered again at its outermost invocation.',
  }),
  locusNotify: call({
    kind: 'local',
    by: 'locus',
    name: 'notify',
    doc: 'Wake up to `most` loci that wait on the container and offset; answers how many.',
    args: { offset: byteOffset, most: numberOf('loci') },
    result: { woken: countOf('loci') },
    causes: touched,
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
  worldSnapshot: call({
    kind: 'downcall',
    by: 'host',
    name: 'world_snapshot',
    doc: 'Capture every container of the world together; with `durable`, answer when the cut is recoverable. With `keep`, its line is one of those kept, where the world keeps any.',
    args: { durable: bool, keep: bool },
    result: { capture: numberOf('number of a capture, from 1') },
    causes: {
      busy: 'A locus did not come to rest within 2 s, or 64 captures already wait to become recoverable. Nothing changed.',
      frozen:
        'The world is stopping, being recovered or about to go back to its line, or went back before the capture was recoverable.',
      manager_failed:
        'A manager refused container_snapshot or did not answer within 2 s; with `durable` also: the snapshots were not stable within 60 s.',
      io_error:
        'With `durable`: the disk did not take the capture’s record; the sentence says whether it is full or has failed.',
    },
    idempotent: true,
    afterCrash: 'With durable: the world comes back at this cut or a later one.',
  }),
  worldStatus: call({
    kind: 'downcall',
    by: 'host',
    name: 'world_status',
    doc: 'Containers, loci, intervals, page sets and the line, as data.',
    args: {},
    result: {
      containers: list(
        record('container', {
          name: text,
          size: numberOf('bytes'),
          interval: stateInterval,
          recoverable: stateInterval,
          manager: text,
          state: oneOf('container state', ['live', 'failed']),
          program: optional(program),
        }),
      ),
      loci: list(
        record('locus', {
          locus: locusNumber,
          name: text,
          state: text,
          container: text,
          faults: numberOf('faults since its thread came up'),
        }),
      ),
      report: json,
    },
    causes: {},
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
  locusDestroy: call({
    kind: 'downcall',
    by: 'locus, host',
    name: 'locus_destroy',
    doc: 'End the locus and forget it; its thread is stopped at once and its name is free. One that is at rest leaves everything else as it is. One that is not may have left something half done: its containers go back, with whatever depends on what is lost with it, and the locus is gone. Suspend it first to be sure of the former. Needs the right to destroy.',
    args: { locus: capref },
    result: {},
    causes: allowed('locus', 'locus', 'destroy'),
    idempotent: true,
    afterCrash:
      'Holds once a snapshot taken after it is recoverable; a rollback before that brings it back.',
  }),
  locusSuspend: call({
    kind: 'downcall',
    by: 'locus, host',
    name: 'locus_suspend',
    doc: 'The locus stays at its next safepoint until it is resumed. `atRest` says whether it stands still already: then it does not run another instruction before that. Twice is once. Needs the right to suspend.',
    args: { locus: capref },
    result: { atRest: bool },
    causes: allowed('locus', 'locus', 'suspend'),
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  locusResume: call({
    kind: 'downcall',
    by: 'locus, host',
    name: 'locus_resume',
    doc: 'The locus goes on if it was suspended. Needs the right to suspend.',
    args: { locus: capref },
    result: {},
    causes: allowed('locus', 'locus', 'suspend'),
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  locusAnswered: call({
    kind: 'downcall',
    by: 'locus',
    name: 'locus_answered',
    doc: 'The answer of the locus’s durable invoke of that number has arrived: it is saved with the locus until the call is over. `asked` is a hash of the block that was given.',
    args: {
      number: countOf('durable invokes of the locus, from 1'),
      asked: countOf('hash of the block that was given'),
      block: bytes,
    },
    result: {},
    causes: {
      too_large: 'The block has more than 32 KiB.',
      bad_argument:
        'The number is not one more than the durable invokes that are over (durableCalls).',
      no_such_locus: 'The locus has ended.',
    },
    idempotent: true,
    afterCrash: 'A capture taken from then on holds the answer; without one the invoke never was.',
  }),
  locusStabilise: call({
    kind: 'downcall',
    by: 'locus',
    name: 'locus_stabilise',
    doc: 'Answer when all that the locus has done and was told is recoverable: when the line has its container’s present interval. The locus rests meanwhile, and many that wait share one capture.',
    args: {},
    result: {},
    causes: {
      no_such_locus: 'The locus has ended.',
      busy: 'Something in its container, or in one it has heard of, did not come to rest in time; or too many captures wait for the disk.',
      frozen: 'The world went, or goes, back to its line.',
      manager_failed: 'A manager took no snapshot, or did not make it stable in time.',
      io_error: 'The disk did not take the capture.',
    },
    idempotent: true,
    afterCrash: 'What the locus did before is there.',
  }),
  remoteInvoke: call({
    kind: 'downcall',
    by: 'locus',
    name: 'remote_invoke',
    doc: 'Invoke a container of another machine: the block goes there in a letter, its program is run where its manager says, and the answer comes back in a letter. `end`, `detail` and `block` are how it ended there. `epoch` and `mixed` are those of the nested invocation that it is part of.',
    args: {
      cap: capref,
      block: bytes,
      epoch: numberOf('epoch in which the nested invocation began'),
      mixed: bool,
      deadlineMs: numberOf('milliseconds'),
    },
    result: { end: text, detail: text, block: bytes },
    causes: {
      ...allowed('cap', 'container', 'invoke'),
      not_supported:
        'The container’s manager has it run on a machine that has no support for it, or serves it on one machine only; or the invoker is in a container of another machine itself.',
      access_denied: 'The container’s manager refuses invocations from this machine.',
      no_manager: 'Nobody manages the container.',
      manager_failed: 'The container’s manager was given up, or did not say what is to be done.',
      bad_argument: 'The container is one of this machine, or the deadline is no time.',
      too_large: 'The block has more than 32 KiB.',
      no_resource: 'As many letters of the invoking container as may wait to be received for good.',
      frozen: 'The machine is stopping.',
      unreachable:
        'No answer came by the deadline. Nobody knows whether the invocation was, or will be, carried out.',
    },
    idempotent: false,
    afterCrash: 'The invoker and the invoked go back together to one consistent state.',
  }),
  visitNext: call({
    kind: 'downcall',
    by: 'locus',
    name: 'visit_next',
    doc: 'A locus that runs invocations from other machines says how the last one ended, if there was one, and is given the next; nil: none came, and its thread ends. `leaves`: it takes no other.',
    args: { done: optional(visitEnd), leaves: bool },
    result: { visit: optional(visitPlan) },
    causes: { no_such_locus: 'The thread was not started to run such invocations.' },
    idempotent: false,
    afterCrash: 'What was under way is run again from the letter.',
  }),
})
