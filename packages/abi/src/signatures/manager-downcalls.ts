/**
 * The calls made on the kernel about containers and their intervals. Subjects are Caprefs.
 */
import {
  capref,
  contOffset,
  count,
  logPosition,
  number,
  oneOf,
  optional,
  stateInterval,
  token,
} from '../fields.js'
import { call, group } from '../signature.js'

export const serviceLevels = ['snapshotting', 'transactional', 'logging', 'deterministic'] as const
export type ServiceLevel = (typeof serviceLevels)[number]

const downcall = { kind: 'downcall' } as const
const capabilityErrors = ['invalid_capref', 'wrong_type', 'right_missing', 'entity_gone'] as const

export const managerDowncalls = group(0x200, {
  setManager: call({
    ...downcall,
    by: 'manager, user',
    name: 'set_manager',
    doc: 'manager now manages cont, and is told of it as contId. Only the master right, or the present manager handing over, may do it. Answers what the manager needs: the container’s slot in the machine’s table (for its descriptor), its size in bytes and the interval that is open.',
    args: { cont: capref, manager: capref, contId: token },
    result: { slot: count, size: number, stateInterval },
    errors: [...capabilityErrors, 'bad_argument'],
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  mapRootPage: call({
    ...downcall,
    by: 'self-managing manager',
    name: 'map_root_page',
    doc: 'The page at addr is the root page of a self-managing manager. From now on the kernel keeps it stable, atomically, and answers its faults.',
    args: { cont: capref, addr: contOffset },
    result: {},
    errors: [...capabilityErrors, 'misaligned', 'bad_argument'],
    idempotent: true,
    afterCrash: 'The page reads as it stood at the last state_interval_stable of its container.',
  }),
  getRootPage: call({
    ...downcall,
    by: 'manager',
    name: 'get_root_page',
    doc: 'The address of the root page, or nil when none is set. `stable` says whether a stable content exists, and of which interval.',
    args: { cont: capref },
    result: { addr: optional(contOffset), stable: optional(stateInterval) },
    errors: capabilityErrors,
    idempotent: true,
    afterCrash: 'The address of a stable root page is kept for ever.',
  }),
  snapshotRequest: call({
    ...downcall,
    by: 'locus, host, self-managing manager',
    name: 'snapshot_request',
    doc: 'Snapshot the container. Of a user container: with all others of the world. Of a self-managed container, by its manager: it alone, as container_snapshot with the container’s own token; its write access stays as it is. Answers when at least a volatile snapshot exists, with its name. Requests in flight for one container join.',
    args: { cont: capref },
    result: { stateInterval },
    errors: [
      ...capabilityErrors,
      'busy',
      'frozen',
      'no_manager',
      'not_supported',
      'manager_failed',
    ],
    idempotent: true,
    afterCrash: 'Nothing until the snapshot is recoverable.',
  }),
  stateIntervalStable: call({
    ...downcall,
    by: 'manager',
    name: 'state_interval_stable',
    doc: 'That snapshot is on stable storage. Twice is ok. `replayFrom` is the earliest log position the manager still needs to rebuild itself.',
    args: { cont: capref, stateInterval, replayFrom: logPosition },
    result: {},
    errors: [...capabilityErrors, 'no_such_interval', 'io_error'],
    idempotent: true,
    afterCrash:
      'The snapshot can be read back. Of a self-managed container: its root page is committed.',
  }),
  snapshotDiscard: call({
    ...downcall,
    by: 'manager',
    name: 'snapshot_discard',
    doc: 'The manager has discarded that snapshot, volatile or stable. Refused for the most recent recoverable one.',
    args: { cont: capref, stateInterval },
    result: {},
    errors: [...capabilityErrors, 'no_such_interval', 'most_recent_recoverable'],
    idempotent: true,
    afterCrash: 'The snapshot is not offered again.',
  }),
  qualityOfService: call({
    ...downcall,
    by: 'manager',
    name: 'quality_of_service',
    doc: 'Tells the kernel whether the manager is snapshotting, transactional, logging or deterministic.',
    args: { cont: capref, serviceLevel: oneOf('ServiceLevel', serviceLevels) },
    result: {},
    errors: [...capabilityErrors, 'not_supported'],
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
})
