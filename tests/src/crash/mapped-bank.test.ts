/** Stores through mappings while worlds on real threads are captured, rolled back and opened again: each is there on both sides, or on none. */
import { setEnvironmentData } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import type { World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

const size = 128 * 1024 * 1024
const pages = 40

const options = { frames: 220, loci: 6, snapshotEveryMs: 25 } as const

/** Programs go on until they are told that it is enough. */
function goOn(): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(4))
  setEnvironmentData('mapped bank', words.buffer)
  return words
}

async function vaultOf(world: World) {
  const program = fixture('mapped-bank')
  const vault = await world.createContainer({ name: 'vault', size, program })
  const start = async (name: string, args: object) => {
    const container = await world.createContainer({ name, size, program })
    const cap = await world.grant(container, vault)
    return world.startLocus(container, { name, args: { vault: cap, pages, ...args } })
  }
  return { vault, start }
}

async function moneyIn(world: World): Promise<unknown> {
  const { start } = await vaultOf(world)
  const audit = await start(`audit ${Date.now()}`, { role: 'reader', isShort: true })
  return ((await audit.result()).result as { sum: number }).sum
}

async function work(t: ExecutionContext, batch: number) {
  const words = goOn()
  const dir = temporaryFolder(t)
  const world = await openForTest(t, { dir, ...options })
  const { vault, start } = await vaultOf(world)
  const movers = [0, 1].map((side) => start(`mover ${side}`, { role: 'mover', side, batch }))
  const args = { role: 'keeper', pages, busyMs: 40 }
  const keeper = await world.startLocus(vault, { name: 'keeper', args })
  const loci = [...(await Promise.all(movers)), keeper]
  return { dir, world, words, ended: Promise.all(loci.map((each) => each.result())) }
}

test.serial(
  '[SI95] on real threads each store through a mapping is remembered by both sides or by none, through rollbacks and a restart',
  async (t) => {
    t.timeout(240_000)
    const { dir, world, words, ended } = await work(t, 8)
    let rollbacks = 0
    let recoverable = 0
    world.on('rollback', () => rollbacks++)
    world.on('recoverable', () => recoverable++)

    for (let crash = 1; crash <= 4; crash++) {
      const before = recoverable
      await until('the line moves', () => recoverable >= before + 3)
      await world.crashManager()
      await until('the world has gone back', () => rollbacks >= crash)
    }
    Atomics.store(words, 0, 1)
    const results = await ended
    await world.close()
    const again = await openForTest(t, { dir, ...options })
    const inVault = await moneyIn(again)

    const moved = results.reduce((sum, { result }) => sum + (result as { sum: number }).sum, 0)
    t.is(inVault, -moved)
    t.true(moved < 0)
  },
)

test.serial(
  '[SI90] a container is captured while one that has it mapped reads on without a safepoint',
  async (t) => {
    t.timeout(240_000)
    const words = goOn()
    const world = await openForTest(t, { dir: temporaryFolder(t), ...options, snapshotEveryMs: 0 })
    const { vault, start } = await vaultOf(world)
    const args = { role: 'keeper', pages, busyMs: 1 }
    await world.startLocus(vault, { name: 'keeper', args })
    await start('reader', { role: 'reader', isShort: false })
    const lines: number[] = []
    // It takes a snapshot itself before it begins to read: until then others are answered.
    await until('the vault is recoverable, and once more', async () => {
      const refused = await world.snapshot().then(
        () => null,
        (error: Error) => error.message,
      )
      if (refused === null) return false
      t.regex(refused, /reader/)
      t.notRegex(refused, /vault/)
      const { containers } = await world.status()
      lines.push(containers.find(({ name }) => name === 'vault')!.recoverable)
      return new Set(lines.filter((each) => each > 0)).size > 1
    })
    Atomics.store(words, 0, 1)

    t.deepEqual(
      lines,
      lines.toSorted((a, b) => a - b),
    )
  },
)
