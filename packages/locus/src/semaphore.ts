/**
 * A semaphore as a locus uses it. Waiting at its outermost invocation the locus is at rest, and a safepoint as of the entry: a
 * capture meanwhile keeps it as it came, and the count as if it had not come, until it runs again.
 */
import { actorPorts, semaphoreCalls, type Capref, type Reply } from '@katydid/abi'
import { LocusError } from './locus-error.js'
import type { Frame, LocusThread } from './locus-thread.js'

type Taken = Reply<(typeof semaphoreCalls)['semaphoreP']>

/** Takes one off the count, or waits for it. Refuses as semaphore_p does; a time-out is an answer. */
export function semaphoreP(
  thread: LocusThread,
  frame: Frame,
  sem: Capref,
  timeoutMs: number,
): 'ok' | 'timed_out' {
  thread.requireFree('semaphore_p')
  const reply = frame.depth === 0 ? atRest(thread, sem, timeoutMs) : ask(thread, sem, timeoutMs)
  if (reply.status === 'timed_out') return 'timed_out'
  if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
  return 'ok'
}

function atRest(thread: LocusThread, sem: Capref, timeoutMs: number): Taken {
  const { region, slot } = thread
  const word = region.locusWord(slot, 'semaphoreWait')
  // Before it rests, and until it runs again: while this stands, what it takes is not yet its own.
  region.words.store(word, thread.nextSemaphoreWait())
  try {
    return thread.presence.resting(() => send(thread, sem, timeoutMs))
  } finally {
    region.words.store(word, 0)
  }
}

/** In a nested invocation: it waits quietly, and holds up captures meanwhile, as any nested wait. */
function ask(thread: LocusThread, sem: Capref, timeoutMs: number): Taken {
  return thread.presence.quietly(() => send(thread, sem, timeoutMs))
}

/** The kernel keeps the time: this side has no deadline of its own. */
function send(thread: LocusThread, sem: Capref, timeoutMs: number): Taken {
  const args = { sem, timeoutMs }
  return thread.messenger.callSync(
    actorPorts.kernel,
    semaphoreCalls.semaphoreP,
    args,
    Number.POSITIVE_INFINITY,
  )
}
