/** CP: capabilities and rights, on the real kernel in the simulator. */
import {
  asCapref,
  capabilitySlots,
  capabilityTables,
  containerCalls,
  hostPort,
  locusCalls,
  managerDowncalls,
  readCapref,
  rights,
  type Capref,
} from '@katydid/abi'
import test from 'ava'
import { assert, asyncProperty, integer, pre } from 'fast-check'
import { resolveContainer } from '@katydid/kernel/capability/resolve.js'
import { KernelWorld, program } from './support/kernel-world.js'

/** A capability of the host's with fewer rights than the master's. */
function weaker(world: KernelWorld, cont: Capref, given: number): Capref {
  const { machine } = world.kernel
  const { shape } = world.sim.region.plan
  const full = machine.capabilities.read(capabilityTables.ofHost(shape), readCapref(cont).slot)
  return machine.capabilities.grant(capabilityTables.ofHost(shape), 'own', {
    ...full,
    rights: given,
  })!
}

/** Everything that a refused call must leave as it is. */
async function picture(world: KernelWorld): Promise<string> {
  const status = await world.call('world_status', {})
  const caps = await world.call('cap_list', {})
  return JSON.stringify([status, caps, world.orders])
}

test('[CP1] a Capref names something in its own principal’s tables only', async (t) => {
  const world = await KernelWorld.open()
  await world.call('container_create', { size: 4096, name: 'unused' })
  const cont = await world.container('a')
  const port = await world.locus(cont)

  const asHost = resolveContainer(world.kernel.machine, hostPort, cont, null)
  const asLocus = resolveContainer(world.kernel.machine, port, cont, null)

  t.is(asHost.status, 'ok')
  t.is(asLocus.status, 'invalid_capref')
})

test('[CP2] no made-up number gives authority or changes anything', async (t) => {
  const world = await KernelWorld.open()
  const real = new Set<number>([await world.container('a'), await world.container('b')])
  const before = await picture(world)

  await assert(
    asyncProperty(integer({ min: 0, max: 0xffffffff }), async (number) => {
      pre(!real.has(number))
      const cont = asCapref(number)
      for (const name of [
        'container_destroy',
        'remove_invocation_point',
        'snapshot_request',
        'manage_request',
      ])
        if ((await world.call(name, { cont })).status !== 'invalid_capref') return false
      return (
        (await world.call('cap_copy', { cap: cont, to: cont, rights: 255 })).status ===
        'invalid_capref'
      )
    }),
    { numRuns: 60 },
  )

  t.is(await picture(world), before)
})

test('[CP2] every bit of a Capref counts: flipping one makes it a forgery', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')

  for (let bit = 0; bit < 32; bit++) {
    const forged = asCapref((cont ^ (1 << bit)) >>> 0)
    const answer = await world.call('get_invocation_point', { cont: forged })
    t.is(answer.status, 'invalid_capref', `bit ${bit}`)
  }
})

test('[CP2] a Capref to a slot that was emptied and used again is stale', async (t) => {
  const world = await KernelWorld.open()
  const { machine } = world.kernel
  const table = capabilityTables.ofHost(world.sim.region.plan.shape)
  const old = await world.container('a')
  const held = machine.capabilities.read(table, readCapref(old).slot)
  machine.capabilities.drop(table, 'container', held.slot)
  const again = machine.capabilities.grant(table, 'own', held)!

  t.is(readCapref(again).slot, readCapref(old).slot)
  t.is((await world.call('get_invocation_point', { cont: old })).status, 'invalid_capref')
  t.is((await world.call('get_invocation_point', { cont: again })).status, 'ok')
})

test('[CP3] each call demands its own right, and a capability with all others does not do', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const demands = [
    ['container_destroy', rights.destroy, {}],
    ['set_invocation_point', rights.write, { program }],
    ['remove_invocation_point', rights.write, {}],
    ['get_invocation_point', rights.invoke, {}],
    ['snapshot_request', rights.snapshot, {}],
    ['manage_request', rights.manage, { manager: '' }],
    ['locus_create', rights.invoke, { block: new Uint8Array(0), name: '' }],
  ] as const

  for (const [name, right, more] of demands) {
    const without = weaker(world, cont, 255 & ~right)
    t.is((await world.call(name, { cont: without, ...more })).status, 'right_missing', name)
  }
})

test('[CP4] a copy has the same rights or fewer, and lies in the table of the container named', async (t) => {
  const world = await KernelWorld.open()
  const from = await world.container('from')
  const to = await world.container('to')
  const source = weaker(world, from, rights.copy | rights.read)

  const copied = await world.call('cap_copy', {
    cap: source,
    to,
    rights: rights.read | rights.write,
  })
  const none = await world.call('cap_copy', { cap: source, to, rights: rights.write })

  t.is(copied.status, 'ok')
  t.is(readCapref(copied['cap'] as Capref).table, 'host_container')
  t.is(none.status, 'right_missing')
  const port = await world.locus(to)
  const found = resolveContainer(world.kernel.machine, port, copied['cap'] as Capref, 'read')
  t.is(found.status, 'ok')
  t.is(
    resolveContainer(world.kernel.machine, port, copied['cap'] as Capref, 'write').status,
    'right_missing',
  )
})

test('[CP5] a capability of another kind is wrong_type', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const { boot, messenger, managed } = world.manager!
  const statuses: string[] = []
  const mine = [...managed.values()][0]!.capability

  messenger.call(0 as never, containerCalls.getInvocationPoint, { cont: boot.self }, (r) =>
    statuses.push(r.status),
  )
  const args = { cont: mine, manager: mine, contId: 100 as never }
  messenger.call(0 as never, managerDowncalls.setManager, args, (r) => statuses.push(r.status))
  world.run(20)

  t.deepEqual(statuses, ['wrong_type', 'wrong_type'])
  t.truthy(cont)
})

test('[CP6] a destroyed container’s capabilities are dead at once, and never name its successor', async (t) => {
  const world = await KernelWorld.open({ bare: true })
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })

  t.is((await world.call('container_destroy', { cont })).status, 'ok')
  t.is((await world.call('set_invocation_point', { cont, program })).status, 'entity_gone')
  await world.call('world_snapshot', { durable: true })
  const next = await world.call('container_create', { size: 4096, name: 'b' })

  t.is(next.status, 'ok')
  t.is((await world.call('set_invocation_point', { cont, program })).status, 'entity_gone')
})

test('[CP7] equal capabilities share a slot, and a full table is no_resource', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  for (let i = 0; i < 2 * capabilitySlots; i++) await world.call('container_find', { name: 'a' })
  const few = (await world.call('cap_list', {}))['caps'] as unknown[]

  for (let given = 1; given < capabilitySlots; given++) weaker(world, cont, given)
  const full = await world.call('container_create', { size: 4096, name: 'b' })

  t.is(few.length, 1)
  t.is(full.status, 'no_resource')
  t.is((await world.call('container_find', { name: 'b' })).status, 'no_such_container')
})

test('[CP8] the thread of a locus of the past is not served', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const port = await world.locus(cont)
  const endpoint = world.loci.get(port)!
  const answers: string[] = []
  world.kernel.machine.loci.release(port, world.word(port, 'generation') as never)

  endpoint.call(0 as never, locusCalls.locusBegin, {}, (reply) => answers.push(reply.status), 50)
  world.run(200)

  t.deepEqual(answers, ['timed_out'])
})
