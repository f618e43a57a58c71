/**
 * Containers and the capabilities to them.
 */
import { bool, capref, count, list, number, optional, record, text } from '../fields.js'
import { call, group } from '../signature.js'

const container = { kind: 'downcall', by: 'locus, manager, host' } as const
const capabilityErrors = ['invalid_capref', 'wrong_type', 'right_missing', 'entity_gone'] as const
const durable = 'Holds once a snapshot taken after it is recoverable.'

/** A program: its module's file URL, the export that is its entry, and the hash of its content. */
export const program = record('program', { module: text, entry: text, hash: text })

export const containerCalls = group(0x500, {
  containerCreate: call({
    ...container,
    name: 'container_create',
    doc: 'Create a container of at most `size` bytes (a multiple of the page size). It has no manager, no invocation point and no mappings. `name` finds it again in the same world; empty for none.',
    args: { size: number, name: text },
    result: { cont: capref },
    errors: ['bad_argument', 'no_resource'],
    idempotent: false,
    afterCrash: durable,
  }),
  containerFind: call({
    ...container,
    by: 'host',
    name: 'container_find',
    doc: 'A capability for the container of that name.',
    args: { name: text },
    result: { cont: capref, size: number, program: optional(program) },
    errors: ['no_such_container', 'no_resource'],
    idempotent: true,
    afterCrash: durable,
  }),
  containerDestroy: call({
    ...container,
    name: 'container_destroy',
    doc: 'Destroy the container: every capability to it dies at once and its manager is told.',
    args: { cont: capref },
    result: {},
    errors: [...capabilityErrors, 'busy'],
    idempotent: true,
    afterCrash: durable,
  }),
  setInvocationPoint: call({
    ...container,
    name: 'set_invocation_point',
    doc: 'An invoke of the container enters this program from now on.',
    args: { cont: capref, program },
    result: {},
    errors: capabilityErrors,
    idempotent: true,
    afterCrash: durable,
  }),
  getInvocationPoint: call({
    ...container,
    name: 'get_invocation_point',
    doc: 'The program an invoke of the container enters, or nil.',
    args: { cont: capref },
    result: { program: optional(program) },
    errors: capabilityErrors,
    idempotent: true,
    afterCrash: durable,
  }),
  removeInvocationPoint: call({
    ...container,
    name: 'remove_invocation_point',
    doc: 'The container cannot be invoked any more.',
    args: { cont: capref },
    result: {},
    errors: capabilityErrors,
    idempotent: true,
    afterCrash: durable,
  }),
  windowOpen: call({
    ...container,
    by: 'locus, manager',
    name: 'window_open',
    doc: 'Make the page-table slice for [base, base + length) of the container. Answers the region byte address of the entry of the page at `base`. A window lies within one 2 GiB slab of the container. `slot` is the container’s in the machine’s table; `writable` says whether the capability has the right to write.',
    args: { cont: capref, base: number, length: number },
    result: { table: number, slot: count, writable: bool },
    errors: [...capabilityErrors, 'out_of_window', 'too_large', 'no_resource', 'misaligned'],
    idempotent: true,
    afterCrash: 'Nothing: windows are volatile.',
  }),
  capCopy: call({
    ...container,
    name: 'cap_copy',
    doc: 'Copy a capability of the caller into the table of the container `to`, with the same rights or fewer.',
    args: { cap: capref, to: capref, rights: count },
    result: { cap: capref },
    errors: [...capabilityErrors, 'no_resource'],
    idempotent: false,
    afterCrash: durable,
  }),
  capList: call({
    ...container,
    name: 'cap_list',
    doc: 'The capabilities in the caller’s table.',
    args: {},
    result: {
      caps: list(record('capability', { cap: capref, kind: text, name: text, rights: count })),
    },
    errors: [],
    idempotent: true,
    afterCrash: durable,
  }),
})
