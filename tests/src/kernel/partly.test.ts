/** SI: what is lost goes back with what depends on it, and the rest of the world runs on. Real kernel, simulated threads. */
import { containerCalls, locusCalls, maxActors, type Capref, type PortId } from '@katydid/abi'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

interface Home {
  readonly cont: Capref
  readonly port: PortId
}

/** A container with a locus at rest in it. */
async function home(world: KernelWorld, name: string, manager = ''): Promise<Home> {
  const cont = await world.container(name, 65536, manager)
  const port = await world.locus(cont, `in ${name}`)
  world.setState(port, 'resting')
  return { cont, port }
}

/** Two or more, on the line with 1 in register 0, and 2 there since. */
async function homes(world: KernelWorld, ...names: string[]): Promise<Home[]> {
  const made: Home[] = []
  for (const name of names) made.push(await home(world, name))
  for (const { port } of made) world.setRegister(port, 0, 1n)
  await world.call('world_snapshot', { durable: true })
  for (const { port } of made) world.setRegister(port, 0, 2n)
  return made
}

/** The locus makes a call on the container. */
async function touch(world: KernelWorld, from: Home, on: Home): Promise<void> {
  const copied = await world.call('cap_copy', { cap: on.cont, to: from.cont, rights: 255 })
  const cap = copied['cap'] as Capref
  world.said(world.loci.get(from.port)!, containerCalls.getInvocationPoint, { cont: cap })
}

const stopped = (world: KernelWorld): PortId[] =>
  world.orders.flatMap((each) => (each.order === 'stop_locus' ? [each.port] : []))
const portOf = (world: KernelWorld, name: string): PortId =>
  (world.kernel.machine.loci.named(name)!.slot! + maxActors) as PortId
const registerOf = (world: KernelWorld, name: string): bigint =>
  world.register(portOf(world, `in ${name}`), 0)

test('[SI30] a locus that is lost takes its container back; a container that has nothing to do with it keeps its state and its threads', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = await homes(world, 'a', 'b')
  const endpoint = world.loci.get(b!.port)

  world.die(a!.port)
  world.run(500)

  t.deepEqual([registerOf(world, 'a'), registerOf(world, 'b')], [1n, 2n])
  t.is(world.loci.get(b!.port), endpoint)
  t.deepEqual(stopped(world), [])
  const [rollback] = world.of('rollback')
  t.deepEqual(
    rollback!.moved.map(({ container }) => container),
    ['a'],
  )
  t.true(rollback!.moved[0]!.from > rollback!.moved[0]!.to)
  t.regex(rollback!.moved[0]!.because, /in a.* was lost/)
  world.setState(portOf(world, 'in a'), 'resting')
  t.is((await world.call('world_snapshot', { durable: true })).status, 'ok')
})

test('[SI30] who has received of what is lost goes back too, whoever has received of that as well, and it is said why', async (t) => {
  const world = await KernelWorld.open({ shape: { maxLoci: 4, maxContainers: 8 } })
  const [a, b, c, d] = await homes(world, 'a', 'b', 'c', 'd')
  await touch(world, b!, a!)
  await touch(world, c!, b!)

  world.die(a!.port)
  world.run(500)

  const values = ['a', 'b', 'c', 'd'].map((name) => registerOf(world, name))
  t.deepEqual(values, [1n, 1n, 1n, 2n])
  t.truthy(d)
  const moved = new Map(
    world.of('rollback')[0]!.moved.map(({ container, because }) => [container, because]),
  )
  t.deepEqual([...moved.keys()].toSorted(), ['a', 'b', 'c'])
  t.regex(moved.get('b')!, /received interval \d+ of “a”/)
  t.regex(moved.get('c')!, /received interval \d+ of “b”/)
})

test('[SI30] what was received before the line is no reason to go back', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = await homes(world, 'a', 'b')
  await touch(world, b!, a!)
  world.setRegister(b!.port, 0, 3n)
  await world.call('world_snapshot', { durable: true })
  world.setRegister(b!.port, 0, 4n)

  world.die(a!.port)
  world.run(500)

  t.is(registerOf(world, 'b'), 4n)
})

test('[SI30] a call that a locus of the rest makes meanwhile is answered afterwards', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = await homes(world, 'a', 'b')
  const copied = await world.call('cap_copy', { cap: b!.cont, to: b!.cont, rights: 255 })
  world.die(a!.port)
  world.kernel.turn()
  const during = world.kernel.machine.phase
  const box = world.ask(world.loci.get(b!.port)!, containerCalls.getInvocationPoint, {
    cont: copied['cap'] as Capref,
  })

  world.run(1000)

  t.is(during, 'recovering')
  t.is(box.reply?.status, 'ok')
})

