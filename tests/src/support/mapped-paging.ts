/**
 * Real loci on real threads that share one container, some from inside it and some by a mapping from another, over fewer frames
 * than pages. `unattached`: loci do not say that they use what is mapped, to show that the test sees it.
 */
import { Worker } from 'node:worker_threads'
import { Pager } from '../locus/support/pager.js'
import { mappedMachine, mappedManager, mappedPageSet, pageBytes } from './mapped-machine.js'
import { counterOf, nameOf, type MappedDone, type MappedTask } from './mapped-work.js'

export interface MappedRun {
  readonly pages: number
  readonly frames: number
  readonly rounds: number
  readonly seed: number
  /** words: own pages and mapped ones, by typed accesses. views: mapped pages only, half of the time as real memory. */
  readonly style: 'words' | 'views'
  readonly flaw?: 'unattached'
}

export interface MappedResult {
  readonly strangers: number
  readonly lostWrites: number
  readonly evictions: number
  readonly wrongTraps: number
}

const hosts = [1, 0, 2]

/** Runs three loci: one in container 1, one in 0 and one in 2, which have parts of 1 mapped. Compares at the end. */
export async function pageMapped(run: MappedRun): Promise<MappedResult> {
  const { region, frames } = mappedMachine(3, run.pages, run.frames)
  const pager = new Pager(region, mappedManager, mappedPageSet, frames)
  for (let container = 0; container < 3; container++)
    for (let page = 0; page < run.pages; page++)
      pager.setWord(container, page * pageBytes, nameOf(container, page))
  let live = hosts.length
  const all = hosts.map(async (host, locus) => {
    const task: MappedTask = {
      handle: region.handle,
      locus,
      host,
      mappedFrom: locus * 4,
      pages: run.pages,
      rounds: run.rounds,
      seed: run.seed * 100 + locus,
      style: run.style,
      flaw: run.flaw ?? '',
    }
    const file = new URL('./mapped-paging.worker.js', import.meta.url)
    const worker = new Worker(file, { workerData: task })
    return new Promise<MappedDone>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', (done: MappedDone) => {
        live--
        resolve(done)
      })
    })
  })
  const finished = Promise.all(all)
  finished.catch(() => (live = 0))
  // oxlint-disable-next-line no-unmodified-loop-condition -- changed by the promises above
  while (live > 0) {
    pager.turn()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const done = await finished
  pager.turn()
  pager.evictAll()
  let lostWrites = 0
  for (const [locus, { raised }] of done.entries())
    for (const [container, counts] of raised.entries())
      for (const [page, count] of counts.entries())
        if (pager.word(container, page * pageBytes + counterOf(locus)) !== count) lostWrites++
  return {
    strangers: done.reduce((sum, each) => sum + each.strangers, 0),
    lostWrites,
    evictions: pager.evictions,
    wrongTraps: pager.wrongTraps,
  }
}
