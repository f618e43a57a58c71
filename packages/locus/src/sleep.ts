/** Sleeping on a word of container memory for a lock of a structure: quiet, and no safepoint. */
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { LocusThread } from './locus-thread.js'

/** Who holds the lock may be on another machine, from where nobody is woken: on pages that are lent the word is looked at again so soon. */
const lentMs = 2

/** Sleeps while the word holds `expected`, at most `timeoutMs`; may wake early. */
export function sleepOn(
  { presence, waits, isLent }: LocusThread,
  memory: Window,
  offset: number,
  expected: number,
  timeoutMs: number,
): void {
  invariant(timeoutMs > 0, 'LO1: every wait of a structure has a limit', { timeoutMs })
  waits.wait(
    memory.attachment.container,
    memory.origin + offset,
    () => memory.atomicLoad(offset) === expected,
    (woken) => presence.quietUntil(woken, isLent ? Math.min(timeoutMs, lentMs) : timeoutMs),
  )
}

/** Wakes up to `most` sleepers of the word. */
export function wakeOn({ waits }: LocusThread, memory: Window, offset: number, most: number): void {
  waits.notify(memory.attachment.container, memory.origin + offset, most)
}
