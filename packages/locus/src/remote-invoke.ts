/**
 * Invoking a container of another machine: the kernel has it run there and brings the answer. The locus waits quiet, as in a nested invocation here, so it is not captured
 * meanwhile, and what it invokes need not know where it came from.
 */
import { locusCalls, type Capref, type Status } from '@katydid/abi'
import { messageEpoch } from '@katydid/memory'
import { newTree } from './entrance.js'
import { LocusError } from './locus-error.js'
import type { Frame, LocusThread } from './locus-thread.js'

/** How long an answer from another machine is waited for, unless the invoker says. */
export const remoteDeadlineMs = 60_000
/** The kernel says itself that the time is over. */
const graceMs = 10_000

export function remoteInvoke(
  thread: LocusThread,
  from: Frame,
  cap: Capref,
  block: Uint8Array,
  deadlineMs: number,
): Uint8Array {
  const { region } = thread
  const tree = from.tree ?? newTree(region, from.container)
  // Somebody else was let in where this tree stands.
  const mixed = tree.mixed || messageEpoch(region, from.container) !== tree.epoch
  const args = { cap, block, epoch: tree.epoch, mixed, deadlineMs }
  const reply = thread.call(locusCalls.remoteInvoke, args, deadlineMs + graceMs)
  if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
  if (reply.end !== 'ok') throw new LocusError(reply.end as Status, reply.detail)
  return reply.block
}
