/** Loci, semaphores and ends of containers as programs use them: on real threads and real files. */
import test from 'ava'
import { setTimeout as pause } from 'node:timers/promises'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

test('[LO78] a producer and a consumer lose nothing and do nothing twice, however often the world goes back', async (t) => {
  const dir = temporaryFolder(t)
  const rounds = 1500
  const world = await openForTest(t, { dir, snapshotEveryMs: 15 })
  const shop = await world.createContainer({ name: 'shop', program: fixture('workshop') })
  const office = await world.createContainer({ name: 'office', program: fixture('workshop') })
  const capref = await world.grant(office, shop)
  const boss = await world.startLocus(office, {
    name: 'boss',
    args: { role: 'boss', shop: capref, rounds },
  })
  await boss.result()
  const consumer = await world.startLocus(shop, { name: 'consumer' })
  for (let i = 0; i < 3; i++) {
    await pause(60)
    await world.crashManager()
  }
  // Closed in the middle and opened again, it goes on.
  consumer.result().catch(() => undefined)
  await world.close()
  const again = await openForTest(t, { dir, snapshotEveryMs: 15 })
  const rest = await again.startLocus(await again.createContainer({ name: 'shop' }), {
    name: 'consumer',
  })
  const { result } = await rest.result()

  t.true(rest.resumed)
  t.is(result, (rounds * (rounds + 1)) / 2)
})

test('[LO70] a locus suspended by another stands still, goes on when resumed, and ends at rest without a rollback', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), snapshotEveryMs: 20 })
  const rollbacks: string[] = []
  world.on('rollback', ({ reason }) => rollbacks.push(reason))

  const { result } = await world.run(fixture('warden'), { args: { role: 'warden' } })

  t.deepEqual(result, { held: true, destroyed: 'ok', after: 'entity_gone', still: true })
  t.deepEqual(rollbacks, [])
})

test('[LO71] a host suspends a locus, and it stands still in the next opening until it is resumed; destroyed, it is gone', async (t) => {
  const dir = temporaryFolder(t)
  const program = fixture('warden')
  const first = await openForTest(t, { dir, snapshotEveryMs: 20 })
  const cell = await first.createContainer({ name: 'cell', program })
  const child = await first.startLocus(cell, { name: 'child', args: { role: 'child' } })
  while (!(await child.suspend())) await pause(1)
  await first.close()

  const world = await openForTest(t, { dir, snapshotEveryMs: 20 })
  const rollbacks: string[] = []
  world.on('rollback', ({ reason }) => rollbacks.push(reason))
  const found = await world.createContainer({ name: 'cell', program })
  const again = await world.startLocus(found, { name: 'child' })
  const still = await again.suspend()
  await again.resume()
  await pause(50)
  while (!(await again.suspend())) await pause(1)
  const gone = t.throwsAsync(again.result())
  await again.destroy()

  t.true(still)
  t.is(((await gone) as { status?: string } | undefined)?.status, 'entity_gone')
  t.deepEqual(rollbacks, [])
  t.deepEqual((await world.status()).loci, [])
})

test('[LO80] what a program may not hold, and where a wait is no safepoint', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })

  const { result } = await world.run(fixture('semaphore-corners'), { args: {} })

  t.deepEqual(result, {
    viewed: 'view_held',
    locked: 'lock_held',
    empty: 'timed_out',
    bad: 'bad_argument',
    taken: 'ok',
    nested: ['ok', 'timed_out'],
    word: 'ok',
    gone: 'entity_gone',
  })
})

test('[CO20] a container between two of an invocation is busy until it has returned', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const program = fixture('towers')
  const [base, middle, top] = await Promise.all(
    ['base', 'middle', 'top'].map((name) => world.createContainer({ name, program })),
  )
  const caps = {
    middle: await world.grant(base!, middle!),
    top: await world.grant(middle!, top!),
    middleFromTop: await world.grant(top!, middle!),
  }

  const locus = await world.startLocus(base!, { name: 'climber', args: { at: 'base', caps } })
  const { result } = await locus.result()

  t.deepEqual(result, { during: 'busy', after: 'ok', again: 'entity_gone' })
})
