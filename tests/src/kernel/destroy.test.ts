/** CO: the ends of containers that something still knows, and beginnings that were cut short. In the simulator. */
import {
  actorPorts,
  asToken,
  containerCalls,
  containerStates,
  semaphoreCalls,
  type Capref,
  type ContainerSlot,
  type PortId,
} from '@katydid/abi'
import { run } from '@katydid/actor'
import { readLog } from '@katydid/kernel/recovery/log-reader.js'
import test from 'ava'
import { KernelWorld, program } from './support/kernel-world.js'

const slotOf = (world: KernelWorld, name: string): ContainerSlot =>
  world.kernel.machine.containers.named(name)!.slot

/** The manager snapshots itself: a group on the disk that is no line record. */
function commitRoot(world: KernelWorld): void {
  run(world.managerMessenger, world.manager!.commitRoot(), () => {})
  world.run(100)
}

/** Numbers of the records of captures that the log holds. */
async function captureIds(world: KernelWorld): Promise<number[]> {
  const { found } = await world.scan()
  const { captures } = readLog(found, 'test', world.sim.region.plan.shape.maxContainers)
  return captures.map(({ record }) => record.capture)
}

/** A locus is lost and a manager with it: then all of the world goes back to its line. */
function allGoesBack(world: KernelWorld, port: PortId): void {
  world.die(port)
  world.sim.runUntil(() => world.kernel.machine.phase === 'recovering')
  world.die(actorPorts.firstManager)
  world.run(500)
}

/** The locus, rooted in `home`, makes a call on the container: when the locus is lost the container goes back with it. */
async function touch(world: KernelWorld, port: PortId, cont: Capref, home: Capref): Promise<void> {
  const copied = await world.call('cap_copy', { cap: cont, to: home, rights: 255 })
  const cap = copied['cap'] as Capref
  world.said(world.loci.get(port)!, containerCalls.getInvocationPoint, { cont: cap })
}

test('[CO20] a container to which a nested invocation will return is busy, and nothing of it changes', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const { region } = world.sim
  const slot = slotOf(world, 'a')
  region.words.add(region.containerWord(slot, 'frames'), 1)

  const during = await world.call('container_destroy', { cont })
  const state = region.words.load(region.containerWord(slot, 'state'))
  region.words.add(region.containerWord(slot, 'frames'), -1)

  t.is(during.status, 'busy')
  t.is(state, containerStates.live)
  t.is((await world.call('container_destroy', { cont })).status, 'ok')
})

test('[CO20] frames of loci that were lost are forgotten when the world goes back', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const b = await world.container('b')
  const port = await world.locus(b)
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const { region } = world.sim
  await touch(world, port, cont, b)
  region.words.add(region.containerWord(slotOf(world, 'a'), 'frames'), 2)

  world.die(port)
  world.run(500)

  t.is((await world.call('container_destroy', { cont })).status, 'ok')
})

test('[CO21] the name of a destroyed container is free at once, and a restart finds the one of the line', async (t) => {
  const world = await KernelWorld.open()
  const old = await world.container('a', 65536)
  world.write()
  await world.call('world_snapshot', { durable: true })
  await world.call('container_destroy', { cont: old })
  const made = await world.call('container_create', { size: 4096, name: 'a' })

  const before = await KernelWorld.open({ earlier: world })
  await world.call('world_snapshot', { durable: true })
  world.run(100)
  const after = await KernelWorld.open({ earlier: world })

  t.is(made.status, 'ok')
  t.is((await before.call('container_find', { name: 'a' }))['size'], 65536)
  t.is((await after.call('container_find', { name: 'a' }))['size'], 4096)
})

test('[CO22] a creation that was cut short at any step can be completed after a restart', async (t) => {
  for (let steps = 1; steps <= 3; steps++) {
    const world = await KernelWorld.open()
    const { cont } = await world.call('container_create', { size: 65536, name: 'a' })
    if (steps > 1) await world.call('manage_request', { cont, manager: '' })
    if (steps > 2) await world.call('set_invocation_point', { cont, program })
    await world.call('world_snapshot', { durable: true })

    const next = await KernelWorld.open({ earlier: world })
    const found = await next.call('container_find', { name: 'a' })
    t.deepEqual([found['managed'], found['program'] !== null], [steps > 1, steps > 2])
    t.is((await next.call('manage_request', { cont: found['cont'], manager: '' }))['success'], true)
    await next.call('set_invocation_point', { cont: found['cont'], program })
    const block = new Uint8Array(0)
    const locus = await next.call('locus_create', { cont: found['cont'], block, name: '' })
    t.is(locus.status, 'ok', `cut after ${steps}`)
  }
})

