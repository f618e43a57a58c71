/**
 * `container-fault`: what a page fault costs that a manager answers from memory, all of it real: trap record, bells, installation
 * into a frame granted ahead, answer. Beside it stands the least that such a thing can cost: a word there, a copy of 4 KiB, a word
 * back between two threads.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { bellBits } from '@katydid/abi'
import { ring } from '@katydid/actor'
import type { Bench, Case, Contender } from './bench.js'
import { benchMachine, manager } from './machine.js'
import type { FaultTask, RoundTripTask } from './tasks.js'

const pages = 512
const pageBytes = 4096

export const containerFault: Bench = {
  name: 'container-fault',
  question: 'what does a fault cost that a manager answers from memory?',
  async run({ quick }, measure) {
    const rounds = quick ? 8 : 40
    await both(0, async (katydid, peer) => {
      const peers = { 'round-trip-and-copy': peer }
      const targets = { 'round-trip-and-copy': 1.25 }
      await measure({
        name: 'parked-resident',
        unit: 'us',
        katydid,
        peers,
        targets,
        ...pace(rounds),
      })
    })
    await both(1000, async (katydid, peer) => {
      const peers = { 'round-trip-and-copy': peer }
      await measure({
        name: 'free-core-resident',
        unit: 'us',
        katydid,
        peers,
        targets: {},
        ...pace(rounds),
      })
    })
  },
}

const pace = (rounds: number): Pick<Case, 'warmUps' | 'rounds'> => ({ warmUps: 16, rounds })

/** Starts the four threads of one spin budget, and ends them after `use`. */
async function both(
  spin: number,
  use: (katydid: Contender, peer: Contender) => Promise<void>,
): Promise<void> {
  const workers: Worker[] = []
  const start = async (file: string, workerData: object): Promise<Worker> => {
    const worker = new Worker(new URL(file, import.meta.url), { workerData })
    workers.push(worker)
    await once(worker, 'message')
    return worker
  }
  try {
    const katydid = await faulting(start, spin)
    const peer = await roundTripping(start, spin)
    await use(katydid, peer)
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

type Start = (file: string, workerData: object) => Promise<Worker>

async function faulting(start: Start, spin: number): Promise<Contender> {
  const { region, table } = benchMachine(pages, pageBytes)
  const emptied = new Int32Array(new SharedArrayBuffer(4))
  const task: FaultTask = { region: region.handle, table, pages, spin, emptied }
  await start('./fault-manager.worker.js', task)
  const locus = await start('./fault-locus.worker.js', task)
  return {
    pass: async () => {
      // While nobody runs in it, the manager takes every page out again.
      const before = Atomics.load(emptied, 0)
      ring(region.words, region.actorWord(manager, 'bell'), bellBits.control)
      Atomics.wait(emptied, 0, before, 10_000)
      return timesOf(locus)
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
