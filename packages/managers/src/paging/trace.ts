/**
 * What a manager notes of its doings, in the trace ring of its port. Two numbers an event:
 *
 * | kind | first | second |
 * | --- | --- | --- |
 * | `fault` | offset in the container | its token |
 * | `install` | offset in the container | the frame |
 * | `discard` | pages taken out together | the container’s token |
 * | `write` | pages | log records |
 * | `snapshot` | the container’s token | the interval it ends |
 * | `fold` | the container’s token | the interval its map now shows |
 * | `clean` | segments of the round | pages copied out of them |
 * | `rollback` | the container’s token | the interval it is back at |
 */
import type { TraceKind } from '@katydid/abi'

export interface Trace {
  event(kind: TraceKind, a?: number, b?: number, durationUs?: number): void
}

/** For managers that nobody watches. */
export const silentTrace: Trace = { event: () => {} }
