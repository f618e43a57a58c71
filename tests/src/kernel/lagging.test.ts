/** SI: a line that waits for another epoch: nobody holds that epoch back, and a drain ends what would go on for ever. Real kernel, simulated threads. */
import type { ContainerSlot, LineHolder } from '@katydid/abi'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'
import { two, type Two } from './support/two-containers.js'

let done = 1n

/**
 * Both work, and in the next epoch a will have received of b what b says only after its own capture; b has received of a what
 * a said since its last. So each point of a needs the next of b, and that the next of a: on and on.
 */
function cross({ world, slots: [a, b], ports }: Two): void {
  done++
  for (const port of ports) world.setRegister(port, 0, done)
  world.write()
  const { region } = world.sim
  const { containers } = world.kernel.machine
  const receive = (receiver: ContainerSlot, sender: ContainerSlot, interval: number): void => {
    Atomics.store(region.i64, region.dependencyIndex(receiver, sender), BigInt(interval))
  }
  receive(a!, b!, containers.interval(b!) + 1)
  receive(b!, a!, containers.interval(a!))
}

const lineOf = ({ world }: Two): readonly [number, number] => {
  const { epoch, line } = world.kernel.machine.captures
  return [epoch, line]
}

test('[SI55] captures go on by themselves however many points wait for another epoch, and the last of them comes when all is still', async (t) => {
  const both = await two(100)
  const { world } = both
  const before = world.of('captured').length

  for (let i = 0; i < 12; i++) {
    cross(both)
    world.run(100)
  }
  const taken = world.of('captured').length - before
  const [, behind] = lineOf(both)
  world.setRegister(both.ports[1]!, 0, ++done)
  world.run(1000)
  const [epoch, line] = lineOf(both)
  const still = world.of('captured').length
  world.run(1000)

  t.true(taken >= 10, `${taken}`)
  t.is(behind, 1)
  t.is(line, epoch)
  t.is(world.of('captured').length, still)
})

test('[SI56] a durable snapshot asks for the epoch that it needs', async (t) => {
  const both = await two(0)
  const { world } = both
  cross(both)

  const answer = world.kernel.call('world_snapshot', { durable: true })
  world.run(40)
  const early = lineOf(both)
  world.setRegister(both.ports[1]!, 0, ++done)
  const { status, ...of } = await world.settle(answer, 2000)

  t.deepEqual(early, [2, 1])
  t.is(status, 'ok')
  t.is((of as Record<string, unknown>)['capture'], 2)
  t.is(lineOf(both)[1], 3)
})

test('[SI25] a container in which nothing happens has one more point when another has received of its open interval', async (t) => {
  const { world, slots, ports } = await two(0)
  const [reader, still] = slots
  const { region } = world.sim
  const row = region.dependencyIndex(reader!, still!)
  // As a locus notes that reads a region mapped from a container in which nothing happens.
  Atomics.store(region.i64, row, BigInt(world.kernel.machine.containers.interval(still!)))
  world.setRegister(ports[0]!, 0, ++done)

  const first = await world.settle(world.kernel.call('world_snapshot', { durable: true }), 5000)
  world.run(1000)
  const taken = world.of('captured').length
  world.run(1000)

  t.is(first.status, 'ok')
  t.is(world.of('captured').length, taken)
  t.is(world.kernel.machine.captures.line, world.kernel.machine.captures.epoch)
})

test('[SI57] when the last epoch is stable and waits for another, no invocation begins until all have ended and everything is cut as one', async (t) => {
  const both = await two(0)
  const { world } = both
  const gate = (): number => world.sim.region.words.load(world.sim.region.machineWord('gate'))
  await fallBehind(both)
  const before = lineOf(both)
  for (const port of both.ports) world.setRegister(port, 0, ++done)
  world.setState(both.ports[0]!, 'running')

  const drained = snapshot(world)
  world.run(500)
  const held = [gate() !== 0, ...lineOf(both)]
  world.setState(both.ports[0]!, 'resting')
  await world.settle(drained)
  world.run(100)

  t.deepEqual(before, [2, 1])
  t.deepEqual(held, [true, 2, 1])
  t.is(gate(), 0)
  t.deepEqual(lineOf(both), [3, 3])
})

test('[SI57] who does not come to rest holds the others up for two seconds, and then for thirty not again', async (t) => {
  const both = await two(0)
  const { world } = both
  const gate = (): number => world.sim.region.words.load(world.sim.region.machineWord('gate'))
  await fallBehind(both)
  work(both, 0)

  const drained = snapshot(world)
  world.run(1500)
  const held = gate() !== 0
  world.run(600)
  const open = gate()
  await world.settle(drained)
  const again = snapshot(world)
  world.run(500)
  const shut = gate() !== 0
  await world.settle(again)

  t.true(held)
  t.is(open, 0)
  t.false(shut)
  t.true(world.kernel.machine.captures.drainsAgainMs > world.sim.clock.nowMs() + 20_000)
  t.is(world.of('drained').length, 1)
})

test('[SI120] a drain that is interrupted because a part goes back leaves nobody at the gate', async (t) => {
  const both = await two(0)
  const { world } = both
  const gate = (): number => world.sim.region.words.load(world.sim.region.machineWord('gate'))
  await fallBehind(both)
  for (const port of both.ports) world.setState(port, 'running')
  const drained = snapshot(world)
  world.run(500)
  const held = gate() !== 0

  world.die(both.ports[0]!)
  await world.settle(drained)
  world.run(3000)

  t.true(held)
  t.is(world.of('rollback').length, 1)
  t.is(gate(), 0)
})