test('[CO22] a container that was adopted after the line is without a manager again, and can be adopted', async (t) => {
  const world = await KernelWorld.open()
  const { cont } = await world.call('container_create', { size: 65536, name: 'a' })
  await world.call('world_snapshot', { durable: true })
  await world.call('manage_request', { cont, manager: '' })
  const b = await world.container('b')
  const port = await world.locus(b)
  await touch(world, port, cont as Capref, b)

  world.die(port)
  world.run(500)
  const found = await world.call('container_find', { name: 'a' })
  const known = [...world.manager!.managed.keys()]

  t.is(found['managed'], false)
  t.true(world.manager!.calls.includes('container_destroyed 100'))
  t.deepEqual(known, [])
  t.is((await world.call('manage_request', { cont, manager: '' }))['success'], true)
})

test('[CO23] a container that is destroyed before its snapshot is stable does not hold the line', async (t) => {
  const world = await KernelWorld.open({ behaviour: { stabilise: false } })
  const cont = await world.container('a')
  world.write()
  await world.call('world_snapshot', { durable: false })
  const manager = world.manager!
  manager.stabilisesWhenAsked = true

  await world.call('container_destroy', { cont })
  const { status } = await world.call('world_snapshot', { durable: true })
  world.run(3_000)

  t.is(status, 'ok')
  t.true(manager.calls.some((each) => each.startsWith('container_destroyed ')))
  t.is(world.kernel.machine.captures.lagging, null)
})

test('[CO5] a container that is destroyed as its manager takes, or refuses, a snapshot of it stops nobody', async (t) => {
  for (const snapshots of ['refuse', 'keeps nothing', 'ok'] as const) {
    const world = await KernelWorld.open({ behaviour: { stabilise: false } })
    const cont = await world.container('a')
    world.write()
    world.manager!.behaviour.snapshots = snapshots
    world.manager!.stabilisesWhenAsked = true
    const taken = world.kernel.call('world_snapshot', { durable: false })
    world.sim.runUntil(() =>
      world.manager!.calls.some((each) => each.startsWith('container_snapshot 100')),
    )
    const destroyed = world.kernel.call('container_destroy', { cont })
    world.run(3_000)
    const { status } = await world.call('world_snapshot', { durable: true })

    t.is((await destroyed).status, 'ok', snapshots)
    t.not((await taken).status, 'timed_out', snapshots)
    t.is(status, 'ok', snapshots)
  }
})

test('[CO24] a container that received of one whose end is on the line comes back by itself, and nothing is called damaged', async (t) => {
  const world = await KernelWorld.open()
  const gone = await world.container('gone')
  const home = await world.container('home')
  const port = await world.locus(home)
  await touch(world, port, gone, home)
  world.write()
  world.setState(port, 'resting')
  await world.call('container_destroy', { cont: gone })
  const first = await world.call('world_snapshot', { durable: true })
  const { captures } = world.kernel.machine
  const onLine = [...captures.vector.keys()]
  world.run(200)
  // Its slot is given to another, and the world goes back before that one is on the line.
  await world.call('container_create', { size: 4096, name: 'next' })
  allGoesBack(world, port)

  t.is(first.status, 'ok')
  t.deepEqual(onLine, [Number(slotOf(world, 'home'))])
  t.is(world.kernel.machine.damage, null)
  t.is(world.kernel.machine.phase, 'open')
})

test('[SI140] a unit that has ended is not missed, though its number is another’s by now of which nothing comes back', async (t) => {
  const world = await KernelWorld.open()
  const gone = await world.container('gone')
  const home = await world.container('home')
  await world.container('busy')
  const port = await world.locus(home)
  await touch(world, port, gone, home)
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const slot = slotOf(world, 'gone')
  await world.call('container_destroy', { cont: gone })
  // Until everybody has forgotten it but for the point that had received something of it.
  for (let n = 0; n < 3; n++) {
    world.write()
    await world.call('world_snapshot', { durable: true })
  }
  const { history } = world.kernel.machine.containers.named('home')!.intervals
  const received = history.base!.capture.record.containers.find(({ name }) => name === 'home')!
  const known = [...world.kernel.machine.captures.over.keys()]
  allGoesBack(world, port)
  // What has its slot then is captured, and its pages do not come to the disk.
  await world.container('next')
  world.behaviour.stabilise = false
  world.write()
  await world.call('world_snapshot', { durable: false })
  world.run(200)

  const after = await KernelWorld.open({ earlier: world })

  t.deepEqual([Number(slotOf(world, 'next')), known], [Number(slot), []])
  t.true(received.dependencies.some(([unit]) => unit === Number(slot)))
  t.is(after.boot?.damage, null)
  t.is(after.kernel.machine.captures.vector.get(slotOf(after, 'home')), received.interval)
  t.is((await after.call('container_find', { name: 'next' })).status, 'no_such_container')
})

