/** The program of `invoke`: as a locus it invokes, many times, and says how long one took; invoked it answers the block that it is given. */
import type { Capref } from '@katydid/abi'
import type { Locus } from '@katydid/locus'

export interface InvokeWork {
  readonly cap: Capref
  readonly passes: number
  /** Invokes in a pass. */
  readonly times: number
  readonly bytes: number
  /** Whether the invoked keeps the block in its container before it answers. */
  readonly keeps: boolean
  readonly durable: 'recoverable' | 'volatile'
}

export interface InvokeTimes {
  /** How long one invoke took, for each pass, in microseconds. */
  readonly micros: readonly number[]
  /** By the clock of all threads, in milliseconds. */
  readonly began: number
  readonly ended: number
}

/** The first byte of a block that is given: no packed work begins with one of these. */
const plain = 0
const kept = 1

export default function invokes(locus: Locus): InvokeTimes | Uint8Array {
  const { args } = locus
  if (args.length === 0 || args[0] === plain) return args
  if (args[0] === kept) {
    locus.window(0, 4096).setBytes(0, args)
    return args
  }
  const { cap, passes, times, bytes, keeps, durable } = locus.argument<InvokeWork>()
  const block = new Uint8Array(bytes).fill(keeps ? kept : plain)
  const micros: number[] = []
  const began = Date.now()
  for (let pass = 0; pass < passes; pass++) {
    const from = performance.now()
    for (let i = 0; i < times; i++) locus.invoke(cap, block, { durable })
    micros.push(((performance.now() - from) * 1000) / times)
  }
  return { micros, began, ended: Date.now() }
}
