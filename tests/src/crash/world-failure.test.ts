/** Failures and what comes after them: loci that die, programs that are mended, actors that are gone. */
import fs from 'node:fs'
import path from 'node:path'
import { KatydidError } from 'katydid'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

for (const [how, status] of [
  ['throw', 'program_failed'],
  ['exit', 'locus_lost'],
  ['memory', 'locus_lost'],
] as const) {
  test(`[WO10] a locus that ends by ${how} is ${status}, and its container is back at its newest recoverable state`, async (t) => {
    const world = await openForTest(t, { dir: temporaryFolder(t), locusHeapMb: 32 })

    const error = await t.throwsAsync(world.run(fixture('fails'), { args: { how } }), {
      instanceOf: KatydidError,
    })
    const container = await world.createContainer({
      name: 'fails',
      program: fixture('reads'),
      acceptChanged: true,
    })
    const { result } = await (await world.startLocus(container, { name: 'reader' })).result()

    t.is(error.status, status)
    t.true((result as number) <= 5, `${String(result)} was never captured`)
  })
}

const counts = (atTwenty: string): string => `
  export default function (locus) {
    const window = locus.window(0, 4096)
    for (;;) {
      const n = locus.registers.getNumber(0)
      if (window.getInt32(0) !== n) throw new Error('memory says ' + window.getInt32(0) + ', register ' + n)
      if (n === 20) { ${atTwenty} }
      window.setInt32(0, n + 1)
      locus.registers.setNumber(0, n + 1)
      locus.snapshot()
    }
  }`

test('[WO16] a program that failed goes on, mended, in the next opening from its newest recoverable state', async (t) => {
  const folder = temporaryFolder(t)
  const dir = path.join(folder, 'world')
  const program = path.join(folder, 'count.mjs')
  fs.writeFileSync(program, counts('throw new Error("not mended yet")'))
  const world = await openForTest(t, { dir })
  const failed = await t.throwsAsync(world.run(program), { instanceOf: KatydidError })
  const again = await t.throwsAsync(world.run(program), { instanceOf: KatydidError })
  await world.close()
  fs.writeFileSync(program, counts('return { n, resumed: locus.resumed }'))

  const refused = await t.throwsAsync(openForTest(t, { dir }), { instanceOf: KatydidError })
  const mended = await openForTest(t, { dir, acceptChanged: true, hold: true })
  const { result, stored } = await mended.run(program, { acceptChanged: true })

  t.is(failed.status, 'program_failed')
  t.is(again.status, 'program_failed')
  t.is(refused.status, 'program_changed')
  t.deepEqual(result, { n: 20, resumed: true })
  t.false(stored)
})

test('[WO16] a program that could not be entered is entered in the next opening, mended', async (t) => {
  const folder = temporaryFolder(t)
  const dir = path.join(folder, 'world')
  const program = path.join(folder, 'p.mjs')
  fs.writeFileSync(program, 'export default 7')
  const world = await openForTest(t, { dir })
  const failed = await t.throwsAsync(world.run(program, { args: 1 }), { instanceOf: KatydidError })
  await world.close()
  fs.writeFileSync(program, 'export default (locus) => locus.argument() + 1')

  const mended = await openForTest(t, { dir, acceptChanged: true, hold: true })
  const { result } = await mended.run(program, { args: 1, acceptChanged: true })

  t.is(failed.status, 'not_a_function')
  t.is(result, 2)
})

for (const part of ['kernel', 'disk', 'barrier'] as const) {
  test(`[WO17] a world whose ${part} is gone stops with a status, and opens again with what was recoverable`, async (t) => {
    const dir = temporaryFolder(t)
    const world = await openForTest(t, { dir, snapshotEveryMs: 30 })
    // At least six seconds of work, of which little is done when the part goes.
    const args = { pages: 100, rounds: 60, pauseMs: 100 }
    let lines = 0
    world.on('recoverable', () => {
      lines++
    })
    const running = t.throwsAsync(world.run(fixture('paged-rounds'), { args }), {
      instanceOf: KatydidError,
    })
    await until('something is recoverable', () => lines > 0)

    await world.crash(part)
    const { status } = await running
    const refused = await t.throwsAsync(world.snapshot(), { instanceOf: KatydidError })
    await world.close()
    const again = await openForTest(t, { dir })
    const { result } = await again.run(fixture('paged-rounds'), { args })

    t.true(['actor_gone', 'io_error'].includes(status), status)
    t.is(refused.status, status)
    t.is((result as { round: number }).round, 60)
  })
}
