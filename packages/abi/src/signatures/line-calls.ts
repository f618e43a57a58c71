/**
 * Kept lines, for hosts: which there are, and an administrator's decision to go back to one of them. What the world was on a
 * line is told by the line's epoch, the number that world_snapshot answers.
 */
import {
  bool,
  countOf,
  list,
  numberOf,
  oneOf,
  optional,
  record,
  stateInterval,
  text,
} from '../fields.js'
import { call, group } from '../signature.js'

/** back: it is there and goes back. returns: it is gone and is there again. vanishes: it did not exist, or nothing of it was kept. */
const fates = ['back', 'returns', 'vanishes'] as const

/** What left the world and cannot be taken back: the result of a locus, the answer of a durable invoke, an epoch told as recoverable. */
const releasedKinds = ['result', 'answer', 'epoch', 'line'] as const

const down = { kind: 'downcall', by: 'host' } as const

export const lineCalls = group(0x640, {
  lineList: call({
    ...down,
    name: 'line_list',
    doc: 'The kept lines, from old to new: each with what it holds of every container, and whether that container is there now. `snapshot` 0: it was empty, or its manager keeps nothing.',
    args: {},
    result: {
      lines: list(
        record('kept line', {
          line: countOf('epochs'),
          keptMs: numberOf('milliseconds since 1970; 0: unknown'),
          members: list(
            record('member', {
              container: text,
              interval: stateInterval,
              snapshot: stateInterval,
              isThere: bool,
            }),
          ),
        }),
      ),
    },
    causes: {},
    idempotent: true,
    afterCrash: 'Nothing: ask again.',
  }),
  lineRollback: call({
    ...down,
    name: 'line_rollback',
    doc: 'An administrator takes the whole world back to a kept line. With `dry` nothing happens; either way the answer says what goes and which released output is not undone. `from` of a container is its interval on the newest line, nil if it was not yet on one. Answered when the world is open again: the decision is on the disk, every container has a new incarnation, and everything newer is void.',
    args: { line: countOf('epochs'), dry: bool },
    result: {
      from: countOf('epochs'),
      keptMs: numberOf('milliseconds since 1970; 0: unknown'),
      containers: list(
        record('moved container', {
          container: text,
          fate: oneOf('Fate', fates),
          from: optional(stateInterval),
          to: optional(stateInterval),
        }),
      ),
      loci: list(
        record('moved locus', { name: text, container: text, fate: oneOf('Fate', fates) }),
      ),
      released: list(
        record('released output', { kind: oneOf('ReleasedKind', releasedKinds), detail: text }),
      ),
    },
    causes: {
      no_such_interval: 'That line is not kept. The sentence names those that are.',
      damaged: 'A snapshot of the line is not there any more. The sentence names each.',
      manager_failed:
        'A manager that has snapshots of the line does not run, or did not answer, or the world did not come back.',
      frozen: 'The world goes back to its line at this moment. Try again.',
      not_supported: 'The world has several machines.',
    },
    idempotent: true,
    afterCrash: 'Holds as soon as its record is on the disk; before that the world is as it was.',
  }),
})
