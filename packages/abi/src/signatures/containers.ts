/**
 * Containers and the capabilities to them.
 */
import { caprefTables } from '../capref.js'
import { allowedHere, named } from '../causes.js'
import {
  bool,
  capref,
  countOf,
  list,
  machineId,
  numberOf,
  oneOf,
  optional,
  record,
  rightBits,
  text,
} from '../fields.js'
import { call, group } from '../signature.js'

const container = { kind: 'downcall', by: 'locus, manager, host' } as const
const byteLength = numberOf('bytes')
const byteOffset = numberOf('bytes from the container’s beginning')
const durable = 'Holds once a snapshot taken after it is recoverable.'

/** A program: its module's file URL, the export that is its entry, and the hash of its content. */
export const program = record('program', { module: text, entry: text, hash: text })

export const containerCalls = group(0x500, {
  containerCreate: call({
    ...container,
    name: 'container_create',
    doc: 'Create a container of at most `size` bytes (a multiple of the page size). It has no manager, no invocation point and no mappings. `name` finds it again in the same world; empty for none.',
    args: { size: byteLength, name: text },
    result: { cont: capref },
    causes: {
      bad_argument:
        '`size` is not a multiple of the page size from one page to 2^48 bytes, or a live container has the name.',
      no_resource:
        'Every container slot is taken (a destroyed one keeps its slot until its end is recoverable), or the caller’s capability table is full.',
    },
    idempotent: false,
    afterCrash: durable,
  }),
  containerFind: call({
    ...container,
    by: 'host',
    name: 'container_find',
    doc: 'A capability for the container of that name. `managed` is false while no manager has taken it on.',
    args: { name: text },
    result: { cont: capref, size: byteLength, program: optional(program), managed: bool },
    causes: {
      no_such_container:
        'No live container has the name: it was never made, was destroyed, or the world went back to before it was made.',
      no_resource: 'The host’s capability table is full.',
    },
    idempotent: true,
    afterCrash: durable,
  }),
  containerDestroy: call({
    ...container,
    name: 'container_destroy',
    doc: 'Destroy the container: every capability to it dies at once. Its manager is told when the end is recoverable. `busy` while a locus is in it, or will come back into it from a nested invocation, or a manager lives in it.',
    args: { cont: capref },
    result: {},
    causes: {
      ...allowedHere('cont', 'destroy'),
      busy: 'A locus is in it, will come back into it, or was made for it and has not ended; or a manager lives in it.',
    },
    idempotent: true,
    afterCrash: durable,
  }),
  setInvocationPoint: call({
    ...container,
    name: 'set_invocation_point',
    doc: 'An invoke of the container enters this program from now on.',
    args: { cont: capref, program },
    result: {},
    causes: allowedHere('cont', 'write'),
    idempotent: true,
    afterCrash: durable,
  }),
  getInvocationPoint: call({
    ...container,
    name: 'get_invocation_point',
    doc: 'The program an invoke of the container enters, or nil.',
    args: { cont: capref },
    result: { program: optional(program) },
    causes: allowedHere('cont', 'invoke'),
    idempotent: true,
    afterCrash: durable,
  }),
  removeInvocationPoint: call({
    ...container,
    name: 'remove_invocation_point',
    doc: 'The container cannot be invoked any more.',
    args: { cont: capref },
    result: {},
    causes: allowedHere('cont', 'write'),
    idempotent: true,
    afterCrash: durable,
  }),
  windowOpen: call({
    ...container,
    by: 'locus, manager',
    name: 'window_open',
    doc: 'Make the page-table slice for [base, base + length) of the container, by way of what is mapped there. Answers the region byte address of the entry of the page at `base`. A window lies within one 2 GiB slab of one container, the one that supplies its pages: `slot` in the machine’s table, from its offset `origin` on. Length 0: as far as that goes; `length` says how far. `writable` says whether capability and mappings give the right to write. The manager of a container sees its own pages.',
    args: { cont: capref, base: byteOffset, length: byteLength },
    result: {
      table: numberOf('bytes from the region’s beginning'),
      slot: countOf('slot of a container'),
      writable: bool,
      origin: byteOffset,
      length: byteLength,
    },
    causes: {
      ...allowedHere('cont', 'read'),
      entity_gone:
        'The container of `cont`, the permission group of the capability, or what was mapped at `base` was destroyed.',
      out_of_window:
        'The window leaves the container, or no single container supplies all of it within one 2 GiB slab.',
      too_large: '`length` is not a whole number from 0 to 2^31.',
      no_resource: 'The machine’s page-table area has no room for another slice.',
      misaligned: '`base` is not a multiple of the page size from 0 on.',
    },
    idempotent: true,
    afterCrash: 'Nothing: windows are volatile.',
  }),
  capCopy: call({
    ...container,
    name: 'cap_copy',
    doc: 'Copy a capability of the caller into the table of the container `to`, with the same rights or fewer. The copy is of the same permission group and dies with it.',
    args: { cap: capref, to: capref, rights: rightBits },
    result: { cap: capref },
    causes: {
      invalid_capref: '`cap` or `to` names nothing in the caller’s tables.',
      wrong_type: '`to` is a capability for something else than a container.',
      entity_gone: 'What `cap` or `to` names was destroyed, or its permission group was.',
      right_missing:
        '`cap` does not give the right to copy, or none of the rights asked for; or `to` does not give the right to write.',
      no_resource: 'The capability table of the container `to` is full.',
      not_supported:
        '`to` is of another machine, and `cap` is no capability for a container, or a manager or a host asks, who is no message of the line.',
      unreachable:
        '`to` is of another machine, which gave no answer. Nobody knows whether the copy is, or will be, there.',
    },
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
        record('capability', {
          cap: capref,
          kind: text,
          name: text,
          rights: rightBits,
          gone: bool,
        }),
      ),
    },
    causes: {},
    idempotent: true,
    afterCrash: durable,
  }),
  containerMap: call({
    ...container,
    name: 'container_map',
    doc: 'Map [sourceAt, sourceAt + length) of the container `source` into `cont` at `at`: an access there reaches the source’s pages, or what is mapped there in turn, and faults are its manager’s. `rights` is read (1) or read and write (3), and the capability to the source has them; `cont` needs the right to write. Own pages of `cont` under it are hidden. All numbers are multiples of the page size. The same again is ok. `timed_out`: it is mapped, but a locus has not yet taken note of it.',
    args: {
      cont: capref,
      at: byteOffset,
      length: byteLength,
      source: capref,
      sourceAt: byteOffset,
      rights: rightBits,
    },
    result: {},
    causes: {
      invalid_capref: '`cont` or `source` names nothing in the caller’s tables.',
      wrong_type: '`cont` or `source` is a capability for something else than a container.',
      entity_gone:
        'The container of `cont` or `source` was destroyed, or the permission group of the capability was.',
      right_missing:
        '`cont` does not give the right to write, `source` not the right to read, or `rights` asks to write and `source` does not allow it.',
      misaligned: '`at`, `length` or `sourceAt` is not a multiple of the page size.',
      out_of_window: 'The range leaves the container, or what it shows leaves the source.',
      bad_argument:
        '`rights` is neither 1 nor 3, `length` is not positive, or a manager lives in one of the two containers.',
      not_supported:
        '`cont` or `source` lives on another machine, and nothing of it is on this one.',
      mapping_cycle: 'The source is the container itself, or is supplied by it through mappings.',
      already_mapped: 'Another mapping covers a part of the range.',
      timed_out:
        'The mapping is made, but a locus that used the range has not taken note of it within 5 s.',
    },
    idempotent: true,
    afterCrash: durable,
  }),
  containerUnmap: call({
    ...container,
    name: 'container_unmap',
    doc: 'End the mapping at exactly [at, at + length) of the container. Once it has answered, no access goes through it any more. `timed_out`: it has ended, but a locus has not yet taken note of it.',
    args: { cont: capref, at: byteOffset, length: byteLength },
    result: {},
    causes: {
      ...allowedHere('cont', 'write'),
      not_mapped: 'No mapping begins at `at` and is `length` long.',
      timed_out:
        'The mapping has ended, but a locus that used it has not taken note of that within 5 s.',
    },
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
          at: byteOffset,
          length: byteLength,
          source: text,
          sourceAt: byteOffset,
          rights: rightBits,
          alive: bool,
        }),
      ),
    },
    causes: allowedHere('cont', 'read'),
    idempotent: true,
    afterCrash: durable,
  }),
  capGive: call({
    ...container,
    by: 'host',
    name: 'cap_give',
    doc: 'Copy a capability of the host for a container into the table of a container of another machine, with the same rights or fewer. `to` is the host’s capability for that container in its table on that machine, and so is the answer: in the table of the container there. The copy is of the same permission group and dies with it.',
    args: {
      cap: capref,
      machine: machineId,
      to: countOf('name of a capability in the host’s table on that machine'),
      rights: rightBits,
    },
    result: { cap: capref },
    causes: {
      ...named('cap', 'container'),
      right_missing:
        '`cap` does not give the right to copy, or none of the rights asked for; or `to` does not give the right to write.',
      not_supported: '`to` names a container that is not of that machine.',
      no_resource:
        'The capability table of the container `to` is full, or every container slot of its machine is taken.',
      bad_argument: 'The world has no other machine of that number.',
      frozen: 'One of the two machines was being recovered for 10 s.',
      unreachable:
        'The other machine gave no answer. Nobody knows whether the copy is there; ask again.',
    },
    idempotent: true,
    afterCrash: durable,
  }),
  containerFindOn: call({
    ...container,
    by: 'host',
    name: 'container_find_on',
    doc: 'A capability, in the host’s table on this machine, for the container of that name of another machine.',
    args: { machine: machineId, name: text },
    result: { cont: capref, size: byteLength },
    causes: {
      no_such_container: 'No live container of that machine has the name.',
      no_resource: 'The host’s capability table is full, or every container slot is taken.',
      bad_argument: 'The world has no other machine of that number.',
      frozen: 'One of the two machines was being recovered for 10 s.',
      unreachable: 'The other machine gave no answer.',
    },
    idempotent: true,
    afterCrash: durable,
  }),
})
