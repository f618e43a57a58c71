/** A recovery's own record. */
import type { Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { lineRecord } from '../state-interval/line.js'
import type { LineRecord, OutputRecord } from '../state-interval/records.js'
import { phaseOf } from './under-way.js'

/** A record of the session, durable before the world does anything under its number. False: the world has failed, by this or, meanwhile, by something else. */
export function* note(
  machine: Machine,
  how: Pick<LineRecord, 'rolledBack' | 'back' | 'backTo'>,
  before: readonly OutputRecord[] = [],
): Script<boolean> {
  // Threads that a session waits for end meanwhile, and drivers may.
  if (phaseOf(machine) === 'failed') return false
  const { line, vector } = machine.captures
  const record = lineRecord(machine, line, [...vector], how)
  const after = machine.log.position
  const written = yield* machine.log.write([...before, record])
  if (written.status === 'ok') {
    machine.captures.lineAfter = after
    return true
  }
  machine.fail(
    'io_error',
    `the disk did not take the recovery’s record: ${written.status}, ${written.detail}`,
  )
  return false
}
