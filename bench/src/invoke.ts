/**
 * `invoke`: what it costs to have another container do something: with an answer at once, beside a message to another thread and
 * back; and with an answer that no crash can undo, beside the least that can be called durable, an append and a barrier. And what is
 * tracked when two containers share a page by a mapping instead: its first access after a capture.
 */
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { openWorld, type Container, type World } from 'katydid'
import type { Bench, Contender } from './bench.js'
import type { InvokeTimes, InvokeWork } from './invoke.program.js'
import { notedPages } from './page-noted.js'

const program = fileURLToPath(new URL('./invoke.program.js', import.meta.url))
const many = 64
const blockBytes = 256

type Work = Omit<InvokeWork, 'cap'>

export const invoke: Bench = {
  name: 'invoke',
  question:
    'what does an invocation cost, one into a logged container, and one whose answer is for good?',
  async run({ quick }, measure) {
    const plain = { passes: quick ? 10 : 40, keeps: false, durable: 'volatile' } as const
    const pace = { warmUps: 1, rounds: quick ? 2 : 5 }
    const durable = { times: 1, bytes: blockBytes, keeps: true, durable: 'recoverable' } as const
    const messages = quick ? 200 : 2000
    await inWorld(async (office) => {
      const worker = new Worker(new URL('./echo.worker.js', import.meta.url))
      try {
        for (const [name, bytes] of [
          ['local-empty', 0],
          ['block-256', blockBytes],
        ] as const) {
          const katydid = office.alone({ ...plain, times: 5000, bytes }, 1)
          const peers = { 'post-message': roundTrips(worker, bytes, messages) }
          await measure({ name, unit: 'us', katydid, peers, targets: {}, ...pace })
        }
      } finally {
        await worker.terminate()
      }
      for (const access of ['load', 'store'] as const) {
        const { first, again } = notedPages(access)
        const name = `mapped-${access}-first`
        const peers = { again, 'local-empty': office.alone({ ...plain, times: 5000, bytes: 0 }, 1) }
        const most = { warmUps: 20, rounds: quick ? 10 : 60 }
        await measure({ name, unit: 'us', katydid: first, peers, targets: {}, ...most })
      }
      const visits = { ...plain, times: 500, bytes: 0 }
      const local = office.alone({ ...visits, times: 5000 }, 1)
      for (const level of ['logging', 'deterministic'] as const)
        await measure({
          name: `visit-${level}`,
          unit: 'us',
          katydid: office.alone(visits, 1, level),
          peers: { 'local-empty': local },
          targets: {},
          ...pace,
        })
      const one = office.alone({ ...durable, passes: quick ? 20 : 60 }, 1000)
      const append = appends(office.dir, 1, quick ? 20 : 60)
      const targets = { 'bare-append': 2 }
      const unit = 'ms'
      await measure({
        name: 'durable-1',
        unit,
        katydid: one,
        peers: { 'bare-append': append },
        targets,
        ...pace,
      })
      const together = office.together({ ...durable, passes: quick ? 4 : 10 })
      const appendAll = appends(office.dir, many, quick ? 4 : 10)
      const peers = { 'one-append-of-64': appendAll, 'durable-1': one }
      await measure({ name: 'durable-64', unit, katydid: together, peers, targets: {}, ...pace })
    })
  },
}

/** Blocks sent to another thread and back, one after the other. */
export function roundTrips(worker: Worker, bytes: number, times: number): Contender {
  return {
    pass: async () => {
      const block = new Uint8Array(bytes)
      const from = performance.now()
      for (let i = 0; i < times; i++) {
        const answer = once(worker, 'message')
        worker.postMessage(block)
        await answer
      }
      return [((performance.now() - from) * 1000) / times]
    },
  }
}

/** Appends of so many blocks at once, each made durable; milliseconds for a block. */
function appends(dir: string, blocks: number, times: number): Contender {
  const file = path.join(dir, `appended-${blocks}`)
  const bytes = new Uint8Array(blockBytes * blocks).fill(1)
  return {
    pass: () => {
      const fd = fs.openSync(file, 'w')
      const took: number[] = []
      for (let i = 0; i < times; i++) {
        const from = performance.now()
        fs.writeSync(fd, bytes)
        fs.fdatasyncSync(fd)
        took.push((performance.now() - from) / blocks)
      }
      fs.closeSync(fd)
      return took
    },
  }
}

type Level = 'snapshotting' | 'logging' | 'deterministic'
type Caps = Readonly<Record<Level, InvokeWork['cap']>>

/** A world with a container that is invoked, and one whose loci invoke it. */
class Office {
  readonly dir: string
  readonly #world: World
  readonly #desk: Container
  /** By quality of service of what is invoked. */
  readonly #caps: Caps
  #names = 0

  constructor(dir: string, world: World, desk: Container, caps: Caps) {
    this.dir = dir
    this.#world = world
    this.#desk = desk
    this.#caps = caps
  }

  /** One locus; microseconds divided by `scale`, a sample a pass. */
  alone(work: Work, scale: number, level: Level = 'snapshotting'): Contender {
    return {
      pass: async () => (await this.#invoke(work, level)).micros.map((each) => each / scale),
    }
  }

  /** Many loci at the same time; milliseconds for an answer. */
  together(work: Work): Contender {
    return {
      pass: async () => {
        const spans = await Promise.all(Array.from({ length: many }, () => this.#invoke(work)))
        const began = Math.max(...spans.map((each) => each.began))
        const ended = Math.max(...spans.map((each) => each.ended))
        return [(ended - began) / (many * work.passes * work.times)]
      },
    }
  }

  async #invoke(work: Work, level: Level = 'snapshotting'): Promise<InvokeTimes> {
    const name = `invokes ${this.#names++}`
    const locus = await this.#world.startLocus(this.#desk, {
      name,
      args: { ...work, cap: this.#caps[level] },
    })
    return (await locus.result()).result as InvokeTimes
  }
}

async function inWorld(use: (office: Office) => Promise<void>): Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-bench-'))
  const managers = [{ name: 'logging' }, { name: 'deterministic' }]
  const world = await openWorld({ dir, frames: 512, loci: many + 2, snapshotEveryMs: 0, managers })
  try {
    const desk = await world.createContainer({ name: 'desk', size: 65536, program })
    const called = async (level: Level, manager?: string): Promise<InvokeWork['cap']> => {
      const of = manager === undefined ? {} : { manager }
      const made = { name: `called ${level}`, size: 65536, program, ...of }
      return world.grant(desk, await world.createContainer(made))
    }
    const caps = {
      snapshotting: await called('snapshotting'),
      logging: await called('logging', 'logging'),
      deterministic: await called('deterministic', 'deterministic'),
    }
    // Visits are logged from the first capture on.
    await world.snapshot()
    await use(new Office(dir, world, desk, caps))
  } finally {
    await world.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}
