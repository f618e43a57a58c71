/**
 * What a kernel tells a manager that keeps something of its containers. A manager that keeps nothing need not serve it.
 */
import { list, record, stateInterval, token } from '../fields.js'
import { call, group } from '../signature.js'

export const managerNotices = group(0x180, {
  containersLive: call({
    kind: 'upcall',
    by: 'kernel',
    name: 'containers_live',
    doc: 'After a recovery: these are all the containers of this manager that there are. Forget every other token and free what it holds.',
    args: { tokens: list(token) },
    result: {},
    causes: {
      not_supported: 'The manager keeps nothing over a recovery, so it has nothing to forget.',
    },
    idempotent: true,
    afterCrash: 'Made again by the next recovery.',
  }),
  snapshotsKept: call({
    kind: 'upcall',
    by: 'kernel',
    name: 'snapshots_kept',
    doc: 'These snapshots, all there are of this manager, belong to kept lines, or are wanted while the line lags: none of them is given up, also when its container is destroyed or goes back, until a later call does not name it. Made before cont_rollback, and whenever the list has changed. A manager that has no room for them asks with line_release.',
    args: { snapshots: list(record('kept snapshot', { cont: token, stateInterval })) },
    result: {},
    causes: {
      not_supported:
        'The manager keeps one snapshot of a container at a time: no line with one of its is kept.',
      no_resource:
        'It has noted them, and the disk is too full for what is kept: the oldest kept line is given up.',
    },
    idempotent: true,
    afterCrash: 'Made again by the next recovery, before any cont_rollback.',
  }),
  snapshotSupersedes: call({
    kind: 'upcall',
    by: 'kernel',
    name: 'snapshot_supersedes',
    doc: 'The line lags, and nobody goes back any more to a snapshot of the container that is older than this one, but for those that snapshots_kept names: the others may be dropped silently. It is stable and need not be recoverable.',
    args: { cont: token, stateInterval },
    result: {},
    causes: {
      not_supported: 'The manager keeps nothing over a recovery.',
      no_such_container: 'This manager has no container by that token.',
      no_such_interval: 'The snapshot is not there, or not stable.',
    },
    idempotent: true,
    afterCrash: 'Not made again. What was not dropped may be named by state_interval_query.',
  }),
})
