/** Logged containers whose process, manager or visitors are killed: they come back with every visit that anybody knows of. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import type { Capref } from '@katydid/abi'
import test, { type ExecutionContext } from 'ava'
import type { Container, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

type Entry = readonly [number, number]
/** Clerks go on until they are told that it is enough; so many rounds find room. */
const [clerks, rounds] = [3, 40_000]
const size = 1024 * 1024

/** Each receipt that a clerk has is the till's of that number, and the till has no other. */
function compare(
  t: ExecutionContext,
  till: readonly Entry[],
  journals: readonly (readonly Entry[])[],
): void {
  for (const [own, journal] of journals.entries())
    for (const [nth, receipt] of journal)
      t.deepEqual(till[nth], [receipt, own], `receipt ${nth} of clerk ${own}`)
  t.is(till.length, journals.flat().length)
}

interface Shop {
  readonly world: World
  readonly shared: Int32Array
  readonly rollbacks: { readonly reason: string; readonly moved: readonly string[] }[]
  readonly trouble: string[]
  readonly work: readonly Promise<readonly Entry[]>[]
  readonly till: Container
}

/** Three clerks at work; captured when somebody asks, and not before. */
async function open(t: ExecutionContext, level: string): Promise<Shop> {
  const shared = new Int32Array(new SharedArrayBuffer(1024))
  setEnvironmentData('katydid till', shared.buffer)
  const world = await openForTest(t, {
    dir: temporaryFolder(t),
    frames: 192,
    loci: clerks + 3,
    snapshotEveryMs: 60_000,
    managers: [{ name: level }],
  })
  const shop: Pick<Shop, 'rollbacks' | 'trouble'> = { rollbacks: [], trouble: [] }
  world.on('rollback', ({ reason, moved }) => {
    shop.rollbacks.push({ reason, moved: moved.map(({ container }) => container) })
  })
  world.on('not_logged', ({ container, why }) => shop.trouble.push(`${container}: ${why}`))
  world.on('replay_differed', (event) => shop.trouble.push(JSON.stringify(event)))
  const make = (name: string, manager?: string): Promise<Container> => {
    const of = manager === undefined ? {} : { manager }
    return world.createContainer({ name, program: fixture('receipts'), size, ...of })
  }
  const [till, stock] = [await make('till', level), await make('stock')]
  const stockCap = await world.grant(till, stock)
  const desks: [Container, Capref][] = []
  for (let own = 0; own < clerks; own++) {
    const desk = await make(`desk ${own}`)
    desks.push([desk, await world.grant(desk, till)])
  }
  const work: Promise<readonly Entry[]>[] = []
  for (const [own, [desk, cap]] of desks.entries()) {
    const args = { role: 'clerk', own, till: cap, stock: stockCap, rounds }
    const locus = await world.startLocus(desk, { name: `clerk ${own}`, args })
    work.push(
      locus.result({ durable: 'volatile' }).then(({ result }) => result as readonly Entry[]),
    )
  }
  // From its first step on a clerk rests only after a visit.
  await until('all clerks work', () =>
    [100, 101, 102].every((at) => Atomics.load(shared, at) !== 0),
  )
  await world.snapshot()
  return { world, shared, work, till, ...shop }
}

/** What clerks have when they are told that it is enough. */
function ended({ shared, work }: Shop): Promise<(readonly Entry[])[]> {
  Atomics.store(shared, 253, 1)
  return Promise.all(work)
}

async function tillOf({ world, till }: Shop): Promise<readonly Entry[]> {
  const reader = await world.startLocus(till, { name: 'reader', args: { role: 'journal' } })
  return (await reader.result()).result as readonly Entry[]
}

test.serial(
  '[LO128] a deterministic container whose manager dies comes back with every visit, and nobody else goes back',
  async (t) => {
    const shop = await open(t, 'deterministic')

    for (let i = 0; i < 2; i++) {
      await sleep(150)
      // Nobody is in it: a visitor in the middle of a visit would be lost with it.
      Atomics.store(shop.shared, 254, 1)
      await until('nobody is in it', () =>
        [200, 201, 202].every((at) => Atomics.load(shop.shared, at) === 1),
      )
      await shop.world.crashManager('deterministic')
      await until('it is back', () => shop.rollbacks.length > i)
      Atomics.store(shop.shared, 254, 0)
    }
    const journals = await ended(shop)

    compare(t, await tillOf(shop), journals)
    t.deepEqual(shop.trouble, [])
    t.deepEqual(
      shop.rollbacks.map(({ moved }) => moved),
      [['till'], ['till']],
    )
  },
)

test.serial(
  '[LO128] a logging container in whose program the clock is looked at is restored from snapshots, and says why',
  async (t) => {
    const shop = await open(t, 'logging')

    await until('it is said why', () => shop.trouble.length > 0)
    await shop.world.crashManager('logging')
    const journals = await ended(shop)

    compare(t, await tillOf(shop), journals)
    t.true(
      shop.trouble.length > 0 && shop.trouble.every((each) => each === 'till: Math.random'),
      shop.trouble.join(),
    )
  },
)

test.serial(
  '[LO128] visitors that are lost in the middle of a visit leave nothing of it, and all others stay whole',
  async (t) => {
    const shop = await open(t, 'deterministic')

    for (const [before, own] of [1, 2, 0].entries()) {
      await sleep(150)
      Atomics.store(shop.shared, own, 1)
      // The word is for a clerk, and not for who stands in for it when its visits are run again.
      await until('they are back', () => shop.rollbacks.length > before)
    }
    const journals = await ended(shop)

    compare(t, await tillOf(shop), journals)
    t.deepEqual(shop.trouble, [])
  },
)

/** Runs the process, and kills it after so many answers; or it comes to its end. */
async function life(
  dir: string,
  killAfter: number,
): Promise<{
  told: [number, number, number][]
  end: { till: Entry[]; journals: Entry[][] } | null
  complaint: string
}> {
  // In a life that is killed clerks go on until then.
  const enoughAfter = killAfter === Infinity ? 24 : Infinity
  const job = JSON.stringify({ level: 'deterministic', clerks, rounds: 7_000, enoughAfter })
  const child = spawn(process.execPath, [fixture('receipts-child'), dir, job], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close')
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const told: [number, number, number][] = []
  let end = null
  for await (const line of createInterface({ input: child.stdout })) {
    const [, own, nth, receipt] = /^told (\d+) (\d+) (-?\d+)$/.exec(line) ?? []
    if (own !== undefined) told.push([Number(own), Number(nth), Number(receipt)])
    else if (line.includes('"till":'))
      end = JSON.parse(line) as { till: Entry[]; journals: Entry[][] }
    else if (line.includes('kind')) complaint += line
    if (told.length === killAfter) child.kill('SIGKILL')
  }
  await exited
  return { told, end, complaint }
}

test.serial(
  '[LO128] killed by SIGKILL, a logged container comes back with every visit whose answer was for good',
  async (t) => {
    const dir = temporaryFolder(t)
    const told: (readonly [number, number, number])[] = []
    for (const killAfter of [5, 1, 8]) {
      const each = await life(dir, killAfter)
      t.is(each.end, null, 'it was to be killed before the end')
      told.push(...each.told)
      t.is(each.complaint, '')
    }
    const { end, told: rest, complaint } = await life(dir, Infinity)
    if (end === null) throw new Error(complaint)

    // First, as it says why.
    t.is(complaint, '')
    compare(t, end.till, end.journals)
    for (const [own, nth, receipt] of [...told, ...rest]) t.deepEqual(end.till[nth], [receipt, own])
  },
)
