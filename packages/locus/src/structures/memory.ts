/**
 * What a structure asks of the world around it: words of a window, and somebody who holds its locks.
 *
 * A structure keeps nothing of its state in JavaScript objects, only where it lies; so it is as crash-consistent as its
 * container, and two loci that open it at the same place share it.
 */
import type { Window } from '@katydid/memory'

/** The part of a window that structures use: all offsets are bytes from the window's base, below 2^31. */
export type WordMemory = Pick<
  Window,
  | 'length'
  | 'getInt32'
  | 'setInt32'
  | 'getFloat64'
  | 'setFloat64'
  | 'getBytes'
  | 'setBytes'
  | 'compareExchange'
  | 'exchange'
  | 'atomicLoad'
  | 'atomicStore'
>

/** Whoever takes locks: a locus. */
export interface Holder<M extends WordMemory = WordMemory> {
  /** 1 up; differs from that of every other holder that uses the same memory at the same time. */
  readonly mark: number
  /** Told of every lock taken and released, so that a safepoint with a lock held is refused. */
  lockTaken(): void
  lockReleased(): void
  /** Sleeps while the word holds `expected`, at most `timeoutMs`; may wake early. It is not a safepoint. */
  sleep(memory: M, offset: number, expected: number, timeoutMs: number): void
  /** Wakes up to `most` sleepers of the word. */
  wake(memory: M, offset: number, most: number): void
}
