/** SI: a line that waits for another epoch: nobody holds that epoch back, and a drain ends what would go on for ever. Real kernel, simulated threads. */
import type { ContainerSlot, PortId } from '@katydid/abi'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

interface Two {
  readonly world: KernelWorld
  readonly slots: readonly ContainerSlot[]
  readonly ports: readonly PortId[]
}

/** Two containers with a locus each, at rest, and both captured. */
async function two(snapshotEveryMs: number): Promise<Two> {
  const world = await KernelWorld.open({ snapshotEveryMs })
  const made = []
  for (const name of ['a', 'b']) {
    const port = await world.locus(await world.container(name), `in ${name}`)
    world.setState(port, 'resting')
    made.push({ port, slot: world.kernel.machine.containers.named(name)!.slot })
  }
  await world.call('world_snapshot', { durable: true })
  return { world, slots: made.map(({ slot }) => slot), ports: made.map(({ port }) => port) }
}

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

interface TwoBehind extends Two {
  readonly gate: () => number
  readonly snapshot: () => Promise<unknown>
}

/** The line is two epochs behind them, so that the next capture drains. */
async function twoBehind(): Promise<TwoBehind> {
  const both = await two(0)
  const { world } = both
  const { region } = world.sim
  const gate = (): number => region.words.load(region.machineWord('gate'))
  const snapshot = (): Promise<unknown> => world.kernel.call('world_snapshot', { durable: false })
  for (let i = 0; i < 2; i++) {
    cross(both)
    await world.settle(snapshot())
    world.run(20)
  }
  return { ...both, gate, snapshot }
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

test('[SI57] when the line is two epochs behind for want of another, no invocation begins until all have ended and everything is cut as one', async (t) => {
  const both = await twoBehind()
  const { world, gate, snapshot } = both
  const behind = lineOf(both)
  for (const port of both.ports) world.setRegister(port, 0, ++done)
  world.setState(both.ports[0]!, 'running')

  const drained = snapshot()
  world.run(500)
  const held = [gate() !== 0, ...lineOf(both)]
  world.setState(both.ports[0]!, 'resting')
  await world.settle(drained)
  world.run(100)

  t.deepEqual(behind, [3, 1])
  t.deepEqual(held, [true, 3, 1])
  t.is(gate(), 0)
  t.deepEqual(lineOf(both), [4, 4])
})

test('[SI57] who does not come to rest holds the others up for two seconds, and then for thirty not again', async (t) => {
  const both = await twoBehind()
  const { world, gate, snapshot } = both
  world.setState(both.ports[0]!, 'running')
  const drained = snapshot()
  world.run(1500)
  const held = gate() !== 0
  await world.settle(drained)
  const open = gate()
  world.setState(both.ports[0]!, 'resting')
  cross(both)
  await world.settle(snapshot())
  const again = snapshot()
  world.run(1)
  const { drainsAgainMs } = world.kernel.machine.captures
  await world.settle(again)

  t.true(held)
  t.is(open, 0)
  t.is(gate(), 0)
  t.true(drainsAgainMs > world.sim.clock.nowMs())
})

test('[SI120] a drain that is interrupted because a part goes back leaves nobody at the gate', async (t) => {
  const both = await twoBehind()
  const { world, gate, snapshot } = both
  for (const port of both.ports) world.setState(port, 'running')
  const drained = snapshot()
  world.run(500)
  const held = gate() !== 0

  world.die(both.ports[0]!)
  await world.settle(drained)
  world.run(3000)

  t.true(held)
  t.is(world.of('rollback').length, 1)
  t.is(gate(), 0)
})
