/** Want of room: the oldest kept line is given up. It is gone with the next line record, and its snapshots after that. */
import { actorPorts } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'

/**
 * There is no room: the oldest kept line is given up; false when there is none, when one is given up already, or when the world goes back to
 * the only one.
 */
export function releaseOldest(machine: Machine, why: string): boolean {
  invariant(why !== '', 'SI71: what is given up is given up for a reason', {})
  const oldest = machine.kept.leaveOldest()
  if (oldest === null) return false
  const text = `kept line ${oldest.record.line} is given up: ${why}`
  machine.report({ kind: 'log', port: actorPorts.kernel, text })
  return true
}
