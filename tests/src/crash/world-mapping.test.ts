/** Programs that share memory by mappings, in worlds on real threads and files: paged, rolled back, restarted. */
import { rights } from '@katydid/abi'
import type { Capref } from '@katydid/abi'
import { KatydidError, type Container, type World } from 'katydid'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

const pages = 400
const turns = 200
const size = 128 * 1024 * 1024

interface Table {
  readonly world: World
  readonly sides: readonly { readonly container: Container; readonly shared: Capref }[]
}

/** A world with two players and what they share. */
async function lay(t: ExecutionContext, dir: string): Promise<Table> {
  const world = await openForTest(t, { dir, frames: 96 })
  const shared = await world.createContainer({ name: 'shared', size })
  const sides = []
  for (const name of ['left', 'right']) {
    const program = fixture('mapped-player')
    const container = await world.createContainer({ name, size, program })
    const allowed = rights.read | rights.write
    sides.push({ container, shared: await world.grant(container, shared, allowed) })
  }
  return { world, sides }
}

async function play({ world, sides }: Table, count: number) {
  const players = []
  for (const [side, { container, shared }] of sides.entries())
    players.push(
      await world.startLocus(container, {
        name: `player ${side}`,
        // Each has the shared pages from another one on, so page 8 is at another place for both.
        args: { shared, side, turns: count, pages, from: side * 5 },
      }),
    )
  return Promise.all(players.map((player) => player.result()))
}

test('[CO13] two programs take turns in memory that both have mapped, with fewer frames than pages', async (t) => {
  const table = await lay(t, temporaryFolder(t))
  const { world, sides } = table
  // By the host, and then by the program itself: the same mapping twice is once.
  const shared = await world.createContainer({ name: 'shared' })
  const region = { at: 64 * 1024 * 1024, length: pages * 4096, sourceAt: 0 } as const
  await world.map(sides[0]!.container, shared, { ...region, access: 'write' })
  const other = await t.throwsAsync(world.map(sides[0]!.container, shared, region), {
    instanceOf: KatydidError,
  })

  const results = await play(table, turns)

  t.is(other.status, 'already_mapped')

  t.deepEqual(
    results.map(({ result }) => result),
    [0, 1].map(() => ({ mine: turns / 2, kept: turns / 2 })),
  )
  t.true(table.world.counters().discardsDirty > 0)
})

async function arePlaying(world: World): Promise<boolean> {
  const { loci } = await world.status()
  return loci.length === 2 && loci.every(({ faults }) => faults > 0)
}

test('[CO13] after the manager has died both go on from one cut, with what they share', async (t) => {
  const table = await lay(t, temporaryFolder(t))
  const { world } = table
  let rollbacks = 0
  world.on('rollback', () => rollbacks++)
  const playing = play(table, turns * 3)

  for (let i = 0; i < 2; i++) {
    await until('both play', () => arePlaying(world))
    await until('they are captured', () =>
      world.snapshot().then(
        () => true,
        () => false,
      ),
    )
    await world.crashManager()
    await until('the world has gone back', () => rollbacks > i)
  }
  const results = await playing

  t.deepEqual(
    results.map(({ result }) => result),
    [0, 1].map(() => ({ mine: (turns * 3) / 2, kept: (turns * 3) / 2 })),
  )
})

test('[CO13] a world that is closed in the middle goes on with its mappings when it is opened again', async (t) => {
  const dir = temporaryFolder(t)
  const table = await lay(t, dir)
  const unfinished = t.throwsAsync(play(table, turns * 3))
  await until('they play', () => arePlaying(table.world))
  await table.world.close()
  await unfinished

  const again = await lay(t, dir)
  const results = await play(again, turns * 3)

  t.deepEqual(
    results.map(({ result }) => result),
    [0, 1].map(() => ({ mine: (turns * 3) / 2, kept: (turns * 3) / 2 })),
  )
})

/** Two loci read through a mapping, and a third of the same container ends that. */
async function endingOf(t: ExecutionContext, how: 'unmap' | 'destroy') {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const shared = await world.createContainer({ name: 'shared', size })
  const program = fixture('mapped-ending')
  const container = await world.createContainer({ name: 'here', size, program })
  const capref = await world.grant(container, shared)
  const args = { shared: capref, readers: 2, how }
  const loci = []
  for (const role of ['reader', 'reader', 'ender'])
    loci.push(
      await world.startLocus(container, {
        name: `${role} ${loci.length}`,
        args: { ...args, role },
      }),
    )
  const results = await Promise.all(loci.map((each) => each.result()))
  return results.map(({ result }) => result)
}

test('[CO11] once a program has unmapped a region, no other locus of its container gets through', async (t) => {
  const refused = { status: 'out_of_window', late: 0, reads: true }

  t.deepEqual(await endingOf(t, 'unmap'), [refused, refused, { status: 'ok', hidden: 0 }])
})

test('[CO12] a container that is destroyed while others read it by a mapping is entity_gone to them', async (t) => {
  const refused = { status: 'entity_gone', late: 0, reads: true }

  t.deepEqual(await endingOf(t, 'destroy'), [refused, refused, { status: 'ok', hidden: 0 }])
})