test('[SI31] after a part has gone back, a restart finds that, and never what was lost', async (t) => {
  const world = await KernelWorld.open({ behaviour: { stabilise: false } })
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  for (const { port } of [a, b]) world.setRegister(port, 0, 1n)
  await world.call('world_snapshot', { durable: true })
  for (const { port } of [a, b]) world.setRegister(port, 0, 7n)
  // Durable, and not stable: what a goes back over is in the log.
  world.write()
  await touch(world, a, b)
  await world.call('world_snapshot', { durable: false })
  world.run(200)
  world.die(a.port)
  world.run(500)

  const next = await KernelWorld.open({ earlier: world })
  next.run(100)
  const again = await KernelWorld.open({ earlier: next })
  again.run(100)

  t.is(registerOf(next, 'a'), 1n)
  t.is(registerOf(again, 'a'), 1n)
})

test('[SI30] when a manager dies the containers of other managers keep their state', async (t) => {
  const world = await KernelWorld.open({ others: [{ name: 'other' }] })
  const a = await home(world, 'a')
  const b = await home(world, 'b', 'other')
  for (const { port } of [a, b]) world.setRegister(port, 0, 1n)
  await world.call('world_snapshot', { durable: true })
  for (const { port } of [a, b]) world.setRegister(port, 0, 2n)
  const second = [...world.managers.keys()].find((port) => port !== world.manager!.messenger.port)!

  world.die(second)
  world.run(1000)

  t.deepEqual([registerOf(world, 'a'), registerOf(world, 'b')], [2n, 1n])
  t.is(world.kernel.machine.phase, 'open')
})

test('[SI30] a container that has the name of one that comes back is gone; what a host destroyed stays destroyed when its manager dies', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = await homes(world, 'a', 'b')
  const old = await world.container('old')
  await world.call('world_snapshot', { durable: true })
  const copied = await world.call('cap_copy', { cap: old, to: a!.cont, rights: 255 })
  const cap = copied['cap'] as Capref
  world.said(world.loci.get(a!.port)!, containerCalls.containerDestroy, { cont: cap })
  await world.call('container_create', { size: 4096, name: 'old' })

  world.die(a!.port)
  world.run(500)
  const back = await world.call('container_find', { name: 'old' })
  await world.call('container_destroy', { cont: back['cont'] })
  await world.call('container_create', { size: 8192, name: 'old' })
  world.die(world.manager!.messenger.port)
  world.run(1000)
  const after = await world.call('container_find', { name: 'old' })

  t.truthy(b)
  t.deepEqual([back['size'], back['managed']], [65536, true])
  t.deepEqual([after['size'], after['managed']], [8192, false])
})

test('[LO60] a locus that has the name of one that comes back, ended or destroyed, was never made', async (t) => {
  const world = await KernelWorld.open({ shape: { maxLoci: 6 } })
  const [a, b] = await homes(world, 'a', 'b')
  const worker = await world.locus(a!.cont, 'worker')
  const other = await world.locus(a!.cont, 'other')
  for (const port of [worker, other]) world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const end = { status: 'ok', detail: '', block: new Uint8Array(0) }
  world.said(world.loci.get(worker)!, locusCalls.locusEnd, end)
  world.die(worker, 'exit')
  const found = await world.call('locus_find', { name: 'other' })
  await world.call('locus_destroy', { locus: found['cap'] })
  world.run(100)
  const block = new Uint8Array(0)
  for (const name of ['worker', 'other'])
    t.is((await world.call('locus_create', { cont: b!.cont, block, name })).status, 'ok')
  world.run(50)

  world.die(a!.port)
  world.run(1000)

  const names = world.kernel.machine.loci.all().map(({ name }) => name)
  t.deepEqual(names.toSorted(), ['in a', 'in b', 'other', 'worker'])
  const slot = world.kernel.machine.containers.named('a')!.slot
  t.deepEqual(
    ['worker', 'other'].map((name) => world.kernel.machine.loci.named(name)!.container),
    [slot, slot],
  )
})
/** Three on the line with 1; then with 2, where `a` is stable and off the line, as `x` is not stable; then with 3. */
async function aheadOfTheLine(world: KernelWorld): Promise<{ a: Home; b: Home; x: Home }> {
  const a = await home(world, 'a')
  const b = await home(world, 'b')
  const x = await home(world, 'x', 'slow')
  const set = (value: bigint): void => {
    for (const { port } of [a, b, x]) world.setRegister(port, 0, value)
  }
  set(1n)
  await world.call('world_snapshot', { durable: true })
  set(2n)
  await touch(world, a, x)
  await touch(world, b, a)
  const slow = [...world.managers].find(([port]) => port !== world.manager!.messenger.port)!
  slow[1].behaviour.stabilise = false
  world.write(undefined, slow[0])
  for (const token of world.manager!.managed.keys()) world.write(token)
  await world.call('world_snapshot', { durable: false })
  world.run(200)
  set(3n)
  return { a, b, x }
}
const slowWorld = (): Promise<KernelWorld> =>
  KernelWorld.open({ others: [{ name: 'slow' }], shape: { maxLoci: 4, maxContainers: 8 } })

