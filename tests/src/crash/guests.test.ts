/** A program runs on the machine that invokes, on pages that are lent: on threads, with real managers and proxies. */
import type { Container, OpenOptions, World } from 'katydid'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folders.js'
import { Payments } from '../support/payments.js'
import { openSeveral } from '../support/several.js'
import { until } from '../support/until.js'
import { fixture } from '../support/worlds.js'

interface Outcome {
  readonly values?: readonly number[]
  readonly isLent?: boolean
  readonly refused?: string
  readonly status?: string
  readonly sentence?: string
}

const open = (t: ExecutionContext, machines: number, more: Partial<OpenOptions> = {}) =>
  openSeveral(t, machines, {
    dir: temporaryFolder(t),
    managers: [{ name: 'proxy' }, { name: 'sharing' }],
    ...more,
  })

const counter = (world: World, machine: number, program = 'lent-adds'): Promise<Container> =>
  world.createContainer({
    name: 'counter',
    size: 65536,
    program: fixture(program),
    machine,
    manager: 'sharing',
  })

const asker = (world: World, machine: number, program = 'remote-asks'): Promise<Container> =>
  world.createContainer({
    name: `asker ${machine}`,
    size: 65536,
    program: fixture(program),
    machine,
  })

let asked = 0

async function ask(world: World, from: Container, cap: unknown, args: object): Promise<Outcome> {
  const locus = await world.startLocus(from, { name: `asks ${asked++}`, args: { cap, args } })
  return (await locus.result()).result as Outcome
}

const words = [0, 4096, 8192]

/** Until the proxy there is up it runs at home. */
const untilLent = (world: World, from: Container, cap: unknown): Promise<void> =>
  until('it is lent', async () => {
    const { isLent } = await ask(world, from, cap, { words, amount: 0 })
    return isLent === true
  })

test.serial(
  '[CH60] where the manager says local_support the program runs on the machine that invokes, and all see one memory',
  async (t) => {
    const world = await open(t, 3)
    const shared = await counter(world, 1)
    const askers = [await asker(world, 2), await asker(world, 3), await asker(world, 1)]
    for (const each of askers.slice(0, 2))
      await untilLent(world, each, await world.grant(each, shared))
    const seen: Outcome[] = []
    for (let round = 0; round < 4; round++)
      for (const each of askers) {
        const cap = await world.grant(each, shared)
        seen.push(await ask(world, each, cap, { words, amount: 1 }))
      }

    t.deepEqual(
      seen.filter(({ status }) => status !== undefined),
      [],
    )
    t.deepEqual(
      seen.map(({ values }) => values),
      seen.map((_, nth) => [nth + 1, nth + 1, nth + 1]),
    )
    t.deepEqual(
      seen.map(({ isLent }) => isLent),
      seen.map((_, nth) => nth % 3 !== 2),
    )
  },
)

test.serial(
  '[LO160] what a program does besides its pages is refused where they are lent, and its failure is told',
  async (t) => {
    const world = await open(t, 2)
    const shared = await counter(world, 1)
    const from = await asker(world, 2)
    const cap = await world.grant(from, shared)

    await untilLent(world, from, cap)
    const tried = await ask(world, from, cap, { words, amount: 1, onward: 1 })
    const failed = await ask(world, from, cap, { words, amount: 1, fails: true })

    t.deepEqual([tried.isLent, tried.refused], [true, 'not_supported'])
    t.is(failed.status, 'program_failed')
    t.regex(failed.sentence ?? '', /told to fail/)
  },
)

test.serial(
  '[LO161] [CH62] loci of three machines add at once while the world is captured: nothing is lost, also not by opening it again',
  async (t) => {
    t.timeout(120_000)
    const dir = temporaryFolder(t)
    const world = await open(t, 3, { dir })
    const shared = await counter(world, 1)
    const results: Promise<Outcome>[] = []
    for (const machine of [1, 2, 3]) {
      const from = await asker(world, machine)
      const cap = await world.grant(from, shared)
      for (let nth = 0; nth < 3; nth++)
        results.push(ask(world, from, cap, { words: Array(200).fill(nth * 4), amount: 1 }))
    }
    const outcomes = await Promise.all(results)
    await world.snapshot({ durable: true })

    t.deepEqual(
      outcomes.filter(({ status }) => status !== undefined),
      [],
    )
    await world.close()
    const again = await open(t, 3, { dir })
    const reader = await asker(again, 2)
    const cap = await again.grant(reader, await counter(again, 1))
    const { values } = await ask(again, reader, cap, { words: [0, 4, 8] })
    t.deepEqual(values, [600, 600, 600])
  },
)

test.serial(
  '[CH66] a lock in the pages holds between machines: nobody is between two words that change together',
  async (t) => {
    t.timeout(120_000)
    const world = await open(t, 2)
    const shared = await counter(world, 1, 'lent-locks')
    const results: Promise<Outcome>[] = []
    for (const machine of [1, 2]) {
      const from = await asker(world, machine)
      const cap = await world.grant(from, shared)
      for (let nth = 0; nth < 2; nth++) results.push(ask(world, from, cap, { rounds: 50 }))
    }
    const outcomes = await Promise.all(results)

    t.deepEqual(
      outcomes.filter(({ status }) => status !== undefined),
      [],
    )
    t.is(Math.max(...outcomes.map(({ values }) => values![0]!)), 200)
  },
)

test.serial(
  '[LO162] [CH65] the machine of the guest, home, and the managers of both are killed while a program pays on lent pages: every payment is made once',
  async (t) => {
    t.timeout(240_000)
    const payments = 100
    const world = await open(t, 2)
    const payer = await asker(world, 1, 'remote-payer')
    const ledger = await counter(world, 2, 'remote-ledger')
    const args = { ledger: await world.grant(payer, ledger), payments, pauseMs: 10 }
    await world.snapshot({ durable: true })
    const paid = Payments.of(world)
    const locus = await world.startLocus(payer, { name: 'payer', args })
    const blows = [
      () => world.crashManager('proxy', { machine: 1 }),
      () => killMachine(world, 1),
      () => killMachine(world, 2),
      () => world.crashManager('sharing', { machine: 2 }),
      () => killMachine(world, 1),
    ]
    for (const [nth, blow] of blows.entries()) {
      const more = Math.min(paid.told.size + 8, payments)
      await until('more was paid', () => paid.told.size >= more)
      await sleep(13 * nth)
      await blow()
    }
    const { result } = await locus.result()

    t.is(result, payments)
    t.deepEqual(paid.wrong(payments), [])
  },
)

async function killMachine(world: World, machine: number): Promise<void> {
  await world.killMachine(machine)
  await world.restartMachine(machine)
}
