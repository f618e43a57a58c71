/**
 * What a kernel asks a manager about the snapshots it retains, for users. A manager that retains none need not serve it.
 */
import { bool, bytes, capref, countOf, list, stateInterval, token } from '../fields.js'
import { call, group } from '../signature.js'
import { retainedSnapshot } from './snapshot-calls.js'

const upcall = { kind: 'upcall', by: 'kernel' } as const
const unknown = { no_such_container: 'The manager has no container by that token.' } as const
const none = { not_supported: 'The manager retains no snapshots.' } as const

export const retainedUpcalls = group(0x1c0, {
  retainedList: call({
    ...upcall,
    name: 'retained_list',
    doc: 'The snapshots of the container that can be opened and forked, from old to new; the last is the line’s own.',
    args: { cont: token },
    result: { snapshots: list(retainedSnapshot) },
    causes: {
      ...unknown,
      ...none,
      io_error: 'A page of its maps could not be read.',
      busy: 'The newest snapshot was not folded into its maps in time.',
    },
    idempotent: true,
    afterCrash: 'Nothing: the kernel asks again.',
  }),
  retainedTake: call({
    ...upcall,
    name: 'retained_take',
    doc: 'Manage `cont`, which begins as that snapshot of `source`: for writing, or for reading only. The manager calls set_manager before it answers, and its root page names the new container before that. One for reading only shows the same in every interval, 0 too.',
    args: { cont: capref, source: token, stateInterval, writable: bool },
    result: {},
    causes: {
      ...unknown,
      ...none,
      no_such_interval: 'That snapshot is not retained, or is not recoverable yet.',
      no_resource: 'It has as many containers as it can have, or no room for its maps.',
      io_error: 'A page of its maps, or its root page, could not be read or written.',
      busy: 'The snapshot was not folded into its maps in time.',
      frozen: 'The world went back to its line meanwhile, or `cont` is gone.',
    },
    idempotent: false,
    afterCrash: 'Nothing before a snapshot of `cont` is recoverable.',
  }),
  retainedDrop: call({
    ...upcall,
    name: 'retained_drop',
    doc: 'That snapshot of the container is not retained any more.',
    args: { cont: token, stateInterval },
    result: {},
    causes: {
      ...unknown,
      ...none,
      no_such_interval: 'That snapshot is not retained.',
      most_recent_recoverable:
        'It is the one that a crash would bring back, or belongs to a kept line.',
      io_error: 'A page of its maps could not be read or written.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  retainedKeep: call({
    ...upcall,
    name: 'retained_keep',
    doc: 'So many snapshots of the container are retained from now on, besides the line’s own.',
    args: { cont: token, count: countOf('snapshots') },
    result: {},
    causes: {
      ...unknown,
      ...none,
      bad_argument: 'It cannot retain so many.',
      no_resource: 'It has no room for its maps.',
      io_error: 'A page of its maps could not be read or written.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  stateHash: call({
    ...upcall,
    name: 'state_hash',
    doc: 'A hash of what the container holds at that snapshot, of the checksums that its maps and versions hold: no page is read. Equal content has an equal hash, of whatever container of the manager; a page of zeros counts like one never written. It is answered when all of the snapshot has been written.',
    args: { cont: token, stateInterval },
    result: { hash: bytes },
    causes: {
      ...unknown,
      not_supported: 'The manager keeps no checksums.',
      no_such_interval: 'It does not have that snapshot, or not any more.',
      io_error: 'A page of its maps could not be read, or of the snapshot not be written.',
      busy: 'It was not written, or not looked through, in time.',
    },
    idempotent: true,
    afterCrash: 'Nothing: the kernel asks again.',
  }),
})
