/** LO, SI: what a locus is told only when it is recoverable. Real kernel, simulated threads: a locus is its words and its calls. */
import {
  asToken,
  locusCalls,
  locusOfPort,
  maxBlockBytes,
  type Capref,
  type PortId,
  type Reply,
  type ValueOf,
  type entryPlan,
} from '@katydid/abi'
import type { Container } from '@katydid/kernel/container/container.js'
import { receive, stampOf } from '@katydid/memory'
import test from 'ava'
import { KernelWorld, type Box } from './support/kernel-world.js'

type Stabilised = Reply<(typeof locusCalls)['locusStabilise']>

interface Home {
  readonly name: string
  readonly cont: Capref
  readonly port: PortId
}

/** Containers of these names, each with a locus that runs. */
async function homes(world: KernelWorld, ...names: string[]): Promise<Home[]> {
  const made: Home[] = []
  for (const name of names) {
    const cont = await world.container(name)
    made.push({ name, cont, port: await world.locus(cont, `in ${name}`) })
  }
  return made
}

const found = (world: KernelWorld, name: string): Container =>
  world.kernel.machine.containers.named(name)!
const slotOf = (world: KernelWorld, { name }: Home) => found(world, name).slot

/** It has something to show for itself: register 0. */
function work(world: KernelWorld, { port, name }: Home, done: bigint): void {
  const { region } = world.sim
  world.setRegister(port, 0, done)
  region.words.store(region.containerWord(found(world, name).slot, 'ran'), 1)
}

/** It rests and asks, as its thread does. */
function stabilise(world: KernelWorld, { port }: Home): Box<Stabilised> {
  world.setState(port, 'resting')
  const box = world.ask(world.loci.get(port)!, locusCalls.locusStabilise, {})
  world.run(20)
  return box
}

const answered = (world: KernelWorld, { port }: Home, number: number, block = Uint8Array.of(5)) =>
  world.said(world.loci.get(port)!, locusCalls.locusAnswered, { number, asked: 9, block })

/** What the locus of that container is told at its start in a world that came after. */
function planOf(world: KernelWorld, name: string): ValueOf<typeof entryPlan> {
  const locus = world.kernel.machine.loci.named(`in ${name}`)!
  const port = [...world.loci.keys()].find((each) => locusOfPort(each) === locus.slot)!
  const reply = world.said(world.loci.get(port)!, locusCalls.locusBegin, {})
  if (reply.status !== 'ok') throw new Error(reply.status)
  return reply.plan
}

/** Register 0 of the locus of that container. */
function shown(world: KernelWorld, name: string): bigint {
  const { slot } = world.kernel.machine.loci.named(`in ${name}`)!
  return world.register(
    [...world.loci.keys()].find((each) => locusOfPort(each) === slot)!,
    0,
  )
}

function durableCalls(world: KernelWorld, { port }: Home, over: number): void {
  const { region } = world.sim
  region.words.store(region.locusWord(locusOfPort(port), 'durableCalls'), over)
}

test('[LO96] a point holds the answer of the call that the locus stands in, and none once that is over', async (t) => {
  const world = await KernelWorld.open()
  const [a] = (await homes(world, 'a')) as [Home]
  work(world, a, 3n)
  t.is(answered(world, a, 1, Uint8Array.of(4, 2)).status, 'ok')
  const box = stabilise(world, a)
  world.run(500)
  const within = await KernelWorld.open({ earlier: world })
  const held = planOf(within, 'a')

  world.setState(a.port, 'running')
  durableCalls(world, a, 1)
  work(world, a, 4n)
  stabilise(world, a)
  world.run(500)
  const after = await KernelWorld.open({ earlier: world })

  t.is(box.reply?.status, 'ok')
  t.deepEqual(held.answer, { asked: 9, block: Uint8Array.of(4, 2) })
  t.is(planOf(after, 'a').answer, null)
  // Of the second life: it stood in its first call, and is to be told of the second one next.
  const again = [...within.loci.keys()].map((port) => ({ name: 'a', cont: a.cont, port }))[0]!
  within.setState(again.port, 'running')
  durableCalls(within, again, 1)
  t.is(answered(within, again, 2).status, 'ok')
  t.is(answered(within, again, 1).status, 'bad_argument')
})

test('[LO96] an answer waits with the locus over other safepoints, and over several lives', async (t) => {
  let world = await KernelWorld.open()
  const [a] = (await homes(world, 'a')) as [Home]
  answered(world, a, 1)
  world.setState(a.port, 'resting')
  await world.call('world_snapshot', { durable: true })

  for (let life = 0; life < 3; life++) {
    world = await KernelWorld.open({ earlier: world })
    const [port] = [...world.loci.keys()]
    t.deepEqual(planOf(world, 'a').answer?.block, Uint8Array.of(5), `life ${life}`)
    world.setRegister(port!, 1, BigInt(life))
    world.setState(port!, 'resting')
    t.is((await world.call('world_snapshot', { durable: true })).status, 'ok')
  }
})

test('[LO96] only the answer of the next call is taken, and of at most 32 KiB', async (t) => {
  const world = await KernelWorld.open()
  const [a] = (await homes(world, 'a')) as [Home]

  for (const number of [0, 2, 7]) t.is(answered(world, a, number).status, 'bad_argument')
  t.is(answered(world, a, 1, new Uint8Array(maxBlockBytes + 1)).status, 'too_large')
  t.is(answered(world, a, 1, new Uint8Array(maxBlockBytes)).status, 'ok')
  world.setState(a.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const next = await KernelWorld.open({ earlier: world })

  t.is(planOf(next, 'a').answer?.block.byteLength, maxBlockBytes)
})

test('[LO96] a locus with the longest block is told the longest answer', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const block = new Uint8Array(maxBlockBytes).fill(3)
  const made = await world.call('locus_create', { cont, block, name: 'in a' })
  world.run(10)
  const port = [...world.loci.keys()][0]!
  t.is(answered(world, { name: 'a', cont, port }, 1, block).status, 'ok')
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const next = await KernelWorld.open({ earlier: world })

  const plan = planOf(next, 'a')
  t.is(made.status, 'ok')
  t.deepEqual([plan.block, plan.answer?.block], [block, block])
})

