/** The past of a container on real threads: retained, opened, forked, over a kill, and given up again. */
import { KatydidError, openWorld, type Container, type World } from 'katydid'
import test from 'ava'
import fs from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

const pageBytes = 4096
const pages = 24
const length = pages * pageBytes
const size = 64 * length
const program = fixture('past-pages')
const content = (version: number): number[] =>
  Array.from({ length: pages }, (_, page) => version * 1000 + page)

let nth = 0

async function does(world: World, container: Container, args: object): Promise<unknown> {
  const handle = await world.startLocus(container, { name: `does ${nth++}`, args })
  return (await handle.result()).result
}

/** Each version is written and captured; answers the container. */
async function versions(world: World, from: number, to: number): Promise<Container> {
  const container = await world.createContainer({ name: 'book', size, program })
  for (let version = from; version <= to; version++) {
    await does(world, container, { deed: 'write', version, pages })
    await world.snapshot()
  }
  return container
}

/** What the snapshots hold, each read by way of a mapping into a container of its own. */
async function readAll(world: World, shown: readonly Container[]): Promise<unknown[]> {
  const desk = await world.createContainer({ name: `desk ${nth++}`, size, program })
  const found: unknown[] = []
  for (const [index, each] of shown.entries()) {
    await world.map(desk, each, { at: index * length, length })
    found.push(await does(world, desk, { deed: 'read', at: index * length, pages }))
  }
  return found
}

test('[MG102] two old versions are read at once while the present moves on; a fork goes its own way, over a kill too', async (t) => {
  const options = { dir: temporaryFolder(t), retain: 5, snapshotEveryMs: 0 }
  const world = await openWorld({ frames: 128, loci: 4, diskBytes: 256 * 1024 ** 2, ...options })
  t.teardown(() => world.close())
  const book = await versions(world, 1, 8)
  const listed = await world.snapshots(book)
  const names = listed.map(({ stateInterval }) => stateInterval)
  const before = Date.now() - 600_000

  const opened = [
    await world.openSnapshot(book, names[0]!),
    await world.openSnapshot(book, names[3]!),
  ]
  const old = await readAll(world, opened)
  await versions(world, 20, 24)
  const still = await readAll(world, opened)
  const fork = await world.forkSnapshot(book, (await world.snapshots(book))[0]!.stateInterval, {
    name: 'other',
  })
  await world.forkSnapshot(book, names.at(-1)!, { name: 'untouched' })
  await does(world, fork, { deed: 'write', version: 50, pages: 3 })
  await world.snapshot()
  await world.crash('kernel')
  await t.throwsAsync(world.status(), { instanceOf: KatydidError })
  await world.close()
  const again = await openForTest(t, options)
  const kept = await again.createContainer({ name: 'book' })
  const forked = await again.createContainer({ name: 'other' })
  const untouched = await again.createContainer({ name: 'untouched' })

  t.is(listed.length, 6)
  t.true(listed.every(({ pages: held, takenMs }) => held === pages && takenMs > before))
  t.deepEqual(old, [content(3), content(6)])
  t.deepEqual(still, old)
  t.deepEqual(await does(again, kept, { deed: 'read', pages }), content(24))
  const ofFork = await does(again, forked, { deed: 'read', pages })
  t.deepEqual(ofFork, [50_000, 50_001, 50_002, ...content(8).slice(3)])
  t.deepEqual(await does(again, untouched, { deed: 'read', pages }), content(8))
  t.is((await again.snapshots(kept)).length, 6)
  t.true((await again.status()).containers.some(({ name }) => name === 'other'))
})

test('[MG102] a write to an opened snapshot is refused, and a program runs in it', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), retain: 2, snapshotEveryMs: 0 })
  const book = await versions(world, 1, 4)
  const [oldest] = await world.snapshots(book)
  const opened = await world.openSnapshot(book, oldest!.stateInterval, { name: 'then' })
  const desk = await world.createContainer({ name: 'desk', size, program })
  await world.map(desk, opened, { at: 0, length, access: 'write' })

  const written = await does(world, desk, { deed: 'write there', at: 0 })
  const inside = await does(world, opened, { deed: 'read', pages })
  await world.destroyContainer(opened)
  await world.snapshot()

  t.is(written, 'access_denied')
  t.deepEqual(inside, content(2))
  const after = await t.throwsAsync<KatydidError>(world.openSnapshot(opened, oldest!.stateInterval))
  t.is(after.status, 'entity_gone')
})

