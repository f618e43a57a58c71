/** SI: lines are kept on which a logged container stands at a visit. The kernel and the disk are real; a small manager keeps labels. */
import { mostVisitBytes, visitBytes } from '@katydid/kernel/kept/visits.js'
import { packRecord, unpackRecord } from '@katydid/kernel/state-interval/record-bytes.js'
import type { ContainerSlot } from '@katydid/abi'
import test from 'ava'
import { KernelWorld, type WorldOptions } from './support/kernel-world.js'
import { home, logged, portOfManager, visit, type Home } from './support/visits.js'

const options = {
  shape: { maxLoci: 4, maxContainers: 8 },
  others: [{ name: 'other' }],
  keepLines: 3,
  keepEveryMs: 1_000_000,
}
const open = (more: WorldOptions = {}): Promise<KernelWorld> =>
  KernelWorld.open({ ...options, ...more })

interface Scene {
  readonly world: KernelWorld
  readonly x: Home
  readonly d: ContainerSlot
  /** The kept line. */
  readonly line: number
  /** The interval that `d` ended on it. */
  readonly interval: number
}

/** A line is kept on which `d` has had the visits 7 and 8 since it was captured. */
async function scene(): Promise<Scene> {
  const world = await open()
  const x = await home(world, 'x')
  const d = await logged(world, 'd', 'other')
  let interval = 0
  const line = await keepVisits(world, x, () => {
    world.setRegister(x.port, 0, 2n)
    visit(world, x, d, 7)
    interval = visit(world, x, d, 8).interval
  })
  return { world, x, d, line, interval }
}

/** `d` is visited before its snapshot is stable, and not captured again until it is: so the line comes to where it stands at a visit. */
async function keepVisits(world: KernelWorld, x: Home, visits: () => void): Promise<number> {
  const other = world.managers.get(portOfManager(world, 'other'))!
  const snapshot = async (keep: boolean): Promise<void> => {
    world.setState(x.port, 'resting')
    await world.call('world_snapshot', { durable: false, keep })
    world.run(100)
  }
  const { token, intervals } = world.kernel.machine.containers.named('d')!
  await snapshot(false)
  other.behaviour.stabilise = false
  world.write(token, portOfManager(world, 'other'))
  await snapshot(true)
  const { label } = intervals
  visits()
  other.behaviour.snapshots = 'refuse'
  await snapshot(false)
  Object.assign(other.behaviour, { snapshots: 'ok', stabilise: true })
  other.stabilise(token, label)
  world.run(300)
  return world.kernel.machine.kept.names.at(-1) ?? 0
}

const given = (world: KernelWorld): number[] => world.replayed.map(({ seed }) => seed[0]!)
const rollback = (world: KernelWorld, line: number, dry = false) =>
  world.call('line_rollback', { line, dry })
const historyOf = (world: KernelWorld) =>
  world.kernel.machine.containers.named('d')!.intervals.history
const labels = (world: KernelWorld): string[] =>
  world.managers
    .get(portOfManager(world, 'other'))!
    .calls.filter((each) => each.startsWith('cont_rollback'))
    .map((each) => each.split(' ').slice(0, 3).join(' '))

test('[SI74] a line on which a logged container stands at a visit is kept, as it was captured and with what came into it since', async (t) => {
  const { world, d, line, interval } = await scene()
  const { record } = world.kernel.machine.kept.all.at(-1)!
  const saved = record.state.containers.find(({ slot }) => slot === d)!
  const { lines } = (await world.call('line_list', {})) as unknown as {
    lines: { line: number; members: { container: string; interval: number; snapshot: number }[] }[]
  }

  t.true(line > 0)
  t.deepEqual(
    record.visits?.map(({ unit, inputs }) => [unit, inputs.map(({ input }) => input!.seed[0])]),
    [[d, [7, 8]]],
  )
  t.true(saved.interval < interval)
  t.like(
    lines.at(-1)!.members.find(({ container }) => container === 'd')!,
    {
      interval,
      snapshot: saved.label,
    },
  )
  const told = world.managers
    .get(portOfManager(world, 'other'))!
    .calls.findLast((each) => each.startsWith('snapshots_kept'))!
  t.true(told.includes(`${saved.token}:${saved.label}`), told)
})