test('[SI50] who waits is told when the line has what it did, not before, and not for those it has nothing to do with', async (t) => {
  const world = await KernelWorld.open({ behaviour: { stabilise: false } })
  const [a, b] = (await homes(world, 'a', 'b')) as [Home, Home]
  work(world, a, 7n)
  work(world, b, 7n)
  world.write(100)

  const box = stabilise(world, a)
  // The other one runs on; the pages of this one are not on the disk yet.
  world.run(2_500)
  const before = [box.reply, found(world, 'a').intervals.history.newer.length > 0]
  world.manager!.stabilisesWhenAsked = true
  world.run(3_000)
  const next = await KernelWorld.open({ earlier: world })

  t.deepEqual(before, [null, true])
  t.is(box.reply?.status, 'ok')
  t.true(found(world, 'b').intervals.history.base === null)
  t.is(shown(next, 'a'), 7n)
})

test('[SI50] it is not told before what it heard of another container is recoverable there', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = (await homes(world, 'a', 'b')) as [Home, Home]
  const { region } = world.sim
  work(world, a, 1n)
  work(world, b, 1n)
  receive(region, slotOf(world, a), stampOf(region, slotOf(world, b)))

  const box = stabilise(world, a)
  world.run(5_000)
  const [pending, captured] = [box.reply, found(world, 'a').intervals.history.newest !== null]
  world.setState(b.port, 'resting')
  world.run(3_000)

  t.deepEqual([pending, captured], [null, true])
  t.is(box.reply?.status, 'ok')
  t.true(found(world, 'b').intervals.history.base !== null)
})

test('[SI50] an epoch that has passed its container already is not enough', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = (await homes(world, 'a', 'b')) as [Home, Home]
  for (const each of [a, b]) world.setState(each.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  world.setState(b.port, 'running')
  work(world, b, 1n)
  // Nothing has happened to a, so the epoch begins without it; then it runs, and asks while b is waited for.
  const joined = world.kernel.call('world_snapshot', { durable: false })
  world.run(100)
  world.setState(a.port, 'running')
  work(world, a, 8n)
  const box = stabilise(world, a)
  world.setState(b.port, 'resting')
  await world.settle(joined)
  world.run(500)
  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.is(box.reply?.status, 'ok')
  t.is(shown(next, 'a'), 8n)
})

test('[SI50] what cannot be captured now is a refusal, and what is recoverable already is told at once', async (t) => {
  const world = await KernelWorld.open()
  const [a] = (await homes(world, 'a')) as [Home]
  const second = await world.locus(a.cont, 'beside')
  work(world, a, 1n)

  const refused = stabilise(world, a)
  world.run(3_000)
  world.setState(second, 'resting')
  const told = stabilise(world, a)
  world.run(500)
  const { length } = world.of('captured')
  const again = stabilise(world, a)
  world.run(20)

  t.is(refused.reply?.status, 'busy')
  t.is(told.reply?.status, 'ok')
  t.is(again.reply?.status, 'ok')
  t.is(world.of('captured').length, length)
})

test('[SI51] loci that wait at the same time share an epoch and its record, and all are told', async (t) => {
  const world = await KernelWorld.open({ shape: { maxLoci: 6, maxContainers: 10 } })
  const all = await homes(world, 'a', 'b', 'c', 'd', 'e')
  for (const each of all) work(world, each, 1n)
  for (const each of all) world.setState(each.port, 'resting')
  const before = world.of('captured').length

  const boxes = all.map(({ port }) =>
    world.ask(world.loci.get(port)!, locusCalls.locusStabilise, {}),
  )
  world.run(1_000)

  t.true(boxes.every((box) => box.reply?.status === 'ok'))
  t.is(world.of('captured').length - before, 1)
})

test('[SI51] who comes while others wait for the disk is in the next epoch, with all who come meanwhile', async (t) => {
  const shape = { maxLoci: 6, maxContainers: 10 }
  const world = await KernelWorld.open({ shape, behaviour: { stabilise: false } })
  const all = await homes(world, 'a', 'b', 'c', 'd')
  const [first, ...others] = all as [Home, ...Home[]]
  for (const each of all) {
    work(world, each, 1n)
    world.setState(each.port, 'resting')
  }
  world.write(100)
  const before = world.of('captured').length
  const ask = ({ port }: Home): Box<Stabilised> =>
    world.ask(world.loci.get(port)!, locusCalls.locusStabilise, {})

  const boxes = [ask(first)]
  world.run(10)
  // Its pages are on their way to the disk, and each of the others comes a little later.
  for (const each of others) {
    work(world, each, 2n)
    boxes.push(ask(each))
    world.run(8)
  }
  const meanwhile = boxes.map(({ reply }) => reply)
  const [captured] = [world.of('captured').length - before]
  world.manager!.stabilise(asToken(100), found(world, 'a').intervals.label)
  world.run(500)

  t.deepEqual(meanwhile, [null, null, null, null])
  t.is(captured, 1)
  t.true(boxes.every((box) => box.reply?.status === 'ok'))
  t.is(world.of('captured').length - before, 2)
})
