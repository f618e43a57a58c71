/** A program runs on the machine that invokes, on pages that are lent: on threads, with real managers and proxies. */
import type { Container, OpenOptions, World } from 'katydid'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { openSeveral } from '../support/several.js'
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

const counter = (world: World, machine: number): Promise<Container> =>
  world.createContainer({
    name: 'counter',
    size: 65536,
    program: fixture('lent-adds'),
    machine,
    manager: 'sharing',
  })

const asker = (world: World, machine: number): Promise<Container> =>
  world.createContainer({
    name: `asker ${machine}`,
    size: 65536,
    program: fixture('remote-asks'),
    machine,
  })

let asked = 0

async function ask(world: World, from: Container, cap: unknown, args: object): Promise<Outcome> {
  const locus = await world.startLocus(from, { name: `asks ${asked++}`, args: { cap, args } })
  return (await locus.result()).result as Outcome
}

const words = [0, 4096, 8192]

test.serial(
  '[CH60] where the manager says local_support the program runs on the machine that invokes, and all see one memory',
  async (t) => {
    const world = await open(t, 3)
    const shared = await counter(world, 1)
    const askers = [await asker(world, 2), await asker(world, 3), await asker(world, 1)]
    const seen: Outcome[] = []
    for (let round = 0; round < 4; round++)
      for (const each of askers) {
        const cap = await world.grant(each, shared)
        seen.push(await ask(world, each, cap, { words, amount: 1 }))
      }

    t.deepEqual(seen.filter(({ status }) => status !== undefined), [])
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
