/**
 * What a call may answer: a closed list of words, each with what it means and what to do.
 *
 * A status other than `ok` is the world being itself; a bug of ours is an `InvariantViolation` and
 * never a status. Each call declares those it may answer. The order is the wire's: add at the end only.
 */
export const statusTable = {
  ok: 'Done.',
  invalid_capref:
    'The capability reference names nothing in the caller’s tables. Use one the kernel gave you.',
  wrong_type: 'The capability names another kind of thing than the call needs.',
  right_missing:
    'The capability lacks the right that the call needs. Ask its giver for one that has it.',
  entity_gone: 'The thing was destroyed; every capability to it died with it.',
  bad_argument: 'An argument is outside what the call accepts; the sentence says which.',
  too_large:
    'The block, window or request is larger than the limit; the sentence says which limit.',
  no_resource: 'A fixed table or pool of the machine is full. Raise its limit or free some.',
  not_supported: 'This manager or machine does not offer the call.',
  no_such_container: 'No container goes by that token or name.',
  no_such_page_set: 'No page set of the caller goes by that number.',
  no_such_interval: 'The container has no such state interval.',
  no_such_locus: 'No locus goes by that number.',
  no_such_block: 'The block was never written, or was freed.',
  no_such_program: 'The program’s module cannot be found.',
  no_manager:
    'The container has no manager, so nobody can supply its pages. Adopt it first (manage_request).',
  no_invocation_point:
    'The container has no invocation point, so it cannot be invoked. Set one first.',
  access_denied: 'The manager does not allow this access to the page.',
  out_of_window: 'The access leaves the window. Open a window that covers it.',
  misaligned: 'The offset is not a multiple of the value’s size.',
  view_held:
    'A view of real memory is held; a safepoint, invoke or wait must come after eachPage has returned.',
  lock_held:
    'A lock of a standard structure is held; release it before a safepoint, blocking call or return.',
  not_equal: 'The word does not hold the expected value; nobody waited.',
  busy: 'A locus did not come to rest within the deadline; nothing was changed. Try again, or call safepoint() more often.',
  most_recent_recoverable: 'It is the most recent recoverable snapshot, which must be kept.',
  manager_failed:
    'The manager answered wrongly, or not in time, or died; the kernel gave up after bounded tries.',
  no_frames: 'No page frame could be had in time. Give the machine more frames.',
  program_is_async:
    'The program returned a promise. Programs are synchronous: do foreign asynchronous work outside the world.',
  program_failed: 'The program’s module or entry threw; the sentence has its message.',
  program_changed:
    'The program’s content differs from what the world recorded. Accept the new content explicitly.',
  not_a_function: 'The module does not export an entry function. Export a default function.',
  locus_lost:
    'The locus died between safepoints; its container is back at its newest recoverable state.',
  locus_stalled: 'The locus was silent for too long and was ended.',
  timed_out: 'No answer came before the deadline.',
  unreachable: 'The other machine cannot be reached.',
  actor_gone: 'The actor asked has died; its successor does not know of the request. Ask again.',
  bad_message: 'The message does not have the declared shape and was refused.',
  io_error: 'The disk refused a read, write or barrier; the sentence has the system’s words.',
  disk_full:
    'The disk is full of what is needed. Destroy containers, keep fewer snapshots, or make a larger disk.',
  checksum_mismatch: 'Stored bytes do not match their checksum: the block is damaged.',
  damaged: 'Stored state is damaged; the sentence says what was lost.',
  world_in_use: 'Another process has the world open. Stop it first.',
  world_version: 'The world was written by another version of Katydid.',
  not_a_world: 'The directory is not a Katydid world.',
  frozen: 'The world is being captured or recovered. Try again.',
  closed: 'The world, disk or channel is closed.',
  mapping_cycle:
    'The source is the container itself or is supplied by it in the end; mappings must not run in a circle.',
  already_mapped: 'Something is mapped into that range already. Unmap it first.',
  not_mapped: 'Nothing is mapped into exactly that range.',
  conflict:
    'The transaction gave way to an older one in a deadlock; nothing of it is left. Try it again.',
  transaction_open: 'A transaction is open; do this before or after it.',
  wrong_world:
    'The other machine belongs to another world, or goes by another number than it was asked under.',
} as const

/** One word of the closed list. */
export type Status = keyof typeof statusTable

/** All statuses in wire order; a status's code is its index here. */
export const statuses = Object.keys(statusTable) as readonly Status[]

const codes = new Map<Status, number>(statuses.map((status, code) => [status, code]))

/** The number that stands for `status` on the wire and in shared words. */
export function statusCode(status: Status): number {
  return codes.get(status)!
}

/** The status with that number, or `bad_message` when there is none. */
export function statusOf(code: number): Status {
  return statuses[code] ?? 'bad_message'
}
