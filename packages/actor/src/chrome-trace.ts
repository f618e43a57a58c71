/** The trace rings of a machine in the form that chrome://tracing and Perfetto open. */
import { maxActors, type PortId } from '@katydid/abi'
import type { Region } from './region.js'
import { readTrace } from './trace-ring.js'

/** One event in Chrome's trace format; times in microseconds. */
export interface ChromeEvent {
  readonly name: string
  /** X: with a duration. i: an instant. M: a name for a thread. */
  readonly ph: 'X' | 'i' | 'M'
  readonly ts: number
  readonly dur?: number
  readonly s?: 't'
  readonly pid: number
  readonly tid: number
  readonly args: Readonly<Record<string, unknown>>
}

export interface ChromeTrace {
  readonly displayTimeUnit: 'ms'
  readonly traceEvents: readonly ChromeEvent[]
}

/** Everything in the rings of actors and loci, one row a port. `names` says what to call a port; others are `port n`. */
export function chromeTrace(region: Region, names: ReadonlyMap<PortId, string>): ChromeTrace {
  const pid = region.i32[region.machineWord('machineId')]!
  const traceEvents: ChromeEvent[] = []
  for (let port = 0; port < maxActors + region.plan.shape.maxLoci; port++) {
    const events = readTrace(region, port as PortId)
    if (events.length === 0) continue
    const name = names.get(port as PortId) ?? `port ${port}`
    traceEvents.push({ name: 'thread_name', ph: 'M', ts: 0, pid, tid: port, args: { name } })
    for (const { kind, timeUs, durationUs, a, b } of events) {
      const common = { name: kind, pid, tid: port, args: { a, b } }
      traceEvents.push(
        durationUs > 0
          ? { ...common, ph: 'X', ts: timeUs - durationUs, dur: durationUs }
          : { ...common, ph: 'i', ts: timeUs, s: 't' },
      )
    }
  }
  return { displayTimeUnit: 'ms', traceEvents }
}
