/** Where a driver reports what it did: counters and trace events. */
import type { CounterName, TraceKind } from '@katydid/abi'

export interface DiskMeter {
  add(name: CounterName, by?: number): void
  set(name: CounterName, value: number): void
  event(kind: TraceKind, a: number, b: number, durationUs: number): void
}

/** Reports nothing. */
export const silentMeter: DiskMeter = { add: () => {}, set: () => {}, event: () => {} }
