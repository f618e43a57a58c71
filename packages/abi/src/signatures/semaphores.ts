/**
 * Counting semaphores: kernel objects by which loci wait for each other across containers, fair and first come first served.
 */
import { capref, count, list, number, record } from '../fields.js'
import { call, group } from '../signature.js'

const capabilityErrors = ['invalid_capref', 'wrong_type', 'right_missing', 'entity_gone'] as const
const semaphore = { kind: 'downcall', by: 'locus, host' } as const
const durable = 'Holds once a snapshot taken after it is recoverable.'

/** The highest count a semaphore can have. */
export const maxSemaphoreCount = 2 ** 31 - 1

/** What a semaphore passes on with a count: the interval in which a container signalled. */
const receipt = record('receipt', { container: count, generation: count, interval: number })

export const semaphoreCalls = group(0x700, {
  semaphoreCreate: call({
    ...semaphore,
    name: 'semaphore_create',
    doc: 'Create a semaphore with that count, 0 to 2^31 - 1, and its master capability for the caller.',
    args: { initial: number },
    result: { sem: capref },
    errors: ['bad_argument', 'no_resource'],
    idempotent: false,
    afterCrash: durable,
  }),
  semaphoreP: call({
    ...semaphore,
    name: 'semaphore_p',
    doc: 'Take one off the count, waiting for it at most `timeoutMs` (infinite: until there is one), in the order in which loci came. Needs the right `wait`. At the outermost invocation it is a safepoint as of its entry. `receipts` say what the count came from: the caller’s container depends on it from now on.',
    args: { sem: capref, timeoutMs: number },
    result: { receipts: list(receipt) },
    errors: [...capabilityErrors, 'bad_argument', 'timed_out', 'frozen', 'view_held', 'lock_held'],
    idempotent: false,
    afterCrash:
      'The count and the program go back together: a program that is entered again has not taken what it takes again.',
  }),
  semaphoreV: call({
    ...semaphore,
    name: 'semaphore_v',
    doc: 'Add n, at least 1, to the count; who has waited longest goes on first. Needs the right `signal`.',
    args: { sem: capref, n: number },
    result: {},
    errors: [...capabilityErrors, 'bad_argument'],
    idempotent: false,
    afterCrash: durable,
  }),
  semaphoreDestroy: call({
    ...semaphore,
    name: 'semaphore_destroy',
    doc: 'Destroy the semaphore: every capability to it dies at once, and who waits for it is told `entity_gone`.',
    args: { sem: capref },
    result: {},
    errors: capabilityErrors,
    idempotent: true,
    afterCrash: durable,
  }),
})
