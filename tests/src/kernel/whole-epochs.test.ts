/** SI: each container is of each epoch, or named for not being: none slips between two looks, comes too late to be looked at, or waits for a drain that is not made. */
import type { Script } from '@katydid/actor'
import type { Outcome } from '@katydid/kernel/state-interval/durable-log.js'
import type { KernelRecord } from '@katydid/kernel/state-interval/records.js'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'
import { two, type Two } from './support/two-containers.js'

let done = 1n

const work = ({ world, ports }: Two, nth: number): void => world.setRegister(ports[nth]!, 0, ++done)

const snapshot = (world: KernelWorld): Promise<unknown> =>
  world.kernel.call('world_snapshot', { durable: false })

/** Of which epoch each is, and which began last. */
function epochsOf({ world, slots }: Two): { readonly of: number[]; readonly newest: number } {
  const { containers, captures } = world.kernel.machine
  return {
    of: slots.map((slot) => containers.at(slot)!.intervals.history.epoch),
    newest: captures.epoch,
  }
}

/** The first has received what the second has in no point before the next epoch. */
function needsNext({ world, slots: [a, b] }: Two): void {
  const { region } = world.sim
  const { containers } = world.kernel.machine
  const next = BigInt(containers.interval(b!) + 1)
  Atomics.store(region.i64, region.dependencyIndex(a!, b!), next)
}

/** A thread comes into the container right after the kernel has looked whether it is idle, that many times. */
function comesInAfterLook({ world, slots: [, b] }: Two, looks: number): () => number {
  const { region } = world.sim
  const { words } = region
  const ran = region.containerWord(b!, 'ran')
  const load = words.load.bind(words)
  let seen = 0
  words.load = (index) => {
    const found = load(index)
    if (index === ran && ++seen === looks) words.store(ran, 1)
    return found
  }
  return () => seen
}

for (const looks of [1, 2, 3])
  test(`[SI86] a container into which somebody comes right after look ${looks} of the kernel is of the epoch all the same`, async (t) => {
    const both = await two(0)
    work(both, 0)
    const seen = comesInAfterLook(both, looks)

    await both.world.settle(snapshot(both.world))
    const { of, newest } = epochsOf(both)

    t.true(seen() >= 2, 'it was never looked at')
    t.deepEqual(of, [newest, newest])
  })

test('[SI86] a container in which something began while others did not come to rest is of the epoch', async (t) => {
  const both = await two(0)
  const { world } = both
  work(both, 0)
  world.setState(both.ports[0]!, 'running')

  const taken = snapshot(world)
  world.run(500)
  work(both, 1)
  await world.settle(taken)
  const { of, newest } = epochsOf(both)

  t.is(of[1], newest)
  t.deepEqual(
    world.of('line_lagging').map(({ holders }) => holders.map(({ container }) => container)),
    [['a']],
  )
})

test('[SI86] a container that has gone back is no reason against a drain: what others have captured and not on the line is still two epochs at most', async (t) => {
  const world = await KernelWorld.open({ others: [{ name: 'second' }] })
  const made = []
  for (const [name, manager] of [
    ['a', ''],
    ['b', ''],
    ['c', 'second'],
  ] as const) {
    const port = await world.locus(await world.container(name, 65536, manager), `in ${name}`)
    world.setState(port, 'resting')
    made.push({ port, slot: world.kernel.machine.containers.named(name)!.slot })
  }
  await world.call('world_snapshot', { durable: true })
  const both = { world, slots: made.map(({ slot }) => slot), ports: made.map(({ port }) => port) }
  const second = [...world.managers.values()].at(-1)!
  second.behaviour.stabilise = false
  const [token] = second.managed.keys()
  world.write(token, [...world.managers.keys()].at(-1))
  for (const nth of [0, 1, 2]) work(both, nth)
  needsNext(both)
  await world.settle(snapshot(world))
  world.run(50)

  world.die(both.ports[2]!)
  world.run(3_000)
  const behind = epochsOf(both)
  second.behaviour.stabilise = true
  for (const port of world.loci.keys()) world.setState(port, 'resting')
  work(both, 0)
  await world.settle(snapshot(world))
  world.run(100)
  const { epoch, line } = world.kernel.machine.captures

  t.deepEqual(behind, { of: [2, 2, 1], newest: 2 })
  t.is(world.of('drained').length, 1)
  t.deepEqual([epoch, line], [3, 3])
})

test('[SI82] what is stable and waits for more than two seconds for the record that has it on the line is named', async (t) => {
  const both = await two(0)
  const { world } = both
  slowLines(world, 6_000)
  const epochs: number[][] = []
  for (let i = 0; i < 2; i++) {
    work(both, 0)
    await world.settle(snapshot(world))
    const { epoch, line } = world.kernel.machine.captures
    epochs.push([epoch, line, world.of('line_lagging').length])
  }
  const [told] = world.of('line_lagging')
  world.run(15_000)

  t.deepEqual(epochs, [
    [2, 1, 0],
    [3, 1, 1],
  ])
  t.deepEqual(told!.holders, [{ container: 'a', loci: [], because: 'not_announced' }])
  t.true(world.of('line_lagging').at(-1)!.isOver)
})

/** The disk takes the line's record only after so long. */
function slowLines(world: KernelWorld, ms: number): void {
  const { log, waits } = world.kernel.machine
  const write = log.write.bind(log)
  log.write = function* (records: readonly KernelRecord[]): Script<Outcome> {
    if (records.some(({ kind }) => kind === 'line')) yield* waits.until(() => false, ms)
    return yield* write(records)
  }
}
