/** CO: containers, windows and their ends, on the real kernel in the simulator. */
import {
  containerCalls,
  containerStates,
  maxWindowBytes,
  type ArgsOf,
  type Reply,
  type Capref,
} from '@katydid/abi'
import test from 'ava'
import { KernelWorld, program } from './support/kernel-world.js'

type WindowOpen = (typeof containerCalls)['windowOpen']

/** window_open, as the manager makes it on its first container. */
function openWindow(world: KernelWorld, base: number, length: number): Reply<WindowOpen> {
  const cont = [...world.manager!.managed.values()][0]!.capability
  const answers: Reply<WindowOpen>[] = []
  const args: ArgsOf<WindowOpen> = { cont, base, length }
  world.managerMessenger.call(0 as never, containerCalls.windowOpen, args, (r) => answers.push(r))
  world.run(20)
  return answers[0]!
}

test('[CO1] a new container has a name of its own, no manager and no invocation point', async (t) => {
  const world = await KernelWorld.open()

  const made = await world.call('container_create', { size: 8192, name: 'a' })
  const twice = await world.call('container_create', { size: 8192, name: 'a' })
  const found = await world.call('container_find', { name: 'a' })
  const block = new Uint8Array(0)
  const locus = await world.call('locus_create', { cont: made['cont'], block, name: '' })

  t.is(made.status, 'ok')
  t.is(twice.status, 'bad_argument')
  t.deepEqual([found['size'], found['program']], [8192, null])
  t.is(locus.status, 'no_invocation_point')
  await world.call('set_invocation_point', { cont: made['cont'], program })
  t.is(
    (await world.call('locus_create', { cont: made['cont'], block, name: '' })).status,
    'no_manager',
  )
  t.is((await world.call('snapshot_request', { cont: made['cont'] })).status, 'no_manager')
})

test('[CO2] sizes that are no multiple of the page size are bad_argument, and a full table is no_resource', async (t) => {
  const world = await KernelWorld.open()

  for (const size of [0, -4096, 100, 4097, 2 ** 48 + 4096, NaN, Infinity])
    t.is(
      (await world.call('container_create', { size, name: '' })).status,
      'bad_argument',
      `${size}`,
    )
  const statuses: string[] = []
  for (let i = 0; i < 7; i++)
    statuses.push((await world.call('container_create', { size: 4096, name: '' })).status)

  t.is(statuses.filter((each) => each === 'ok').length, 5)
  t.is(statuses.at(-1), 'no_resource')
})

test('[CO3] a window makes the slice of its slab, as long as the container needs, once', async (t) => {
  const world = await KernelWorld.open()
  await world.container('a', 5 * 4096)
  const free = world.kernel.machine.slices.freeBytes

  const first = openWindow(world, 0, 4096)
  const after = world.kernel.machine.slices.freeBytes
  const second = openWindow(world, 8192, 3 * 4096)

  const tables = [first, second].map((each) => (each.status === 'ok' ? each.table : -1))
  t.is(tables[1], tables[0]! + 8)
  t.true(first.status === 'ok' && first.writable)
  t.is(free - after, 128)
  t.is(world.kernel.machine.slices.freeBytes, after)
})

test('[CO3] a window that is misaligned, too long, outside or across slabs is refused', async (t) => {
  const world = await KernelWorld.open()
  await world.container('a', maxWindowBytes + 65536)

  const statuses = [
    openWindow(world, 100, 4096),
    openWindow(world, 0, -8),
    openWindow(world, 0, maxWindowBytes + 4096),
    openWindow(world, maxWindowBytes, 65537),
    openWindow(world, maxWindowBytes - 4096, 8192),
    openWindow(world, 0, maxWindowBytes),
    openWindow(world, maxWindowBytes, 65536),
  ].map((each) => each.status)

  t.deepEqual(statuses, [
    'misaligned',
    'too_large',
    'too_large',
    'out_of_window',
    'out_of_window',
    'no_resource',
    'ok',
  ])
})

test('[CO4] a container with a locus in it is busy', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  await world.locus(cont)

  t.is((await world.call('container_destroy', { cont })).status, 'busy')
  t.is((await world.call('get_invocation_point', { cont })).status, 'ok')
})

test('[CO5] a manager is told of a destroyed container only when the end is recoverable, and its slot waits for that', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  openWindow(world, 0, 4096)
  const full = world.kernel.machine.slices.freeBytes
  world.write()
  await world.call('world_snapshot', { durable: true })
  const slot = [...world.manager!.managed.values()][0]!.slot

  await world.call('container_destroy', { cont })
  world.run(1000)
  const before = world.manager!.calls.filter((each) => each.startsWith('container_destroyed'))
  const state = world.sim.region.words.load(world.sim.region.containerWord(slot as never, 'state'))
  await world.call('world_snapshot', { durable: true })
  world.run(100)

  t.deepEqual(before, [])
  t.is(state, containerStates.stopped)
  t.deepEqual(
    world.manager!.calls.filter((each) => each.startsWith('container_destroyed')),
    ['container_destroyed 100'],
  )
  t.is(world.kernel.machine.containers.at(slot), null)
  t.true(world.kernel.machine.slices.freeBytes > full)
})

test('[CO5] a crash before that brings the container back', async (t) => {
  const world = await KernelWorld.open()
  const cont: Capref = await world.container('a')
  world.write()
  await world.call('world_snapshot', { durable: true })
  await world.call('container_destroy', { cont })
  t.is((await world.call('container_find', { name: 'a' })).status, 'no_such_container')

  const next = await KernelWorld.open({ earlier: world })

  t.is((await next.call('container_find', { name: 'a' })).status, 'ok')
})
