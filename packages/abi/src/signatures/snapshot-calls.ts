/**
 * What users ask of the manager that retains a container's snapshots. The kernel looks at the rights, and carries the
 * request as an upcall (`Retained snapshots`) by the manager's own names.
 */
import { allowedHere } from '../causes.js'
import { capref, countOf, list, numberOf, oneOf, record, stateInterval } from '../fields.js'
import { call, group } from '../signature.js'

/** retained: kept by the container's `retain`. line: the one that a crash would bring back. */
const snapshotStates = ['retained', 'line'] as const

/** One snapshot of a container that can be opened and forked. */
export const retainedSnapshot = record('snapshot', {
  stateInterval,
  takenMs: numberOf('milliseconds since 1970; 0: unknown'),
  pages: countOf('pages that it holds'),
  state: oneOf('SnapshotState', snapshotStates),
})

const request = { kind: 'request', by: 'user' } as const

const carried = {
  no_manager: 'The container has no manager.',
  not_supported: 'The manager of the container retains no snapshots.',
  manager_failed: 'The manager does not run, or did not answer within 30 s.',
  frozen: 'The manager died over the request, or a rollback is about to begin.',
} as const

const taken = {
  ...allowedHere('cont', 'manage'),
  right_missing:
    'The capability `cont` does not give the right to manage, or `source` not that to read.',
  ...carried,
  no_manager: 'The container of `source` has no manager.',
  not_supported: 'The manager of `source` retains no snapshots.',
  no_such_interval: 'That snapshot of `source` is not retained, or is not recoverable yet.',
  bad_argument:
    '`cont` has a manager already, is being made from a snapshot, or is smaller than `source`.',
  no_resource: 'The manager has as many containers as it can have, or no room for its maps.',
  io_error: 'A page of the manager’s maps, or its root page, could not be read or written.',
  busy: 'The snapshot was not folded into the manager’s maps in time. Try again.',
} as const

export const snapshotCalls = group(0x320, {
  snapshotList: call({
    ...request,
    name: 'snapshot_list',
    doc: 'The snapshots of the container that can be opened and forked, from old to new; the last is the line’s own. `size` is the container’s.',
    args: { cont: capref },
    result: { snapshots: list(retainedSnapshot), size: numberOf('bytes') },
    causes: {
      ...allowedHere('cont', 'read'),
      ...carried,
      io_error: 'A page of the manager’s maps could not be read.',
      busy: 'The newest snapshot was not folded into the manager’s maps in time. Try again.',
    },
    idempotent: true,
    afterCrash: 'Nothing: ask again.',
  }),
  snapshotOpen: call({
    ...request,
    name: 'snapshot_open',
    doc: 'The container, new and without a manager, shows that snapshot of `source` from now on, for reading only: its pages come by faults, and a write is refused with access_denied. No snapshot is taken of it. It is destroyed when the locus, or the host’s process, that opened it has ended; until then its pages stay.',
    args: { cont: capref, source: capref, stateInterval },
    result: {},
    causes: taken,
    idempotent: false,
    afterCrash:
      'Holds once a snapshot taken after it is recoverable, as long as the locus that opened it is there; what a host opened is closed at the next opening.',
  }),
  snapshotFork: call({
    ...request,
    name: 'snapshot_fork',
    doc: 'The container, new and without a manager, begins as that snapshot of `source` and goes its own way. Pages are shared until one of the two writes them.',
    args: { cont: capref, source: capref, stateInterval },
    result: {},
    causes: taken,
    idempotent: false,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  snapshotDrop: call({
    ...request,
    name: 'snapshot_drop',
    doc: 'That snapshot of the container is not retained any more. Whoever has opened or forked it keeps its pages.',
    args: { cont: capref, stateInterval },
    result: {},
    causes: {
      ...allowedHere('cont', 'snapshot'),
      ...carried,
      no_such_interval: 'That snapshot is not retained.',
      most_recent_recoverable: 'It is the snapshot that a crash would bring back.',
      io_error: 'A page of the manager’s maps could not be read or written.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  snapshotRetain: call({
    ...request,
    name: 'snapshot_retain',
    doc: 'So many snapshots of the container are retained besides the line’s own; what is too many is dropped, the oldest first.',
    args: { cont: capref, count: countOf('snapshots') },
    result: {},
    causes: {
      ...allowedHere('cont', 'snapshot'),
      ...carried,
      bad_argument: 'At most 100 snapshots are retained of a container.',
      no_resource: 'The manager has no room for its maps.',
      io_error: 'A page of the manager’s maps could not be read or written.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
})
