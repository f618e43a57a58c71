/**
 * The calls a kernel makes on a manager. Subjects are Tokens, the manager's own names.
 */
import {
  access,
  capref,
  contOffset,
  countOf,
  machineToken,
  numberOf,
  pageSetId,
  stateInterval,
  token,
  oneOf,
  bytes,
} from '../fields.js'
import { call, group } from '../signature.js'

/** In which state an interval's image is, as its manager knows it. */
const intervalStates = ['none', 'volatile', 'stable', 'recoverable'] as const
export type IntervalState = (typeof intervalStates)[number]

/** What a manager can answer when a container of its is invoked on another machine. */
export const supportDecisions = ['local_support', 'migrate_to', 'refuse'] as const
export type SupportDecision = (typeof supportDecisions)[number]

const unknownToken = 'The manager gave no container that token, or has forgotten it.'

const upcall = { kind: 'upcall', by: 'kernel' } as const

export const managerUpcalls = group(0x100, {
  containerFault: call({
    ...upcall,
    name: 'container_fault',
    doc: 'An access violation has occurred at address addr in container cont: install the page with the access the manager chooses. addr is the exact offset and need not be aligned. An accessType of execute is never raised: programs are modules, and no instruction is fetched from a container.',
    args: { machineId: machineToken, cont: token, addr: contOffset, accessType: access },
    result: {},
    causes: {
      no_such_container:
        'The manager gave no container that token, the container was destroyed while the fault waited, or it does not live on this machine any more.',
      access_denied:
        'The manager’s own policy forbids this access: it is a store, and the container changes by transactions alone.',
      no_frames: 'The manager has no frame for the page and none was on its way for 2 s.',
      io_error: 'The system refused to read the page’s block.',
      disk_full:
        'No frame could be had: the pages in memory cannot be written, since the disk is full of what is needed, and neither cleaning nor a snapshot of the world wins room.',
      checksum_mismatch:
        'The page’s block does not have the checksum that its place was noted with.',
      frozen: 'The container went back to an earlier interval while the fault waited.',
      manager_failed:
        'The manager’s own pages could not be read, or it answered what no fault may hear.',
    },
    idempotent: true,
    afterCrash: 'Nothing: page tables are volatile, the access faults again.',
    fixed: true,
  }),
  pageDiscard: call({
    ...upcall,
    name: 'page_discard',
    doc: 'Give back pageCount frames of the page set. The manager chooses the victims.',
    args: { pageset: pageSetId, pageCount: countOf('frames') },
    result: {},
    causes: { no_such_page_set: 'The manager has no page set of that number.' },
    idempotent: true,
    afterCrash: 'Nothing: page sets are volatile.',
    fixed: true,
  }),
  invokeNoSupport: call({
    ...upcall,
    name: 'invoke_no_support',
    doc: 'An invoke has occurred on a remote machine that has no local knowledge of the container. machineId is that machine’s number, stateInterval the interval that is open in the invoking container, params the block. `migrate_to`: it is run on `machine`, the container’s home or one with support for it. `local_support`: it is run there, on pages that come from here. `refuse`: it fails.',
    args: { machineId: machineToken, cont: token, stateInterval, params: bytes },
    result: {
      decision: oneOf('decision', supportDecisions),
      machine: machineToken,
    },
    causes: {
      no_such_container: unknownToken,
      not_supported: 'The manager serves its containers on one machine only.',
    },
    idempotent: true,
    afterCrash: 'Nothing: support is set up again when it is needed.',
  }),
  containerSnapshot: call({
    ...upcall,
    name: 'container_snapshot',
    doc: 'Take a snapshot of the container now; stateInterval is its name from then on. No locus runs in the container until the answer.',
    args: { cont: token, stateInterval },
    result: {},
    causes: {
      no_such_container: unknownToken,
      not_supported:
        'The manager keeps no snapshots: captures leave the container’s pages out from then on.',
      busy: 'What guests on other machines have written did not come home in 2 s: there is no snapshot by that name.',
    },
    idempotent: true,
    afterCrash: 'Nothing until state_interval_stable.',
  }),
  stateIntervalQuery: call({
    ...upcall,
    name: 'state_interval_query',
    doc: 'Does the image of exactly this interval exist, and in which state?',
    args: { cont: token, stateInterval },
    result: { state: oneOf('SiState', intervalStates) },
    causes: {
      no_such_container:
        'The manager gave no container that token, and the interval asked for is not 0, the empty container.',
    },
    idempotent: true,
    afterCrash: 'An answer of stable or recoverable holds after any crash.',
  }),
  containerStabiliseRequest: call({
    ...upcall,
    name: 'container_stabilise_request',
    doc: 'Make that snapshot stable. The manager is obliged to, and reports with state_interval_stable.',
    args: { cont: token, stateInterval },
    result: {},
    causes: {
      no_such_container: unknownToken,
      no_such_interval: 'The manager took no snapshot by that name, or has discarded it.',
    },
    idempotent: true,
    afterCrash: 'Nothing until state_interval_stable.',
  }),
  snapshotIsRecoverable: call({
    ...upcall,
    name: 'snapshot_is_recoverable',
    doc: 'The snapshot is a member of a consistent cut and the new baseline: earlier ones may be dropped.',
    args: { cont: token, stateInterval },
    result: {},
    causes: {
      no_such_container: unknownToken,
      no_such_interval: 'The manager has no stable snapshot by that name.',
    },
    idempotent: true,
    afterCrash: 'The snapshot can be restored after any later crash.',
  }),
  contRollback: call({
    ...upcall,
    name: 'cont_rollback',
    doc: 'The container has rolled back to that interval; remove every persistent structure of its future, and drop every resident page: its page tables are empty. Interval 0 is the empty container, also of a token the manager does not know (yet, or any more). `open` is the interval that is open from now on, higher than any ever used: whatever the log holds of intervals between the two is void, now and at every later start. `recoverable` is the newest snapshot on the line: those before it may be dropped, those from it on are kept, as the container may have to go back further. `capability` stands in the manager’s table; slot and size are as in set_manager.',
    args: {
      cont: token,
      stateInterval,
      open: stateInterval,
      recoverable: stateInterval,
      capability: capref,
      slot: countOf('slot of a container'),
      size: numberOf('bytes'),
    },
    result: {},
    causes: {
      no_such_container:
        'The manager has no container by that token, and the interval is not 0, to which it could go back.',
      no_such_interval:
        'The manager has no stable snapshot by that name; of volatile containers it has none but 0.',
    },
    idempotent: true,
    afterCrash: 'Made again by the next recovery if the crash came first.',
  }),
  containerDestroyed: call({
    ...upcall,
    name: 'container_destroyed',
    doc: 'The container is gone: forget it and free what it holds.',
    args: { cont: token },
    result: {},
    causes: { no_such_container: unknownToken },
    idempotent: true,
    afterCrash: 'Made again by the next recovery if the crash came first.',
  }),
})
