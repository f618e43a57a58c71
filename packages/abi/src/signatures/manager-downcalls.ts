/**
 * The calls made on the kernel about containers and their intervals. Subjects are Caprefs.
 */
import { allowedHere } from '../causes.js'
import {
  capref,
  contOffset,
  countOf,
  logPosition,
  numberOf,
  oneOf,
  optional,
  stateInterval,
  token,
} from '../fields.js'
import { call, group } from '../signature.js'

export const serviceLevels = ['snapshotting', 'transactional', 'logging', 'deterministic'] as const
export type ServiceLevel = (typeof serviceLevels)[number]

const downcall = { kind: 'downcall' } as const

export const managerDowncalls = group(0x200, {
  setManager: call({
    ...downcall,
    by: 'manager, user',
    name: 'set_manager',
    doc: 'manager now manages cont, and is told of it as contId. Only the master right, or the present manager handing over, may do it. Answers what the manager needs: the container’s slot in the machine’s table (for its descriptor), its size in bytes and the interval that is open.',
    args: { cont: capref, manager: capref, contId: token },
    result: { slot: countOf('slot of a container'), size: numberOf('bytes'), stateInterval },
    causes: {
      invalid_capref: '`cont` or `manager` names nothing in the caller’s tables.',
      wrong_type:
        '`cont` is a capability for something else than a container, or `manager` for something else than a manager.',
      entity_gone:
        'The container was destroyed, or the permission group of one of the capabilities was.',
      right_missing:
        'The caller does not manage the container now, and `cont` does not give the master right.',
      not_supported: 'The container lives on another machine, and is managed there.',
      bad_argument:
        'The container has snapshots with its present manager; a manager lives in it and would change or be renamed; it has stopped because its manager was given up; the manager calls another container by that token; or the manager would need the container’s pages to supply them and no root page breaks the circle.',
    },
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
    causes: {
      ...allowedHere('cont', 'manage'),
      misaligned: '`addr` is not a multiple of the page size from 0 on.',
      bad_argument:
        '`cont` is not the container the caller lives in, `addr` lies outside it, or the root page is mapped at another address already.',
      no_resource: 'The machine has no free frame, or no room in its page-table area.',
    },
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
    causes: allowedHere('cont', 'manage'),
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
    causes: {
      ...allowedHere('cont', 'snapshot'),
      entity_gone:
        'The container was destroyed, before the call or before the snapshot, or the permission group of the capability was.',
      busy: 'A locus did not come to rest within 2 s, or 64 captures already wait to become recoverable. Nothing changed.',
      frozen: 'The world is stopping, being recovered or about to go back to its line.',
      no_manager: 'Nobody manages the container yet.',
      not_supported:
        'Its manager keeps no snapshots of it; or it is the container another manager lives in, which only that manager snapshots.',
      manager_failed:
        'A manager of the world refused container_snapshot or did not answer within 2 s; or, of a self-managed container, its own manager did. Or the container has stopped because its manager was given up.',
    },
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
    causes: {
      ...allowedHere('cont', 'manage'),
      right_missing:
        'The caller does not manage the container now, or the capability does not give the right to manage.',
      no_such_interval:
        'No snapshot by that name waits to become stable: it was never taken, or is older than the line. Of a self-managed container also: no root page is mapped.',
      io_error:
        'Of a self-managed container only: the disk did not take the root page. The snapshot is not stable.',
    },
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
    causes: {
      ...allowedHere('cont', 'manage'),
      right_missing:
        'The caller does not manage the container now, or the capability does not give the right to manage.',
      no_such_interval: 'No snapshot by that name is known: never taken, or older than the line.',
      most_recent_recoverable: 'It is the snapshot to which a crash now would go back.',
    },
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
    causes: {
      ...allowedHere('cont', 'manage'),
      right_missing:
        'The caller does not manage the container now, or the capability does not give the right to manage.',
      not_supported:
        'The level is `logging` or `deterministic`, and the manager lives in the container or keeps no snapshots of it.',
    },
    idempotent: true,
    afterCrash: 'Holds once a snapshot taken after it is recoverable.',
  }),
  lineRelease: call({
    ...downcall,
    by: 'manager',
    name: 'line_release',
    doc: 'There is no room for what is kept: the oldest kept line is given up. snapshots_kept follows when that is on the disk.',
    args: {},
    result: {},
    causes: {
      no_resource: 'No line is kept that could be given up, or one is being given up already.',
      frozen: 'The world is going back to its line.',
    },
    idempotent: true,
    afterCrash: 'Nothing before snapshots_kept has come.',
  }),
})
