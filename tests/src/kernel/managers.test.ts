/** MG: several managers in a world, chosen by name, remembered by port, started again in order. */
import { actorPorts, asPort } from '@katydid/abi'
import { otherManagers } from '@katydid/kernel/manager/registry.js'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const second = asPort(actorPorts.firstManager + 1)
const third = asPort(actorPorts.firstManager + 2)
const others = [
  { name: 'swap', behaviour: { snapshots: 'keeps nothing' } },
  { name: 'idle' },
] as const

const program = (name: string) => ({
  name,
  module: 'm',
  hash: 'h',
  containerBytes: 4096,
  keepsRoot: false,
  options: null,
})

function managerOf(world: KernelWorld, name: string): number | null {
  return world.kernel.machine.containers.named(name)!.manager
}

test('[MG32] a container is managed by the manager named at its creation, the first when none is named', async (t) => {
  const world = await KernelWorld.open({ others })

  await world.container('a')
  await world.container('b', 65536, 'swap')
  await world.container('c', 65536, 'idle')

  t.is(managerOf(world, 'a'), actorPorts.firstManager)
  t.is(managerOf(world, 'b'), second)
  t.is(managerOf(world, 'c'), third)
})

test('[MG32] an unknown name is refused, and so is a second manager for a container', async (t) => {
  const world = await KernelWorld.open({ others })
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })

  const unknown = await world.call('manage_request', { cont, manager: 'nobody' })
  await world.call('manage_request', { cont, manager: 'idle' })
  const again = await world.call('manage_request', { cont, manager: 'idle' })
  const another = await world.call('manage_request', { cont, manager: 'swap' })

  t.is(unknown.status, 'bad_argument')
  t.deepEqual([again.status, again['success']], ['ok', true])
  t.is(another.status, 'bad_argument')
  t.is(managerOf(world, 'a'), third)
})

test('[MG32] every manager lives in a container of its own, and none of them can be found or destroyed', async (t) => {
  const world = await KernelWorld.open({ others })

  const own = [...world.managers.values()].map(({ boot }) => boot.own.slot)

  t.is(new Set(own).size, 3)
  for (const slot of own) {
    const container = world.kernel.machine.containers.at(slot)!
    t.true(container.selfManaged)
  }
})

test('[MG34] a manager that refuses answers success false, and the container stays without one', async (t) => {
  const world = await KernelWorld.open({ others: [{ name: 'no', behaviour: { accepts: false } }] })
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })

  const asked = await world.call('manage_request', { cont, manager: 'no' })

  t.deepEqual([asked.status, asked['success']], ['ok', false])
  t.is(managerOf(world, 'a'), null)
})

test('[MG33] the first manager is started before the others, and a restart brings them back in the same order', async (t) => {
  const world = await KernelWorld.open({ others })
  const started = (): number[] =>
    world.orders
      .filter(({ order }) => order === 'start_manager')
      .map((each) => ('port' in each ? each.port : -1))

  world.die(second)
  world.run(2_000)
  world.die(actorPorts.firstManager)
  world.run(2_000)

  t.deepEqual(started(), [actorPorts.firstManager, second, third, second, actorPorts.firstManager])
  t.is(world.kernel.machine.phase, 'open')
})

test('[MG33] a manager with containers comes back on its port though nobody names it, and another name gets another port', async (t) => {
  const world = await KernelWorld.open({ others })
  await world.container('c', 65536, 'swap')
  world.write(undefined, second)
  await world.call('world_snapshot', { durable: true })

  const next = await KernelWorld.open({ earlier: world, others: [{ name: 'new' }] })

  t.is(next.boot?.status, 'ok')
  t.is(next.kernel.machine.managers.named('swap')?.port, second)
  t.is(next.kernel.machine.managers.named('new')?.port, third)
  t.is(next.kernel.machine.managers.named('idle'), null)
  t.true(next.managers.get(second)!.calls.some((each) => each.startsWith('cont_rollback')))
})

test('[MG33] more names than ports are refused with the names that hold one', (t) => {
  const recorded = [4, 5, 6, 7].map((port) => ({ port, ...program(`m${port}`) }))
  const containers = recorded.map(({ port }) => ({ manager: port }))
  const captures = [{ containers }] as never

  const found = otherManagers([program('one more')], recorded, captures)

  t.regex(typeof found === 'string' ? found : '', /no port left.*m4, m5, m6, m7/)
})

test('[MG35] captures leave out what a manager keeps no snapshots of, and recovery makes it empty', async (t) => {
  const world = await KernelWorld.open({ others })
  const kept = await world.container('kept')
  world.write()
  const volatile = await world.container('volatile', 65536, 'swap')
  const port = await world.locus(volatile, 'it')
  world.setState(port, 'resting')
  world.setRegister(port, 0, 7n)
  world.write(undefined, second)

  const taken = await world.call('world_snapshot', { durable: true })
  world.write(undefined, second)
  const again = await world.call('world_snapshot', { durable: true })
  const next = await KernelWorld.open({ earlier: world, others })
  next.run(100)

  t.deepEqual([taken.status, again.status], ['ok', 'ok'])
  const swap = world.managers.get(second)!
  t.is(swap.calls.filter((each) => each.startsWith('container_snapshot')).length, 1)
  const labels = world.kernel.machine.containers
    .live()
    .filter((each) => !each.selfManaged)
    .map((each) => Number(each.intervals.label))
  t.deepEqual([labels[0]! > 0, labels[1]], [true, 0])
  t.true(kept !== volatile)
  t.true(next.managers.get(second)!.calls.some((each) => /^cont_rollback \d+ 0 /.test(each)))
  t.is(next.register([...next.loci.keys()][0]!, 0), 7n)
})

test('[MG35] snapshot_request on such a container answers not_supported, before and after the first capture', async (t) => {
  const world = await KernelWorld.open({ others })
  const cont = await world.container('volatile', 65536, 'swap')
  const other = await world.container('kept')

  const asked = await world.call('snapshot_request', { cont })
  const again = await world.call('snapshot_request', { cont })
  const kept = await world.call('snapshot_request', { cont: other })

  t.is(asked.status, 'not_supported')
  t.is(again.status, 'not_supported')
  t.is(kept.status, 'ok')
})

test('[MG35] a manager that took snapshots of a container cannot say later that it takes none', async (t) => {
  const behaviour: { snapshots: 'ok' | 'keeps nothing' } = { snapshots: 'ok' }
  const world = await KernelWorld.open({ behaviour })
  await world.container('a')
  world.write()
  await world.call('world_snapshot', { durable: true })
  world.behaviour.snapshots = 'keeps nothing'
  world.write()

  const taken = await world.call('world_snapshot', { durable: true })

  t.is(taken.status, 'manager_failed')
})
