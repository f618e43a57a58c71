/**
 * `commit`: what a transaction costs that is for good, alone and beside seven others. They share captures and barriers, so
 * eight should commit several times as much as one. A transaction that nobody waits for shows what the rest is.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openWorld, type Container, type World } from 'katydid'
import type { Bench, Contender } from './bench.js'
import type { CommitSpan, CommitWork } from './commit.program.js'

const program = fileURLToPath(new URL('./commit.program.js', import.meta.url))

export const commit: Bench = {
  name: 'commit',
  question: 'what does a commit cost that no crash can undo, and how much of it do loci share?',
  async run({ quick }, measure) {
    const pace = { warmUps: 1, rounds: quick ? 3 : 10 }
    const rounds = quick ? 30 : 100
    await inWorld(async (world, bank) => {
      const contender = (loci: number, durable: CommitWork['durable'], times = 1): Contender => ({
        pass: async () => [await perCommit(world, bank, loci, { rounds: rounds * times, durable })],
      })
      const eight = contender(8, 'recoverable')
      const one = contender(1, 'recoverable')
      const targets = { 'one-locus': 0.5 }
      const unit = 'ms'
      await measure({
        name: 'eight-loci',
        unit,
        katydid: eight,
        peers: { 'one-locus': one },
        targets,
        ...pace,
      })
      const swift = contender(1, 'volatile', 5)
      await measure({
        name: 'volatile',
        unit,
        katydid: swift,
        peers: { durable: one },
        targets: {},
        ...pace,
      })
    })
  },
}

let names = 0

/** Milliseconds for each commit, all loci together. */
async function perCommit(
  world: World,
  bank: Container,
  loci: number,
  work: Pick<CommitWork, 'rounds' | 'durable'>,
): Promise<number> {
  const spans = await Promise.all(
    Array.from({ length: loci }, async (_, page) => {
      const args: CommitWork = { ...work, page }
      const locus = await world.startLocus(bank, { name: `commits ${names++}`, args })
      return (await locus.result()).result as CommitSpan
    }),
  )
  const began = Math.min(...spans.map((each) => each.began))
  const ended = Math.max(...spans.map((each) => each.ended))
  return (ended - began) / (loci * work.rounds)
}

async function inWorld(use: (world: World, bank: Container) => Promise<void>): Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-bench-'))
  const managers = [{ name: 'transactional' }]
  const world = await openWorld({ dir, frames: 512, loci: 9, snapshotEveryMs: 0, managers })
  try {
    const shape = { name: 'bank', size: 1024 * 1024, manager: 'transactional', program }
    await use(world, await world.createContainer(shape))
  } finally {
    await world.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}