test('[SI80] the next epoch waits until the last is stable, for two seconds, so that no third is captured while two are not on the line', async (t) => {
  const both = await two(0)
  const { world } = both
  world.behaviour.stabilise = false
  cross(both)
  await world.settle(snapshot(world))
  cross(both)

  const next = snapshot(world)
  world.run(1500)
  const waiting = lineOf(both)
  await world.settle(next)
  world.run(50)

  t.deepEqual(waiting, [2, 1])
  t.deepEqual(lineOf(both), [3, 1])
  t.deepEqual(
    world.of('line_lagging').map(({ holders }) => holders.map(({ because }) => because)),
    [['not_stable']],
  )
})

test('[SI81] a drain that is given up says that the line lags, with the loci and containers that hold it, until the line has caught up', async (t) => {
  const both = await two(0)
  const { world } = both
  await fallBehind(both)
  work(both, 0)

  const drained = snapshot(world)
  world.run(2_100)
  // The epoch itself goes on, and waits for the same locus.
  const told = world.of('line_lagging')
  const during = await lagging(world)
  await world.settle(drained)
  world.setState(both.ports[0]!, 'resting')
  for (let i = 0; i < 3; i++) {
    for (const port of both.ports) world.setRegister(port, 0, ++done)
    await world.settle(snapshot(world))
    world.run(50)
  }
  const all = world.of('line_lagging')

  t.deepEqual(told[0]!.holders, [{ container: 'a', loci: ['in a'], because: 'no_rest' }])
  t.is(told.length, 1)
  t.deepEqual(during?.holders, told[0]!.holders)
  t.true((during?.forMs ?? 0) >= 0)
  t.deepEqual(
    all.map(({ isOver }) => isOver),
    [false, true],
  )
  t.true(all[1]!.forMs > 0)
  t.is(await lagging(world), null)
  t.is(world.kernel.machine.captures.drainsAgainMs, 0)
})

test('[SI82] a container that does not come to rest, and one whose manager takes no snapshot, hold the line by name', async (t) => {
  const both = await two(0)
  const { world } = both
  for (const port of both.ports) world.setRegister(port, 0, ++done)
  world.write()
  world.behaviour.snapshots = 'refuse'
  world.setState(both.ports[0]!, 'running')

  await world.settle(snapshot(world))
  world.run(50)
  const [told] = world.of('line_lagging')
  world.behaviour.snapshots = 'ok'
  world.setState(both.ports[0]!, 'resting')
  await world.call('world_snapshot', { durable: true })
  world.run(50)

  t.deepEqual(told!.holders, [
    { container: 'a', loci: ['in a'], because: 'no_rest' },
    { container: 'b', loci: [], because: 'no_snapshot' },
  ])
  t.true(world.of('line_lagging').at(-1)!.isOver)
})

test('[SI83] drains are counted and timed, those given up too: in the counters, by an event, and in the status over restarts', async (t) => {
  const both = await two(0)
  const { world } = both
  await fallBehind(both)
  world.setState(both.ports[0]!, 'running')
  const drained = snapshot(world)
  world.run(300)
  for (const port of both.ports) world.setRegister(port, 0, ++done)
  world.setState(both.ports[0]!, 'resting')
  await world.settle(drained)
  world.run(50)
  await fallBehind(both)
  world.setState(both.ports[1]!, 'running')
  await world.settle(snapshot(world))
  world.setState(both.ports[1]!, 'resting')
  for (const port of both.ports) world.setRegister(port, 0, ++done)
  await world.call('world_snapshot', { durable: true })

  const { drains } = await report(world)
  const events = world.of('drained')
  const later = await KernelWorld.open({ earlier: world })
  const again = (await report(later)).drains

  t.is(drains.count, 2)
  t.is(drains.givenUp, 1)
  t.true(drains.maxMs >= 2000 && drains.maxMs < 2100, `${drains.maxMs}`)
  t.true(drains.totalMs - drains.maxMs >= 280 && drains.totalMs - drains.maxMs < 400)
  t.deepEqual(
    events.map(({ isGivenUp }) => isGivenUp),
    [false, true],
  )
  t.deepEqual(
    (['drains', 'drainsGivenUp'] as const).map((each) => world.kernel.machine.counters.get(each)),
    [2, 1],
  )
  t.is(Math.round(world.kernel.machine.counters.get('drainMaxUs') / 1000), Math.round(drains.maxMs))
  t.deepEqual(again, drains)
})

/** The locus runs, and has something to show for it. */
function work({ world, ports }: Two, nth: number): void {
  world.setRegister(ports[nth]!, 0, ++done)
  world.setState(ports[nth]!, 'running')
}

const snapshot = (world: KernelWorld): Promise<unknown> =>
  world.kernel.call('world_snapshot', { durable: false })

/** An epoch more, which is stable and not on the line. */
async function fallBehind(both: Two): Promise<void> {
  cross(both)
  await both.world.settle(snapshot(both.world))
  both.world.run(50)
}

interface Report {
  readonly drains: {
    readonly count: number
    readonly totalMs: number
    readonly maxMs: number
    readonly givenUp: number
  }
  readonly lagging: { readonly forMs: number; readonly holders: readonly LineHolder[] } | null
}

async function report(world: KernelWorld): Promise<Report> {
  const { report: found } = await world.call('world_status', {})
  return found as Report
}

const lagging = async (world: KernelWorld): Promise<Report['lagging']> =>
  (await report(world)).lagging
