/** An administrator’s rollback on real threads: of an open world, at an opening, of a closed one, and killed on the way. */
import { KatydidError, openWorld, rollbackWorld, type Container, type World } from 'katydid'
import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCommand } from '../support/command.js'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const pages = 6
const size = 64 * 4096
const program = fixture('past-pages')
const content = (version: number): number[] =>
  Array.from({ length: pages }, (_, page) => version * 1000 + page)
const still = { retain: 4, snapshotEveryMs: 0, retainEveryMs: 1_000_000 }

let nth = 0

async function does(world: World, container: Container, args: object): Promise<unknown> {
  const handle = await world.startLocus(container, { name: `does ${nth++}`, args })
  return (await handle.result()).result
}

const read = (world: World, container: Container): Promise<unknown> =>
  does(world, container, { deed: 'read', pages })

async function write(world: World, name: string, version: number): Promise<Container> {
  const container = await world.createContainer({ name, size, program })
  await does(world, container, { deed: 'write', version, pages })
  return container
}

const lines = async (world: World): Promise<number[]> =>
  (await world.lines()).map(({ line }) => line)

/** A world whose container b was destroyed, and c made, after the line it answers. */
async function withPast(world: World): Promise<number> {
  await write(world, 'a', 1)
  const b = await write(world, 'b', 2)
  const line = await world.snapshot()
  await world.destroyContainer(b)
  await write(world, 'a', 3)
  await write(world, 'c', 4)
  await world.snapshot()
  return line
}

/** It is as it was on the line of `withPast`. */
async function isBack(world: World): Promise<unknown[]> {
  const { containers } = await world.status()
  const [a, b] = [
    await world.createContainer({ name: 'a' }),
    await world.createContainer({ name: 'b' }),
  ]
  return [containers.some(({ name }) => name === 'c'), await read(world, a), await read(world, b)]
}

test('[WO60] an open world goes back to a kept line: a destroyed container is there again, and what followed is gone, after a kill too', async (t) => {
  const options = { dir: temporaryFolder(t), ...still }
  const world = await openForTest(t, options)
  const line = await withPast(world)
  const told: unknown[] = []
  world.on('rollback', ({ reason, moved }) =>
    told.push(
      reason,
      moved.map(({ container }) => container),
    ),
  )

  const foretold = await world.foretellRollback(line)
  const unchanged = (await world.status()).containers.some(({ name }) => name === 'c')
  const report = await world.rollback(line)
  const traced = world.trace().traceEvents.map(({ name }) => name)
  const back = await isBack(world)
  await world.crash('kernel')
  await t.throwsAsync(world.status(), { instanceOf: KatydidError })
  await world.close()
  const again = await openForTest(t, options)
  const kept = await isBack(again)
  const { report: status } = await again.status()

  t.deepEqual(report, foretold)
  t.true(unchanged)
  t.deepEqual(report.containers.map(({ container, fate }) => `${container} ${fate}`).sort(), [
    'a back',
    'b returns',
    'c vanishes',
  ])
  t.true(report.released.some(({ detail }) => detail.includes('has ended (ok)')))
  t.deepEqual(told, [`an administrator took the world back to line ${line}`, ['a', 'b', 'c']])
  t.deepEqual(back, [false, content(1), content(2)])
  t.deepEqual(kept, back)
  t.like((status as { decisions: object[] }).decisions[0] ?? {}, { to: line })
  t.true(traced.includes('rollback_from'))
})

test('[WO61] openWorld goes back before anything runs, and rollbackWorld does it to a closed world', async (t) => {
  const dir = temporaryFolder(t)
  const world = await openWorld({ dir, frames: 128, loci: 4, ...still })
  const line = await withPast(world)
  await world.close()

  const dry = await rollbackWorld(dir, line, { dry: true })
  const first = await openWorld({ dir, ...still })
  const before = (await first.status()).containers.some(({ name }) => name === 'c')
  await first.close()
  const back = await openWorld({ dir, ...still, rollbackTo: line })
  const there = await isBack(back)
  await write(back, 'a', 7)
  const later = await back.snapshot()
  await back.close()
  await rollbackWorld(dir, line)
  const last = await openForTest(t, { dir, ...still })

  t.true(before)
  t.is(dry.containers.length, 3)
  t.deepEqual(there, [false, content(1), content(2)])
  t.true(later > line)
  t.deepEqual(await isBack(last), there)
  t.false((await lines(last)).includes(later))
})

test('[WO61] an unknown line, a world that is open, and a number that is none are refused, and nothing is changed', async (t) => {
  const dir = temporaryFolder(t)
  const world = await openForTest(t, { dir, ...still })
  const line = await withPast(world)

  const unknown = await t.throwsAsync<KatydidError>(world.rollback(999))
  const inUse = await t.throwsAsync<KatydidError>(rollbackWorld(dir, line))
  const none = await t.throwsAsync<KatydidError>(openWorld({ dir, rollbackTo: 0 }))
  const nowhere = await t.throwsAsync<KatydidError>(rollbackWorld(temporaryFolder(t), 1))

  t.is(unknown.status, 'no_such_interval')
  t.regex(unknown.message, new RegExp(`line 999 is not kept; those that are: .*${line}`))
  t.is(inUse.status, 'world_in_use')
  t.is(none.status, 'bad_argument')
  t.is(nowhere.status, 'not_a_world')
  t.true((await world.status()).containers.some(({ name }) => name === 'c'))
})

test('[WO62] lines are kept when a host asks for the capture and so long after the last; at most as many as retain says, at most 20', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), ...still, retain: 3 })
  const asked: number[] = []
  for (let version = 1; version <= 5; version++) {
    await write(world, 'a', version)
    asked.push(await world.snapshot())
  }

  t.deepEqual(await lines(world), asked.slice(-3))
})

test('[WO63] the command that takes a world back may be killed at any time: the world is where it was, or at the line', async (t) => {
  const dir = temporaryFolder(t)
  for (const afterMs of [0, 20, 60, 150]) {
    const world = await openWorld({ dir, frames: 128, loci: 4, ...still })
    const line = await withPast(world)
    await world.close()
    const command = startCommand(dir, 'rollback', '.', '--to', `${line}`, '--yes')
    // Its report is out: it goes back now.
    await command.sees('not undone')
    await sleep(afterMs)
    command.child.kill('SIGKILL')
    await command.ended

    const again = await openWorld({ dir, ...still })
    const { containers } = await again.status()
    const isThere = containers.some(({ name }) => name === 'c')
    const a = await again.createContainer({ name: 'a' })
    t.deepEqual(await read(again, a), content(isThere ? 3 : 1), `killed after ${afterMs} ms`)
    if (isThere) await again.destroyContainer(await again.createContainer({ name: 'c' }))
    else t.deepEqual(await read(again, await again.createContainer({ name: 'b' })), content(2))
    await again.close()
  }
})
