/**
 * A durable invoke: one that returns when no crash can undo its answer.
 *
 * The answer is at the kernel before the locus rests for the first time, so it is in every point that has what the invoked did. A
 * program that is entered again from such a point gets it from the call of the same number. The number is counted by a word of the
 * locus that is raised only when the locus runs again: in a point that word says which calls were over.
 */
import { durabilities, locusCalls, type Durability } from '@katydid/abi'
import { requireBlock } from './block.js'
import { LocusError } from './locus-error.js'
import { hashOf } from './logged/messages-hash.js'
import type { Frame, LocusThread } from './locus-thread.js'
import { untilRecoverable } from './recoverable.js'

export interface InvokeOptions {
  /** `volatile` (default): returns at once; a crash may undo the answer, and all that went with it. `recoverable`: when none can. */
  readonly durable?: Durability
  /** How long the answer of a container of another machine is waited for. A minute unless given. */
  readonly deadlineMs?: number
}

/** The answer that was saved with a locus, and the hash of what was asked: enough to notice a program that is on another way than before. */
export interface HeldAnswer {
  readonly asked: number
  readonly block: Uint8Array
}

/** Has `invoke` run, or not when its answer was saved; answers once that is recoverable. See `Locus.invoke`. */
export function invokeDurably(
  thread: LocusThread,
  frame: Frame,
  block: Uint8Array,
  durable: Durability,
  invoke: () => Uint8Array,
): Uint8Array {
  if (!durabilities.includes(durable))
    throw new LocusError('bad_argument', `durable is ${durabilities.join(' or ')}, not ${durable}`)
  if (frame.depth > 0)
    throw new LocusError(
      'busy',
      'an invocation inside another cannot be saved, so it cannot wait until its answer is recoverable; ask for it from the outermost',
    )
  thread.requireFree('an invoke')
  const { words } = thread.region
  const over = thread.region.locusWord(thread.slot, 'durableCalls')
  const number = words.load(over) + 1
  const asked = hashOf(requireBlock(block))
  const answer = takeHeld(thread, number, asked) ?? keep(thread, number, asked, invoke())
  try {
    untilRecoverable(thread, 'the answer has arrived')
  } finally {
    // It runs again, and goes on with the answer or without: no later point has this call before it.
    words.store(over, number)
  }
  return answer
}

/** The answer saved for this call; null when it is to be asked for. */
function takeHeld(thread: LocusThread, number: number, asked: number): Uint8Array | null {
  const { held } = thread
  if (held === null) return null
  if (held.asked !== asked)
    throw new LocusError(
      'bad_argument',
      `durable invoke ${number} was answered before the program was entered again, and now gives another block; what its registers say must lead it to the same call`,
    )
  thread.held = null
  return held.block
}

function keep(thread: LocusThread, number: number, asked: number, block: Uint8Array): Uint8Array {
  const reply = thread.call(locusCalls.locusAnswered, { number, asked, block })
  if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
  return block
}
