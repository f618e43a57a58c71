/** DV: what programs print, on threads: refusals, who listens, the order of a line and the result. */
import fs from 'node:fs'
import type { WorldEvent } from '@katydid/abi'
import { WorldEvents } from '@katydid/world/events.js'
import test from 'ava'
import type { Container, EventOf } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const program = fixture('prints')

test('[DV1] a line that is too long, a durability that is none, and a line from outside or from a transaction are refused; the next is printed', async (t) => {
  const world = await openForTest(t, {
    dir: temporaryFolder(t),
    managers: [{ name: 'transactional' }],
  })
  const told: string[] = []
  world.on('output', ({ text }) => told.push(text))
  const shop = await world.createContainer({ name: 'shop', program })
  const ledger = await world.createContainer({
    name: 'ledger',
    program,
    size: 65_536,
    manager: 'transactional',
  })
  const transactional = await world.grant(shop, ledger)

  const handle = await world.startLocus(shop, {
    name: 'l',
    args: { role: 'corners', transactional },
  })
  const { result } = await handle.result()

  t.deepEqual(result, ['too_large', 'bad_argument', 'access_denied', 'transaction_open', 1])
  t.deepEqual(told, ['said'])
})

test('[DV9] lines that came before anybody listened come to the first who does, and a result comes behind the lines of its program', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const shop = await world.createContainer({ name: 'shop', program })
  const args = { role: 'rounds', count: 20, pauseMs: 0 }
  await (await world.startLocus(shop, { name: 'first', args })).result()
  const told: EventOf<'output'>[] = []
  world.on('output', (line) => told.push(line))
  const container = await world.createContainer({ name: 'second', program })
  await (await world.startLocus(container, { name: 'second', args })).result()
  const second = told.filter((line) => line.container === 'second')
  const recoverable = second.filter(({ durable }) => durable === 'recoverable')

  const first = told.filter(({ locus, durable }) => locus === 'first' && durable === 'recoverable')

  t.deepEqual(
    first.map(({ text }) => text),
    rounds(20),
  )
  t.deepEqual(
    recoverable.map(({ text }) => text),
    rounds(20),
  )
  t.true(second.some(({ durable, sequence }) => durable === 'volatile' && sequence === 0))
  t.true(recoverable.every(({ locus, interval }) => locus === 'second' && interval > 0))
})

const rounds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `round ${i + 1}`)

test('[DV9] a program that prints much where nobody listens runs to its end, and the newest lines are there for who comes late', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const shop = await world.createContainer({ name: 'shop', program })

  const handle = await world.startLocus(shop, { name: 'l', args: { role: 'much', count: 3_000 } })
  const { result } = await handle.result()
  const told: string[] = []
  world.on('output', ({ text }) => told.push(text))
  await world.close()

  t.is(result, 3_000)
  t.is(told.at(-1), '2999')
  t.true(told.length >= 128)
})

const line = (sequence: number): EventOf<'output'> => ({
  kind: 'output',
  durable: 'recoverable',
  container: 'c',
  incarnation: 1,
  interval: 1,
  sequence,
  locus: 'l',
  text: `${sequence}`,
})

test('[DV9] a line counts as taken when a listener has returned; unheard ones are dropped only while loci run', (t) => {
  const events = new WorldEvents()
  const taken: number[] = []
  const emit = (sequence: number): void =>
    events.emitOutput(line(sequence), () => taken.push(sequence))

  for (let i = 1; i <= 200; i++) emit(i)
  const held = taken.length
  events.dropsUnheard = true
  emit(201)
  const dropped = [...taken]
  const heard: WorldEvent[] = []
  events.on('output', (event) => heard.push(event))

  t.is(held, 0)
  t.deepEqual(dropped, [1])
  t.is(heard.length, 200)
  t.deepEqual(
    taken,
    [...Array(201).keys()].map((i) => i + 1),
  )
  t.deepEqual(events.latest, [])
})

test('[DV1] only the console tells what was printed: a manager or program that says so is not heard', async (t) => {
  const forging = `
    import { parentPort } from 'node:worker_threads'
    const event = ${JSON.stringify(line(1))}
    export default () => {
      parentPort.postMessage({ order: 'report', event })
      parentPort.postMessage({ order: 'output', first: 1, lines: [event] })
    }`
  const dir = temporaryFolder(t)
  const file = `${dir}/forges.mjs`
  fs.writeFileSync(file, forging)
  const world = await openForTest(t, { dir: `${dir}/w` })
  const told: unknown[] = []
  world.on('output', (event) => told.push(event))

  await world.run(file, { name: 'forger' })

  t.deepEqual(told, [])
})

for (const printed of ['first', null])
  test(`[DV13] a container that comes back with a kept line from ${printed === null ? 'before' : 'after'} its first line prints on with numbers that were never told, and each line is told`, async (t) => {
    const world = await openForTest(t, {
      dir: temporaryFolder(t),
      snapshotEveryMs: 0,
      retain: 2,
      retainEveryMs: 1_000_000,
    })
    const told: EventOf<'output'>[] = []
    world.on('output', (each) => {
      if (each.durable === 'recoverable') told.push(each)
    })
    const prints = async (name: string): Promise<Container> => {
      const shop = await world.createContainer({ name: 'shop', program })
      const args = { role: 'rounds', count: 5, pauseMs: 0 }
      await (await world.startLocus(shop, { name, args })).result()
      return shop
    }
    await world.createContainer({ name: 'shop', program })
    if (printed !== null) await prints(printed)
    const then = await world.snapshot()
    await world.destroyContainer(await prints('second'))
    await world.snapshot()
    await world.snapshot({ keep: false })

    await world.rollback(then)
    await prints('third')

    t.deepEqual(
      told.map(({ locus, text }) => `${locus} ${text}`),
      [...(printed === null ? [] : [printed]), 'second', 'third'].flatMap((name) =>
        rounds(5).map((text) => `${name} ${text}`),
      ),
    )
    const sequences = told.map(({ sequence }) => sequence)
    t.deepEqual([...new Set(sequences)], sequences)
  })