test('[SI140] what has ended does not come back because one from which it had received is forgotten', async (t) => {
  const world = await KernelWorld.open()
  const [forgotten, gone] = [await world.container('forgotten'), await world.container('gone')]
  const live = await world.container('live')
  const slot = Number(slotOf(world, 'gone'))
  const port = await world.locus(gone)
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  // The first ends in an epoch before the one in which the second does, which had received something of it meanwhile.
  world.setState(port, 'running')
  await touch(world, port, forgotten, gone)
  await world.call('container_destroy', { cont: forgotten })
  await world.call('world_snapshot', { durable: false })
  await world.endLocus(port)
  await world.call('container_destroy', { cont: gone })
  await world.call('world_snapshot', { durable: true })
  const ended = [...world.kernel.machine.captures.over.keys()]
  allGoesBack(world, await world.locus(live))
  for (let n = 0; n < 3; n++) {
    world.write()
    await world.call('world_snapshot', { durable: true })
  }

  const after = await KernelWorld.open({ earlier: world })

  t.deepEqual(ended, [slot])
  t.is(world.kernel.machine.captures.over.size, 0)
  t.is(after.boot?.damage, null)
  t.is((await after.call('container_find', { name: 'gone' })).status, 'no_such_container')
})

test('[SI141] the last line record says alone which units have ended: the record of an end is given up with the log before the line', async (t) => {
  const world = await KernelWorld.open()
  const home = await world.container('home')
  const port = await world.locus(home)
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const { token, intervals } = world.kernel.machine.containers.named('home')!
  const { captures } = world.kernel.machine
  world.behaviour.stabilise = false
  // Each has received something of the other, and nothing of that is stable.
  const { sem } = await world.call('semaphore_create', { initial: 0 })
  const copied = await world.call('cap_copy', { cap: sem, to: home, rights: 255 })
  world.said(world.loci.get(port)!, semaphoreCalls.semaphoreV, {
    sem: copied['cap'] as Capref,
    n: 1,
  })
  await world.call('semaphore_destroy', { sem })
  world.write()
  await world.call('world_snapshot', { durable: false })
  const [first, withEnd] = [intervals.label, captures.newer.at(-1)!]
  // So much that what follows stands in another segment, and less is read at a start.
  for (let n = 0; n < 140; n++) commitRoot(world)
  world.setRegister(port, 0, 5n)
  world.write()
  await world.call('world_snapshot', { durable: false })
  const second = intervals.label
  commitRoot(world)
  // The newer first: so both come to the line at once, and the log is trimmed behind the end.
  world.manager!.stabilise(token, second)
  world.run(100)
  const before = captures.line
  world.manager!.stabilise(token, first)
  world.run(100)
  // The next group on the disk says how far the log was trimmed, and is no line.
  commitRoot(world)

  const after = await KernelWorld.open({ earlier: world })

  t.deepEqual(
    withEnd.record.ended.map(({ dependencies }) => dependencies.length),
    [1],
  )
  t.deepEqual([before, captures.line], [1, 3])
  t.true((await captureIds(after)).every((id) => id > withEnd.id))
  t.is(after.boot?.damage, null)
  t.is(after.kernel.machine.captures.line, 3)
  t.is(after.register([...after.loci.keys()][0]!, 0), 5n)
})

test('[MG45] after a recovery each manager is told all its containers there are, and forgets the rest', async (t) => {
  const world = await KernelWorld.open()
  await world.container('kept')
  world.write()
  await world.call('world_snapshot', { durable: true })
  const port = await world.locus(await world.container('lost'))
  // A token that only the manager knows: its container's end was told to an incarnation that died with it.
  world.manager!.managed.set(asToken(555), { capability: 0 as never, slot: 5 })

  world.die(port)
  world.run(500)

  t.is(
    world.manager!.calls.findLast((each) => each.startsWith('containers_live')),
    'containers_live 100',
  )
  t.deepEqual([...world.manager!.managed.keys()], [100])
})
