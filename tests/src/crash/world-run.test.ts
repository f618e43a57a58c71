/** Programs in worlds, on real threads and real files: paged, resumed, invoked, waiting, failing. */
import { KatydidError } from 'katydid'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

test('[WO7] a paged program ends with a recoverable result, which the world answers at once from then on', async (t) => {
  const dir = temporaryFolder(t)
  const args = { pages: 600, rounds: 3 }
  const world = await openForTest(t, { dir })

  const first = await world.run(fixture('paged-rounds'), { args })
  const counters = world.counters()
  await world.close()
  const again = await openForTest(t, { dir })
  const second = await again.run(fixture('paged-rounds'), { args })

  t.false(first.resumed)
  t.true(counters.discardsDirty > 0)
  t.true(counters.reReads > 0)
  t.deepEqual(second.result, first.result)
  t.true(second.stored)
  t.is(again.counters().faults, 0)
})

test('[WO7] a program goes on in the next opening from where the world was closed', async (t) => {
  const dir = temporaryFolder(t)
  // At least three seconds of work, of which next to nothing is done when it is closed.
  const args = { pages: 200, rounds: 60, pauseMs: 50 }
  const world = await openForTest(t, { dir })
  const unfinished = t.throwsAsync(world.run(fixture('paged-rounds'), { args }), {
    instanceOf: KatydidError,
  })
  await until('it works', async () => {
    const { loci } = await world.status()
    return loci.some(({ faults }) => faults > 0)
  })
  await world.close()

  const again = await openForTest(t, { dir })
  const { result, resumed, stored } = await again.run(fixture('paged-rounds'), { args })

  t.is((await unfinished).status, 'closed')
  t.is((result as { round: number }).round, 60)
  t.true(resumed)
  t.false(stored)
})

test('[WO12] a program invokes another container and both go on together', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const inner = await world.createContainer({ name: 'inner', program: fixture('nested-inner') })
  const outer = await world.createContainer({ name: 'outer', program: fixture('nested-outer') })
  const capref = await world.grant(outer, inner)

  const locus = await world.startLocus(outer, { name: 'l', args: { inner: capref, rounds: 50 } })
  const { result } = await locus.result()

  t.is(result, (50 * 51) / 2)
})

test('[WO13] two loci take turns by wait and notify', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const table = await world.createContainer({ name: 'table', program: fixture('ping-pong') })

  const players = await Promise.all(
    [0, 1].map((side) =>
      world.startLocus(table, { name: `player ${side}`, args: { side, turns: 200 } }),
    ),
  )
  const results = await Promise.all(players.map((player) => player.result()))

  t.deepEqual(
    results.map(({ result }) => result),
    [(199 * 200) / 2, (199 * 200) / 2],
  )
})

test('[WO15] closing twice is ok, and a closed world refuses', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })

  await Promise.all([world.close(), world.close()])
  const error = await t.throwsAsync(world.status(), { instanceOf: KatydidError })

  t.is(error.status, 'closed')
})

test('[WO4] a locus beyond the limit of the machine is refused, not queued', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), loci: 1 })
  const table = await world.createContainer({ name: 'table', program: fixture('ping-pong') })
  await world.startLocus(table, { name: 'first', args: { side: 1, turns: 2 } })

  const error = await t.throwsAsync(
    world.startLocus(table, { name: 'second', args: { side: 0, turns: 2 } }),
    { instanceOf: KatydidError },
  )

  t.is(error.status, 'no_resource')
})
