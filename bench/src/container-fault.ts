/**
 * `container-fault`: what a page fault costs that a manager answers from memory, all of it real: trap record, bells, installation
 * into a frame granted ahead, answer. Beside it stands the least that such a thing can cost: a word there, a copy of 4 KiB, a word
 * back between two threads.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { bellBits } from '@katydid/abi'
import { maxSpin, ring } from '@katydid/actor'
import type { Bench, Contender } from './bench.js'
import { cFloor } from './c-floor.js'
import { benchMachine, manager } from './machine.js'
import type { FaultTask, RoundTripTask } from './tasks.js'

const pages = 512
const pageBytes = 4096

export const containerFault: Bench = {
  name: 'container-fault',
  question: 'what does a fault cost that a manager answers from memory?',
  async run({ quick, say }, measure) {
    const pace = { warmUps: 16, rounds: quick ? 8 : 40 }
    await threads(async (start) => {
      const katydid = await faulting(start, 0, 1)
      const peers = { 'round-trip-and-copy': await roundTripping(start, 0) }
      const targets = { 'round-trip-and-copy': 1.25 }
      await measure({ name: 'parked-resident', unit: 'us', katydid, peers, targets, ...pace })
    })
    await threads(async (start) => {
      const katydid = await faulting(start, maxSpin, 1)
      const floor = await cFloor('userfaultfd', [String(pages)], say)
      const peers = {
        'round-trip-and-copy': await roundTripping(start, maxSpin),
        ...(floor === null ? {} : { userfaultfd: floor }),
      }
      try {
        const targets = { userfaultfd: 0.2 }
        await measure({ name: 'free-core-resident', unit: 'us', katydid, peers, targets, ...pace })
      } finally {
        floor?.end()
      }
    })
    // More threads than cores: what adaptive spinning costs there beside never spinning.
    await threads(async (start) => {
      const katydid = await faulting(start, maxSpin, 4)
      const peers = { blocking: await faulting(start, 0, 4) }
      const targets = { blocking: 1.35 }
      await measure({ name: 'oversubscribed', unit: 'us', katydid, peers, targets, ...pace })
    })
  },
}

/** Lets `use` start threads, and ends them after it. */
async function threads(use: (start: Start) => Promise<void>): Promise<void> {
  const workers: Worker[] = []
  try {
    await use(async (file, workerData) => {
      const worker = new Worker(new URL(file, import.meta.url), { workerData })
      workers.push(worker)
      await once(worker, 'message')
      return worker
    })
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

type Start = (file: string, workerData: object) => Promise<Worker>

/** A manager and so many loci, each with pages of its own; a pass is one fault on every page. */
async function faulting(start: Start, spin: number, loci: number): Promise<Contender> {
  const { region, table } = benchMachine(pages, pageBytes)
  const emptied = new Int32Array(new SharedArrayBuffer(4))
  const count = pages / loci
  const tasks = Array.from({ length: loci }, (_, locus): FaultTask => {
    return {
      region: region.handle,
      table,
      pages,
      locus,
      first: locus * count,
      count,
      spin,
      emptied,
    }
  })
  await start('./fault-manager.worker.js', tasks[0]!)
  const workers = await Promise.all(tasks.map((task) => start('./fault-locus.worker.js', task)))
  return {
    pass: async () => {
      // While nobody runs in it, the manager takes every page out again.
      const before = Atomics.load(emptied, 0)
      ring(region.words, region.actorWord(manager, 'bell'), bellBits.control)
      Atomics.wait(emptied, 0, before, 10_000)
      return (await Promise.all(workers.map(timesOf))).flat()
    },
  }
}

async function roundTripping(start: Start, spin: number): Promise<Contender> {
  const task: RoundTripTask = {
    control: new SharedArrayBuffer(256),
    target: new SharedArrayBuffer(pages * pageBytes),
    pages,
    pageBytes,
    spin,
  }
  await start('./copier.worker.js', task)
  const asker = await start('./asker.worker.js', task)
  return { pass: () => timesOf(asker) }
}

async function timesOf(worker: Worker): Promise<readonly number[]> {
  worker.postMessage('pass')
  const [times] = (await once(worker, 'message')) as [readonly number[]]
  return times
}
