/** Runs a litmus test on real threads of one machine, by windows of a container whose pages are all there. */
import { Worker } from 'node:worker_threads'
import { smallMachine } from '../support/small-machine.js'
import { incoherent, isSequential } from './history.js'
import { historyOf, litmus, type LitmusName, type Step } from './litmus.js'
import type { LitmusData } from './litmus.worker.js'

const pages = 32

export interface Outcomes {
  /** Runs that no interleaving explains, by what their loads read. */
  readonly relaxed: ReadonlyMap<string, number>
  /** Runs in which some location by itself is not explained. */
  readonly incoherent: number
  readonly kinds: number
}

/** Runs it so often, and asks the checker of every outcome that showed. */
export async function runLitmus(
  name: LitmusName,
  way: LitmusData['way'],
  rounds: number,
): Promise<Outcomes> {
  const { region, lcd, table, frames } = smallMachine(pages, pages)
  for (const [i, frame] of frames.entries())
    lcd.install([{ offset: i * 4096, frame, access: 'write' }])
  const threads: readonly (readonly Step[])[] = litmus[name]
  const meeting = new Int32Array(new SharedArrayBuffer(4))
  const reads = await Promise.all(
    threads.map(
      (steps, locus) =>
        new Promise<Int32Array>((resolve, reject) => {
          const workerData: LitmusData = {
            handle: region.handle,
            table,
            pages,
            locus,
            threads: threads.length,
            steps,
            rounds,
            way,
            meeting,
          }
          const worker = new Worker(new URL('./litmus.worker.js', import.meta.url), { workerData })
          worker.once('message', resolve)
          worker.once('error', reject)
        }),
    ),
  )
  return judge(name, reads, rounds)
}

function judge(name: LitmusName, reads: readonly Int32Array[], rounds: number): Outcomes {
  const threads: readonly (readonly Step[])[] = litmus[name]
  const counted = new Map<string, { readonly outcome: number[][]; count: number }>()
  for (let round = 0; round < rounds; round++) {
    const outcome = threads.map((steps, i) =>
      steps.flatMap(({ kind }, step) =>
        kind === 'load' ? [reads[i]![round * steps.length + step]!] : [],
      ),
    )
    const key = JSON.stringify(outcome)
    const known = counted.get(key)
    if (known === undefined) counted.set(key, { outcome, count: 1 })
    else known.count++
  }
  const relaxed = new Map<string, number>()
  let wrong = 0
  for (const [key, { outcome, count }] of counted) {
    const history = historyOf(name, outcome)
    if (!isSequential(history)) relaxed.set(key, count)
    if (incoherent(history).length > 0) wrong += count
  }
  return { relaxed, incoherent: wrong, kinds: counted.size }
}
