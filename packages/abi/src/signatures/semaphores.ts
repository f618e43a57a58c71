/**
 * Counting semaphores: kernel objects by which loci wait for each other across containers, fair and first come first served.
 */
import { allowed } from '../causes.js'
import { capref, numberOf } from '../fields.js'
import { call, group } from '../signature.js'

const semaphore = { kind: 'downcall', by: 'locus, host' } as const
const durable = 'Holds once a snapshot taken after it is recoverable.'

/** The highest count a semaphore can have. */
export const maxSemaphoreCount = 2 ** 31 - 1

export const semaphoreCalls = group(0x700, {
  semaphoreCreate: call({
    ...semaphore,
    name: 'semaphore_create',
    doc: 'Create a semaphore with that count, 0 to 2^31 - 1, and its master capability for the caller.',
    args: { initial: numberOf('signals') },
    result: { sem: capref },
    causes: {
      bad_argument: '`initial` is not a whole number from 0 to 2^31 - 1.',
      no_resource:
        'The machine has as many semaphores as it can and a capability or a waiting locus names each, or the caller’s table is full.',
    },
    idempotent: false,
    afterCrash: durable,
  }),
  semaphoreP: call({
    ...semaphore,
    name: 'semaphore_p',
    doc: 'Take one off the count, waiting for it at most `timeoutMs` (infinite: until there is one), in the order in which loci came. Needs the right `wait`. At the outermost invocation it is a safepoint as of its entry.',
    args: { sem: capref, timeoutMs: numberOf('milliseconds') },
    result: {},
    causes: {
      ...allowed('sem', 'semaphore', 'wait'),
      entity_gone:
        'The semaphore was destroyed, before the call or while the caller waited, or the permission group of `sem` was.',
      bad_argument: '`timeoutMs` is negative or no number.',
      timed_out: 'The count stayed 0 for `timeoutMs`, or those who came earlier took what came.',
      frozen: 'The world went back to its line while the caller waited.',
      view_held: 'Answered on the locus’s own thread: it is inside eachPage.',
      lock_held: 'Answered on the locus’s own thread: it holds a lock of a standard structure.',
    },
    idempotent: false,
    afterCrash:
      'The count and the program go back together: a program that is entered again has not taken what it takes again.',
  }),
  semaphoreV: call({
    ...semaphore,
    name: 'semaphore_v',
    doc: 'Add n, at least 1, to the count; who has waited longest goes on first. Needs the right `signal`.',
    args: { sem: capref, n: numberOf('signals') },
    result: {},
    causes: {
      ...allowed('sem', 'semaphore', 'signal'),
      bad_argument: '`n` is not a whole number from 1 on, or the count would be above 2^31 - 1.',
    },
    idempotent: false,
    afterCrash: durable,
  }),
  semaphoreDestroy: call({
    ...semaphore,
    name: 'semaphore_destroy',
    doc: 'Destroy the semaphore: every capability to it dies at once, and who waits for it is told `entity_gone`.',
    args: { sem: capref },
    result: {},
    causes: allowed('sem', 'semaphore', 'destroy'),
    idempotent: true,
    afterCrash: durable,
  }),
})
