/**
 * Containers and the capabilities to them.
 */
import { caprefTables } from '../capref.js'
import { bool, capref, count, list, number, oneOf, optional, record, text } from '../fields.js'
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
    doc: 'A capability for the container of that name. `managed` is false while no manager has taken it on.',
    args: { name: text },
    result: { cont: capref, size: number, program: optional(program), managed: bool },
    errors: ['no_such_container', 'no_resource'],
    idempotent: true,
    afterCrash: durable,
  }),
  containerDestroy: call({
    ...container,
    name: 'container_destroy',
    doc: 'Destroy the container: every capability to it dies at once. Its manager is told when the end is recoverable. `busy` while a locus is in it, or will come back into it from a nested invocation, or a manager lives in it.',
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
    doc: 'Make the page-table slice for [base, base + length) of the container, by way of what is mapped there. Answers the region byte address of the entry of the page at `base`. A window lies within one 2 GiB slab of one container, the one that supplies its pages: `slot` in the machine’s table, from its offset `origin` on. Length 0: as far as that goes; `length` says how far. `writable` says whether capability and mappings give the right to write. The manager of a container sees its own pages.',
    args: { cont: capref, base: number, length: number },
    result: { table: number, slot: count, writable: bool, origin: number, length: number },
    errors: [...capabilityErrors, 'out_of_window', 'too_large', 'no_resource', 'misaligned'],
    idempotent: true,
    afterCrash: 'Nothing: windows are volatile.',
  }),
  capCopy: call({
    ...container,
    name: 'cap_copy',
    doc: 'Copy a capability of the caller into the table of the container `to`, with the same rights or fewer. The copy is of the same permission group and dies with it.',
    args: { cap: capref, to: capref, rights: count },
    result: { cap: capref },
    errors: [...capabilityErrors, 'no_resource'],
    idempotent: false,
    afterCrash: durable,
  }),
  capList: call({
    ...container,
    name: 'cap_list',
    doc: 'The capabilities in the caller’s own table, or in that of the container it is in. `gone` says that what it named, or its permission group, was destroyed.',
    args: { table: oneOf('table', caprefTables) },
    result: {
      caps: list(
        record('capability', { cap: capref, kind: text, name: text, rights: count, gone: bool }),
      ),
    },
    errors: [],
    idempotent: true,
    afterCrash: durable,
  }),
  containerMap: call({
    ...container,
    name: 'container_map',
    doc: 'Map [sourceAt, sourceAt + length) of the container `source` into `cont` at `at`: an access there reaches the source’s pages, or what is mapped there in turn, and faults are its manager’s. `rights` is read (1) or read and write (3), and the capability to the source has them; `cont` needs the right to write. Own pages of `cont` under it are hidden. All numbers are multiples of the page size. The same again is ok. `timed_out`: it is mapped, but a locus has not yet taken note of it.',
    args: {
      cont: capref,
      at: number,
      length: number,
      source: capref,
      sourceAt: number,
      rights: count,
    },
    result: {},
    errors: [
      ...capabilityErrors,
      'misaligned',
      'out_of_window',
      'bad_argument',
      'mapping_cycle',
      'already_mapped',
      'timed_out',
    ],
    idempotent: true,
    afterCrash: durable,
  }),
  containerUnmap: call({
    ...container,
    name: 'container_unmap',
    doc: 'End the mapping at exactly [at, at + length) of the container. Once it has answered, no access goes through it any more. `timed_out`: it has ended, but a locus has not yet taken note of it.',
    args: { cont: capref, at: number, length: number },
    result: {},
    errors: [...capabilityErrors, 'not_mapped', 'timed_out'],
    idempotent: false,
    afterCrash: durable,
  }),
  containerMappings: call({
    ...container,
    name: 'container_mappings',
    doc: 'What is mapped into the container, by rising offset: where, the name of the source, where in it, the rights, and whether the source still exists.',
    args: { cont: capref },
    result: {
      mappings: list(
        record('mapping', {
          at: number,
          length: number,
          source: text,
          sourceAt: number,
          rights: count,
          alive: bool,
        }),
      ),
    },
    errors: capabilityErrors,
    idempotent: true,
    afterCrash: durable,
  }),
})