test('[SI74] going back to it puts the captured image back and runs the visits again, at every later start too', async (t) => {
  const { world, x, d, line, interval } = await scene()
  const saved = world.kernel.machine.kept.all.at(-1)!.record.state.containers
  const { label, token } = saved.find(({ slot }) => slot === d)!
  world.setRegister(x.port, 0, 3n)
  visit(world, x, d, 9)
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: true, keep: false })
  visit(world, x, d, 10)
  world.replayed.length = 0

  const foretold = await rollback(world, line, true)
  const reply = await rollback(world, line)
  world.run(300)
  const after = historyOf(world).base!.interval
  const next = await open({ earlier: world })
  next.run(300)
  const third = await open({ earlier: next })
  third.run(300)

  const moves = foretold['containers'] as { container: string; to: number }[]
  t.is(moves.find(({ container }) => container === 'd')!.to, interval)
  t.is(reply.status, 'ok', reply.detail)
  t.is(after, interval)
  t.is(world.register(locusOf(world), 0), 2n)
  t.is(labels(world).at(-1), `cont_rollback ${token} ${label}`)
  for (const each of [world, next, third]) t.deepEqual(given(each), [7, 8])
  for (const each of [next, third]) {
    t.is(each.boot!.damage, null)
    t.is(historyOf(each).base!.interval, interval)
    t.is(each.register(locusOf(each), 0), 2n)
  }
})

const locusOf = (world: KernelWorld) => [...world.loci.keys()][0]!

test('[SI74] it is gone back to after a restart, and visits go on from there and are lost no more', async (t) => {
  const { world: first, line } = await scene()
  const second = await open({ earlier: first })
  second.run(300)
  const world = await open({ earlier: second })
  world.run(300)
  const reply = await rollback(world, line)
  world.run(300)
  const { slot } = world.kernel.machine.containers.named('d')!
  const x = { slot: world.kernel.machine.containers.named('x')!.slot, port: locusOf(world) }
  const { cont } = (await world.call('container_find', { name: 'x' })) as never as Home
  const more = visit(world, { ...x, cont }, slot, 9)
  world.replayed.length = 0

  world.die(portOfManager(world, 'other'))
  world.run(1000)

  t.is(reply.status, 'ok', reply.detail)
  t.true(more.point)
  t.deepEqual(given(world), [7, 8, 9])
  t.is(historyOf(world).newest!.interval, more.interval)
})

test('[SI74] where a visit of it does not do again what it did, the container is back as it was captured, and the world says that it is damaged', async (t) => {
  const { world, line } = await scene()
  world.differs = ({ seed }) => (seed[0] === 8 ? 'the result differs' : null)

  const reply = await rollback(world, line)
  world.run(1500)

  t.is(reply.status, 'ok', reply.detail)
  t.is(world.kernel.machine.phase, 'open')
  t.regex(world.of('replay_differed').at(-1)!.detail, /the result differs/)
  t.is(historyOf(world).base!.logged, null)
  t.regex(world.kernel.machine.damage!, /cannot be restored/)
})

test('[SI74] a line with more than 4 MiB of visits is not kept, which is said once; the next one is', async (t) => {
  const world = await open()
  const x = await home(world, 'x')
  const d = await logged(world, 'd', 'other')
  await world.call('world_snapshot', { durable: true, keep: false })
  const before = world.kernel.machine.kept.names
  const big = { result: new Uint8Array(100 * 1024) }

  await keepVisits(world, x, () => {
    for (let value = 1; value <= 42; value++) visit(world, x, d, value, null, big)
  })
  const during = world.kernel.machine.kept.names
  const said = world.of('log').filter(({ text }) => text.includes('is not kept: the visits'))
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: true, keep: true })

  t.deepEqual(during, before)
  t.is(said.length, 1)
  t.true(mostVisitBytes < 42 * 100 * 1024)
  t.true(world.kernel.machine.kept.names.length > before.length)
})

test('[SI74] the visits of a kept line are checked field by field when they are read back', async (t) => {
  const { world } = await scene()
  const { record } = world.kernel.machine.kept.all.at(-1)!
  const [{ unit, inputs }] = record.visits as [NonNullable<typeof record.visits>[number]]
  const [first] = inputs
  const reads = (visits: unknown): boolean =>
    unpackRecord(packRecord({ ...record, visits: visits as never })) !== null
  const { visits: _, ...without } = record

  t.true(reads(record.visits))
  t.not(unpackRecord(packRecord(without)), null)
  t.is(visitBytes(without), 0)
  t.false(reads([{ unit: 'd', inputs }]))
  t.false(reads([{ unit, inputs: [{ ...first, interval: null }] }]))
  t.false(reads([{ unit, inputs: [{ ...first, dependencies: [1] }] }]))
  t.false(reads([{ unit, inputs: [{ ...first, input: { ...first!.input, times: ['now'] } }] }]))
})
