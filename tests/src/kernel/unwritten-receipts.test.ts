/**
 * SI: what was received counts, though the record of the visit that received it is not on the disk, or the container that passed it on is gone. Real kernel and
 * disk, simulated threads.
 */
import type { ContainerSlot } from '@katydid/abi'
import { receive, stampOf } from '@katydid/memory'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'
import { home, logged, portOfManager, slotOf, visit } from './support/visits.js'

const shape = { maxLoci: 4, maxContainers: 8 }
const others = [{ name: 'other' }]
const open = (earlier?: KernelWorld): Promise<KernelWorld> =>
  KernelWorld.open({ shape, others, ...(earlier === undefined ? {} : { earlier }) })
const lineOf = (world: KernelWorld, slot: ContainerSlot): number =>
  world.kernel.machine.captures.vector.get(slot) ?? 0

test('[SI210] a captured point has what visits before it had received whose record is not on the disk', async (t) => {
  const world = await open()
  const x = await home(world, 'x')
  const d = await logged(world, 'd', 'other', 'deterministic')
  world.setRegister(x.port, 0, 1n)
  await world.call('world_snapshot', { durable: true })
  const before = lineOf(world, d)
  world.behaviour.stabilise = false
  world.setRegister(x.port, 0, 2n)
  world.write()
  visit(world, x, d, 7, null, {}, 2)
  world.write(world.kernel.machine.containers.at(d)!.token, portOfManager(world, 'other'))
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: false })
  const { newest, newer } = world.kernel.machine.containers.at(d)!.intervals.history

  const next = await open(world)

  // The visits follow in a record of their own, which a crash may leave out.
  t.deepEqual(
    newer.map(({ logged: it }) => it === null),
    [false, true],
    'a visit, and captured behind it',
  )
  t.true(newest!.dependencies.has(x.slot))
  t.is(next.boot!.damage, null)
  t.is(next.register(x.port, 0), 1n)
  t.is(lineOf(next, d), before)
})

test('[SI211] a container that was captured while a locus lives in it comes back, however it is logged', async (t) => {
  const world = await open()
  await logged(world, 'd', 'other', 'deterministic')
  const { cont } = await world.call('container_find', { name: 'd' })
  const port = await world.locus(cont as never, 'resident')
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })

  const next = await open(world)
  next.run(100)

  t.is(next.boot!.status, 'ok')
  t.not(next.kernel.machine.loci.named('resident')!.slot, null)
})

test('[SI212] the end of a container needs what the container had received, since it may have passed it on', async (t) => {
  const world = await open()
  const { region } = world.sim
  const x = await home(world, 'x')
  const y = await world.container('y', 65536, 'other')
  await world.container('z', 65536, 'other')
  const [ySlot, zSlot] = [slotOf(world, 'y'), slotOf(world, 'z')]
  world.setRegister(x.port, 0, 1n)
  await world.call('world_snapshot', { durable: true })
  const before = lineOf(world, zSlot)
  // Its image is not stable: what it sent may be undone.
  world.behaviour.stabilise = false
  world.setRegister(x.port, 0, 2n)
  world.write()
  receive(region, ySlot, stampOf(region, x.slot))
  receive(region, zSlot, stampOf(region, ySlot))
  const destroyed = await world.call('container_destroy', { cont: y })
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: false })
  world.run(100)

  const next = await open(world)

  t.is(destroyed.status, 'ok')
  t.is(next.register(x.port, 0), 1n)
  t.is(lineOf(next, zSlot), before)
})