test('[MG102] a program looks at its own past, forks it and gives it up', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), retain: 3, snapshotEveryMs: 0 })
  const book = await versions(world, 1, 6)

  const found = await does(world, book, { deed: 'travel', pages, snapshots: 8 * length })

  t.deepEqual(found, {
    seen: [content(3), content(4)],
    forked: [-1, ...content(3).slice(1)],
    refused: 'no_such_interval',
    left: 3,
  })
  // The program has ended, and with it what it had opened; its fork stays.
  await until('what an ended locus had opened is closed', async () => {
    const { containers } = await world.status()
    return containers.filter(({ name }) => name === '').length === 1
  })
})

test('[MG104] when snapshots are given up, cleaning wins their room back: the disk does not grow', async (t) => {
  const dir = temporaryFolder(t)
  const diskBytes = 32 * 1024 ** 2
  const seldom = { snapshotEveryMs: 0, retainEveryMs: 1_000_000 }
  const world = await openForTest(t, { dir, retain: 4, ...seldom, diskBytes, frames: 256 })
  const large = 8 * pages
  const book = await world.createContainer({ name: 'book', size: 2 * 8 * length, program })

  // More than the disk holds, three times over.
  for (let version = 1; version <= 140; version++) {
    await does(world, book, { deed: 'write', version, pages: large })
    await world.snapshot({ keep: false })
  }
  const kept = (await world.lines()).flatMap(({ members }) => members.map((each) => each.snapshot))
  // Those of kept lines are another matter.
  const free = async () =>
    (await world.snapshots(book)).filter(({ stateInterval }) => !kept.includes(stateInterval))
  const listed = await free()
  await world.retain(book, 1)
  const fewer = await free()
  await world.dropSnapshot(book, fewer[0]!.stateInterval)

  t.is(listed.length, 5)
  t.is(fewer.length, 2)
  t.is((await free()).length, 1)
  t.true(world.counters().bytesWritten > 3 * diskBytes)
  const { blocks } = fs.statSync(path.join(dir, 'machine-1.disk'))
  t.true(blocks * 512 <= diskBytes)
  const last = await does(world, book, { deed: 'read', pages })
  t.deepEqual(last, content(140))
})

test('[MG102] what a locus has open comes back with it after a rollback; what a host has opened is closed at the next opening', async (t) => {
  const options = { dir: temporaryFolder(t), retain: 2, snapshotEveryMs: 0 }
  const world = await openForTest(t, options)
  const book = await versions(world, 1, 4)
  const [oldest] = await world.snapshots(book)
  await world.openSnapshot(book, oldest!.stateInterval, { name: 'of the host' })
  const [said, rollbacks]: [string[], string[]] = [[], []]
  world.on('log', ({ text }) => said.push(text))
  world.on('rollback', ({ reason }) => rollbacks.push(reason))
  const args = { deed: 'keep open', pages, snapshots: 8 * length }
  const keeper = await world.startLocus(book, { name: 'keeper', args })
  const opened = async (of: World): Promise<string[]> =>
    (await of.status()).containers.map(({ name }) => name).filter((name) => name.startsWith('of '))
  await until('it is opened and mapped', () => said.includes('open'))
  await world.snapshot()

  await world.crashManager()
  await until('the world has gone back', () => rollbacks.length > 0)
  const afterRollback = await opened(world)
  const unfinished = t.throwsAsync(keeper.result(), { instanceOf: KatydidError })
  await world.close()
  await unfinished
  const again = await openForTest(t, options)
  await until('what the host had opened is closed', async () => (await opened(again)).length < 2)
  const kept = await opened(again)
  const home = await again.createContainer({ name: 'book' })
  const same = await again.startLocus(home, { name: 'keeper' })
  await does(again, home, { deed: 'raise', pages })
  const { result, resumed } = await same.result()

  t.deepEqual(afterRollback.sort(), ['of the host', 'of the locus'])
  t.deepEqual(kept, ['of the locus'])
  t.true(resumed)
  t.deepEqual(result, content(2))
  await until('what the locus had opened is closed', async () => (await opened(again)).length === 0)
})
