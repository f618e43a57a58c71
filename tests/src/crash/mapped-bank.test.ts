/** Stores through mappings while worlds on real threads are captured, rolled back and opened again: each is there on both sides, or on none. */
import test, { type ExecutionContext } from 'ava'
import type { World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const size = 128 * 1024 * 1024
const pages = 40

const options = { frames: 220, loci: 6, snapshotEveryMs: 25 } as const
/** Waits for a rollback, unless all is done before. */
async function backAgain(isBack: () => boolean): Promise<void> {
  for (let ms = 0; !isBack() && ms < 5000; ms += 20) await wait(20)
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

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
  const audit = await start(`audit ${Date.now()}`, { role: 'reader', forMs: 0 })
  return ((await audit.result()).result as { sum: number }).sum
}

async function work(t: ExecutionContext, rounds: number, batch: number) {
  const dir = temporaryFolder(t)
  const world = await openForTest(t, { dir, ...options })
  const { vault, start } = await vaultOf(world)
  const movers = [0, 1].map((side) =>
    start(`mover ${side}`, { role: 'mover', side, rounds, batch }),
  )
  const args = { role: 'keeper', rounds: 60, pages, busyMs: 40 }
  const keeper = await world.startLocus(vault, { name: 'keeper', args })
  const loci = [...(await Promise.all(movers)), keeper]
  return { dir, world, loci, ended: Promise.all(loci.map((each) => each.result())) }
}

test('[SI95] on real threads each store through a mapping is remembered by both sides or by none, through rollbacks and a restart', async (t) => {
  const { dir, world, ended } = await work(t, 3_000, 8)
  let rollbacks = 0
  let recoverable = 0
  world.on('rollback', () => rollbacks++)
  world.on('recoverable', () => recoverable++)

  for (let crash = 1; crash <= 4; crash++) {
    await wait(300)
    await world.crashManager()
    await backAgain(() => rollbacks >= crash)
  }
  const results = await ended
  await world.close()
  const again = await openForTest(t, { dir, ...options })
  const inVault = await moneyIn(again)

  const moved = results.reduce((sum, { result }) => sum + (result as { sum: number }).sum, 0)
  t.is(inVault, -moved)
  t.true(moved < 0)
  t.true(rollbacks >= 3, `${rollbacks} rollbacks`)
  t.true(recoverable >= 5, `${recoverable} lines`)
})

test('[SI90] a container is captured while one that has it mapped reads on without a safepoint', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), ...options, snapshotEveryMs: 0 })
  const { vault, start } = await vaultOf(world)
  const args = { role: 'keeper', rounds: 1e9, pages, busyMs: 1 }
  await world.startLocus(vault, { name: 'keeper', args })
  await start('reader', { role: 'reader', forMs: 10_000 })
  const lines: number[] = []
  // It takes a snapshot itself before it begins to read: until then others are answered.
  for (let i = 0; i < 20 && lines.length < 2; i++) {
    const refused = await world.snapshot().then(
      () => null,
      (error: Error) => error.message,
    )
    await wait(50)
    if (refused === null) continue
    t.regex(refused, /reader/)
    t.notRegex(refused, /vault/)
    const { containers } = await world.status()
    lines.push(containers.find(({ name }) => name === 'vault')!.recoverable)
  }

  t.true(lines[1]! > lines[0]! && lines[0]! > 0, lines.join())
})
