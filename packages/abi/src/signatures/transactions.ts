/**
 * Transactions of loci on a container of a transactional manager: what a locus asks of the kernel, and what the kernel tells the
 * manager. A transaction runs on an overlay, a page table of its own that lies over the container's.
 */
import { allowedHere } from '../causes.js'
import { capref, countOf, numberOf, oneOf, token } from '../fields.js'
import { call, group } from '../signature.js'

const byLocus = { kind: 'downcall', by: 'locus' } as const
const unknownToken = 'The manager gave no container that token, or has forgotten it.'
const upcall = { kind: 'upcall', by: 'kernel' } as const

/** The longest time-out of a transaction: what waits for one of its locks waits in a fault, and faults have a limit too. */
export const maxTransactionMs = 5_000

/** How a transaction stands: open, or ended by its manager before its locus said so, and why. */
const fates = ['open', 'conflict', 'timed_out'] as const
export type Fate = (typeof fates)[number]

const transaction = numberOf('number of a transaction')
const age = numberOf('age, the higher the younger')
const slot = countOf('slot of an overlay')
const notOpen = 'The caller has no transaction of that number open.'
const noAnswer =
  'The manager died over it, and its containers go back; or it answered what it may not.'

export const transactionCalls = group(0x780, {
  transactionBegin: call({
    ...byLocus,
    name: 'transaction_begin',
    doc: 'Begin a transaction on the container; a locus has one at a time. Needs the rights to read and to write. It is ended by its manager after `timeoutMs`. `age` decides who gives way in a deadlock, the higher one: 0 for a new transaction, and for another try of one that gave way, what this call answered the first time. `overlay` and `slot` name the page table it runs on, the same for each of a locus’s transactions on a container; `below` is the container’s own slot.',
    args: { cont: capref, timeoutMs: numberOf('milliseconds'), age },
    result: {
      transaction,
      age,
      overlay: numberOf('number of an overlay'),
      slot,
      below: countOf('slot of a container'),
    },
    causes: {
      ...allowedHere('cont', 'write'),
      no_manager: 'Nobody manages the container.',
      not_supported: 'The container’s manager is not transactional.',
      no_resource: 'Every container slot of the machine is taken, and an overlay needs one.',
      bad_argument:
        '`timeoutMs` is less than 1 or more than 5000, or `age` is no whole number from 0 on.',
      busy: 'The caller has a transaction open already.',
      frozen: 'The container goes back to an earlier state.',
      manager_failed:
        'The manager did not begin it: it does not know the container, or did not answer.',
    },
    idempotent: false,
    afterCrash: 'Nothing: a transaction that was open never was.',
  }),
  transactionWindow: call({
    ...byLocus,
    name: 'transaction_window',
    doc: 'The entry, in the page table of the locus’s open transaction, of the page at `base`, a multiple of the page size. A length of 0 is up to the end of the container within a 2 GiB slab. `not_supported`: another container is mapped there.',
    args: { transaction, base: numberOf('bytes'), length: numberOf('bytes') },
    result: { table: countOf('byte address in the region'), length: numberOf('bytes') },
    causes: {
      bad_argument: notOpen,
      misaligned: '`base` is not a multiple of the page size.',
      too_large: '`length` is more than 2 GiB.',
      out_of_window: 'The range leaves the container, or is not of one 2 GiB slab.',
      no_resource: 'The machine’s table area has no room for the page table.',
      not_supported: 'What stands at `base` is mapped there from another container.',
      entity_gone: 'What was mapped there was destroyed.',
    },
    idempotent: true,
    afterCrash: 'Nothing: page tables are volatile.',
  }),
  transactionCommit: call({
    ...byLocus,
    name: 'transaction_commit',
    doc: 'What the transaction wrote becomes the container’s, all at once; it has ended, whatever the answer. `conflict`: it gave way to an older one in a deadlock. `timed_out`: it took longer than its time-out. Of both nothing is left.',
    args: { transaction },
    result: { pageCount: countOf('pages') },
    causes: {
      bad_argument: notOpen,
      conflict: 'The transaction was the youngest in a deadlock.',
      timed_out: 'The transaction took longer than its time-out.',
      manager_failed: noAnswer,
    },
    idempotent: false,
    afterCrash: 'Whole or not at all; whole once the container is recoverable (locus_stabilise).',
  }),
  transactionAbort: call({
    ...byLocus,
    name: 'transaction_abort',
    doc: 'The transaction never was. Answers how it stood.',
    args: { transaction },
    result: { fate: oneOf('Fate', fates) },
    causes: {
      bad_argument: notOpen,
      manager_failed: noAnswer,
    },
    idempotent: false,
    afterCrash: 'Nothing of it is left.',
  }),
})

export const overlayUpcalls = group(0x1a0, {
  overlayOpen: call({
    ...upcall,
    name: 'overlay_open',
    doc: 'A locus begins a transaction on the container. Its faults come with the container’s token and the slot of the overlay. In a deadlock the one of the highest age gives way.',
    args: { cont: token, slot, age, timeoutMs: numberOf('milliseconds') },
    result: {},
    causes: {
      no_such_container: unknownToken,
    },
    idempotent: true,
    afterCrash: 'Nothing: a transaction that was open never was.',
  }),
  overlayCommit: call({
    ...upcall,
    name: 'overlay_commit',
    doc: 'What was written in the overlay becomes the container’s in one step, between two upcalls: no snapshot has a part of it. The overlay is empty afterwards, whatever the answer.',
    args: { cont: token, slot },
    result: { pageCount: countOf('pages') },
    causes: {
      no_such_container:
        'The manager gave no container that token, or has no transaction open in that overlay.',
      conflict: 'The transaction was the youngest in a deadlock.',
      timed_out: 'The transaction took longer than its time-out.',
    },
    idempotent: false,
    afterCrash: 'Belongs to the next snapshot of the container.',
  }),
  overlayDrop: call({
    ...upcall,
    name: 'overlay_drop',
    doc: 'The transaction never was, if one was open: throw away what it wrote and let go of its locks. Nothing is shown in the overlay from the answer on. Answers how it stood.',
    args: { cont: token, slot },
    result: { fate: oneOf('Fate', fates) },
    causes: {},
    idempotent: true,
    afterCrash: 'Nothing of it is left.',
  }),
})
