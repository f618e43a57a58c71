/**
 * A ring of trace events of one actor or locus, written by it alone with plain stores and read by anyone for reports. The
 * newest events stay; a reader leaves out what may have been overwritten while it read.
 */
import {
  traceEvents,
  traceEventWords,
  traceKinds,
  traceRingBytes,
  traceRingWords,
  type PortId,
  type TraceKind,
} from '@katydid/abi'
import type { Region } from './region.js'

export interface TraceEvent {
  /** Microseconds since the process began. */
  readonly timeUs: number
  readonly kind: TraceKind
  /** How long it took; 0 for an instant. `timeUs` is its end. */
  readonly durationUs: number
  readonly a: number
  readonly b: number
}

// Taken as the module is loaded: while the program of a logged container runs on the thread, `process.uptime` is another.
const uptime = process.uptime.bind(process)

/** Microseconds since the process began: the same on all its threads, which `performance.now()` is not. */
const processUs = (): number => uptime() * 1e6

const kindIndex = new Map<TraceKind, number>(traceKinds.map((kind, index) => [kind, index]))
const { at } = traceEventWords

export class TraceRing {
  readonly #i32: Int32Array<SharedArrayBuffer>
  readonly #f64: Float64Array<SharedArrayBuffer>
  readonly #head: number
  readonly #first: number
  readonly #nowUs: () => number
  #written: number

  /** The ring of `port`. `nowUs` is given by the simulator. */
  constructor(region: Region, port: PortId, nowUs: () => number = processUs) {
    this.#i32 = region.i32
    this.#f64 = region.f64
    this.#head = headWord(region, port)
    this.#first = this.#head + (traceRingWords.bytes >> 2)
    this.#nowUs = nowUs
    this.#written = this.#i32[this.#head]!
  }

  /** Notes an event that ends now. */
  event(kind: TraceKind, a = 0, b = 0, durationUs = 0): void {
    const word = this.#first + eventWord(this.#written)
    this.#f64[(word + at.timeUs) >> 1] = this.#nowUs()
    this.#i32[word + at.kind] = kindIndex.get(kind)!
    this.#i32[word + at.durationUs] = Math.min(durationUs, 0x7fffffff)
    this.#f64[(word + at.a) >> 1] = a
    this.#f64[(word + at.b) >> 1] = b
    this.#written = (this.#written + 1) | 0
    this.#i32[this.#head] = this.#written
  }
}

/** The newest events in the ring of `port`, oldest first: at most one fewer than the ring holds. */
export function readTrace(region: Region, port: PortId): TraceEvent[] {
  const { words, i32, f64 } = region
  const head = headWord(region, port)
  const first = head + (traceRingWords.bytes >> 2)
  const end = words.load(head)
  const events: TraceEvent[] = []
  for (let n = end - traceEvents; n !== end; n++) {
    const word = first + eventWord(n)
    const timeUs = f64[(word + at.timeUs) >> 1]!
    const kind = traceKinds[i32[word + at.kind]!] ?? 'none'
    const durationUs = i32[word + at.durationUs]!
    const event = {
      timeUs,
      kind,
      durationUs,
      a: f64[(word + at.a) >> 1]!,
      b: f64[(word + at.b) >> 1]!,
    }
    events.push(event)
  }
  // What was written since is lost, and one more: the writer may be in the middle of the next.
  const lost = ((words.load(head) - end) | 0) + 1
  return events.filter(({ kind }, index) => index >= lost && kind !== 'none')
}

function headWord(region: Region, port: PortId): number {
  return (region.plan.traces + port * traceRingBytes) >> 2
}

function eventWord(n: number): number {
  return (n & (traceEvents - 1)) * (traceEventWords.bytes >> 2)
}
