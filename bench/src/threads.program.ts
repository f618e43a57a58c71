/** The program of `threads`: a call of the kernel, many times, each of which adds to a semaphore; it says how long one took. */
import { semaphoreCalls } from '@katydid/abi'
import type { Locus } from '@katydid/locus'

export interface KernelWork {
  readonly passes: number
  /** Calls in a pass. */
  readonly times: number
}

/** Microseconds a call, of each pass. */
export default function kernelCalls(locus: Locus): readonly number[] {
  const { passes, times } = locus.argument<KernelWork>()
  const made = locus.call(semaphoreCalls.semaphoreCreate, { initial: 0 })
  if (made.status !== 'ok') throw new Error(`${made.status}: ${made.detail}`)
  const { sem } = made
  const micros: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    const from = performance.now()
    for (let nth = 0; nth < times; nth++) locus.semaphoreV(sem)
    micros.push(((performance.now() - from) * 1000) / times)
  }
  return micros
}
