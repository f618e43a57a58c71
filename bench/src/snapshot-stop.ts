/**
 * `snapshot-stop`: how long loci are held while the world is captured, from the last one's rest to the open gate. Two worlds
 * are open and take turns; what is resident in one should make no difference, as a capture walks no pages.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openWorld, type World } from 'katydid'
import type { Bench, Contender } from './bench.js'
import type { DirtyWork } from './dirty.program.js'

const program = fileURLToPath(new URL('./dirty.program.js', import.meta.url))
const pageBytes = 4096
const pagesOf = (mebibytes: number): number => (mebibytes * 1024 * 1024) / pageBytes

export const snapshotStop: Bench = {
  name: 'snapshot-stop',
  question: 'how long does a capture hold the loci, whatever the size of the world?',
  async run({ quick }, measure) {
    const pace = { warmUps: 5, rounds: quick ? 40 : 200 }
    const large = { pages: pagesOf(1024), dirty: 100 }
    const small = { pages: pagesOf(16), dirty: 100 }
    await betweenWorlds(large, small, async (katydid, peer) => {
      const peers = { 'held-16MiB': peer }
      const targets = { 'held-16MiB': 1.5 }
      await measure({ name: 'held-1GiB', unit: 'ms', katydid, peers, targets, ...pace })
    })
    await betweenWorlds({ ...small, dirty: 1000 }, small, async (katydid, peer) => {
      const peers = { 'held-100-dirty': peer }
      await measure({ name: 'held-1000-dirty', unit: 'ms', katydid, peers, targets: {}, ...pace })
    })
  },
}

/** Opens a world for each work, and closes both after `use`. */
async function betweenWorlds(
  one: DirtyWork,
  other: DirtyWork,
  use: (one: Contender, other: Contender) => Promise<void>,
): Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-bench-'))
  const worlds: World[] = []
  try {
    for (const [index, work] of [one, other].entries())
      worlds.push(await working(path.join(dir, String(index)), work))
    await use(captures(worlds[0]!), captures(worlds[1]!))
  } finally {
    for (const world of worlds) await world.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

/** A world whose one locus has touched all its pages and goes on writing some. */
async function working(dir: string, work: DirtyWork): Promise<World> {
  const world = await openWorld({ dir, frames: work.pages + 4096, loci: 2, snapshotEveryMs: 0 })
  const container = await world.createContainer({
    name: 'dirty',
    size: work.pages * pageBytes,
    program,
  })
  const resident = new Promise<void>((resolve) => {
    world.on('log', ({ text }) => {
      if (text === 'resident') resolve()
    })
  })
  await world.startLocus(container, { name: 'dirty', args: work })
  await resident
  return world
}

/** A pass is one capture; the sample is the time the kernel held the world. */
function captures(world: World): Contender {
  return {
    pass: async () => {
      const held = new Promise<number>((resolve) => {
        const stop = world.on('captured', ({ heldUs }) => {
          stop()
          resolve(heldUs / 1000)
        })
      })
      await world.snapshot({ durable: false })
      return [await held]
    },
  }
}