test('[SI100] what was lost goes back to its newest point that is stable, and who has received only what that has keeps its state', async (t) => {
  const world = await slowWorld()
  const { a } = await aheadOfTheLine(world)

  world.die(a.port)
  world.run(500)

  t.deepEqual(
    ['a', 'b', 'x'].map((name) => registerOf(world, name)),
    [2n, 3n, 3n],
  )
  const moved = world.of('rollback')[0]!.moved
  t.deepEqual(
    moved.map(({ container }) => container),
    ['a'],
  )
  const history = world.kernel.machine.containers.named('a')!.intervals.history
  t.is(moved[0]!.to, history.newest!.interval)
  t.true(history.base!.interval < history.newest!.interval)
})

test('[SI101] a unit that is back at a point newer than the line goes back further when what that had received is lost', async (t) => {
  const world = await slowWorld()
  const { a, x } = await aheadOfTheLine(world)
  world.die(a.port)
  world.run(500)
  world.setState(portOf(world, 'in a'), 'resting')

  world.die(x.port)
  // The manager of b is waited for.
  world.run(2500)

  t.deepEqual(
    ['a', 'b', 'x'].map((name) => registerOf(world, name)),
    [1n, 1n, 1n],
  )
  const rollbacks = world.manager!.calls.filter((each) => each.startsWith('cont_rollback'))
  const named = rollbacks.map((each) => each.split(' ').map(Number))
  t.true(named.some(([, , interval, , recoverable]) => interval! > recoverable!))
  t.deepEqual(
    named.slice(-2).map(([, , interval]) => interval),
    [0, 0],
  )
})

test('[SI101] a kill right after a part has gone back to points newer than the line loses nothing that is on the line', async (t) => {
  const world = await slowWorld()
  const { a } = await aheadOfTheLine(world)
  world.die(a.port)
  world.run(500)

  const next = await KernelWorld.open({
    earlier: world,
    others: [{ name: 'slow' }],
    shape: { maxLoci: 4, maxContainers: 8 },
  })
  next.run(100)

  t.is(next.boot!.damage, null)
  t.deepEqual(
    ['a', 'b', 'x'].map((name) => registerOf(next, name)),
    [1n, 1n, 1n],
  )
})

test('[SI101] a unit that went back to a point newer than the line is on the line with it when that is there', async (t) => {
  const world = await slowWorld()
  const { a } = await aheadOfTheLine(world)
  world.die(a.port)
  world.run(500)
  const back = world.of('rollback')[0]!.moved[0]!.to
  const [port, slow] = [...world.managers].find(([each]) => each !== world.manager!.messenger.port)!
  const [token] = slow.managed.keys()
  const label = world.kernel.machine.containers.named('x')!.intervals.label

  slow.stabilise(token as never, label)
  world.run(200)

  t.truthy(port)
  t.is(world.kernel.machine.containers.named('a')!.intervals.history.base!.interval, back)
  t.true(world.manager!.calls.some((each) => each.startsWith('snapshot_is_recoverable')))
})

/** On the line with 1; then with 2 captured and not stable; then with 3, and `b` has heard of what `a` is with 3. */
async function onlyVolatile(asked: boolean): Promise<{ world: KernelWorld; a: Home; b: Home }> {
  const world = await slowWorld()
  const a = await home(world, 'a')
  const b = await home(world, 'b', 'slow')
  const far = await home(world, 'far')
  const set = (value: bigint): void => {
    for (const { port } of [a, b, far]) world.setRegister(port, 0, value)
  }
  set(1n)
  await world.call('world_snapshot', { durable: true })
  const [port, slow] = [...world.managers].find(([each]) => each !== world.manager!.messenger.port)!
  slow.behaviour.stabilise = false
  slow.stabilisesWhenAsked = asked
  set(2n)
  world.write(undefined, port)
  await world.call('world_snapshot', { durable: false })
  world.run(50)
  set(3n)
  await touch(world, b, a)
  return { world, a, b }
}

test('[SI193] who depends on what was lost in its open interval alone falls to its newest image, which its manager is asked to make stable', async (t) => {
  const { world, a } = await onlyVolatile(true)

  world.die(a.port)
  world.run(500)

  t.deepEqual(
    ['a', 'b', 'far'].map((name) => registerOf(world, name)),
    [2n, 2n, 3n],
  )
  const asked = [...world.managers.values()].flatMap(({ calls }) =>
    calls.filter((each) => each.startsWith('container_stabilise_request')),
  )
  t.is(asked.length, 1)
})

test('[SI193] a manager that does not make it stable is waited for two seconds, and nobody comes into what goes back meanwhile', async (t) => {
  const { world, a } = await onlyVolatile(false)
  const gate = (name: string): number => {
    const { slot } = world.kernel.machine.containers.named(name)!
    return world.sim.region.words.load(world.sim.region.containerWord(slot, 'gate'))
  }

  world.die(a.port)
  world.run(1500)
  const during = [gate('a') !== 0, gate('b') !== 0, gate('far') !== 0]
  const isBack = world.of('rollback').length
  world.run(1500)

  t.deepEqual(during, [true, true, false])
  t.is(isBack, 0)
  t.deepEqual(
    ['a', 'b', 'far'].map((name) => registerOf(world, name)),
    [2n, 1n, 3n],
  )
  t.deepEqual([gate('a'), gate('b'), gate('far')], [0, 0, 0])
})
