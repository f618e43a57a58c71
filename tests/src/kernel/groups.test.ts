/** CP: permission groups, on the real kernel in the simulator. */
import {
  actorPorts,
  capabilityCalls,
  capabilitySlots,
  capabilityTables,
  containerCalls,
  hostPort,
  makeCapref,
  readCapref,
  rights,
  type Capref,
} from '@katydid/abi'
import { GroupTable, mostGroups } from '@katydid/kernel/capability/group-table.js'
import { resolve } from '@katydid/kernel/capability/resolve.js'
import test from 'ava'
import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check'
import { KernelWorld, program } from './support/kernel-world.js'

const find = async (world: KernelWorld, cont: unknown): Promise<string> =>
  (await world.call('get_invocation_point', { cont })).status

async function derive(
  world: KernelWorld,
  cap: Capref,
  granted: number,
): Promise<{ cap: Capref; group: Capref }> {
  const made = await world.call('cap_derive', { cap, rights: granted })
  if (made.status !== 'ok') throw new Error(JSON.stringify(made))
  return { cap: made['cap'] as Capref, group: made['group'] as Capref }
}

test('[CP9] a derived capability has the rights asked for that its source has, and never more', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')

  const readable = await derive(world, cont, rights.read | rights.copy)
  const more = await derive(world, readable.cap, rights.read | rights.invoke | rights.master)
  const none = await world.call('cap_derive', { cap: readable.cap, rights: rights.destroy })
  const uncopied = await world.call('cap_derive', { cap: more.cap, rights: rights.read })

  t.is(await find(world, readable.cap), 'right_missing')
  t.is(await find(world, more.cap), 'right_missing')
  t.deepEqual([none.status, uncopied.status], ['right_missing', 'right_missing'])
  for (const odd of [0, 256, -1, 1.5, NaN])
    t.is((await world.call('cap_derive', { cap: cont, rights: odd })).status, 'bad_argument')
})

test('[CP9] whatever is derived, copied and listed, no capability gains a right', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const to = await world.container('b')
  const { machine } = world.kernel
  const step = record({
    what: constantFrom('derive', 'copy'),
    from: integer({ min: 0, max: 7 }),
    rights: integer({ min: 1, max: 255 }),
  })

  await t.notThrowsAsync(
    assert(
      asyncProperty(array(step, { maxLength: 8 }), async (steps) => {
        const held = [cont]
        for (const { what, from, rights: wanted } of steps) {
          const cap = held[from % held.length]!
          const source = resolve(machine, hostPort, cap, 'any', null)
          if (source.status !== 'ok') return false
          const name = what === 'derive' ? 'cap_derive' : 'cap_copy'
          const made = await world.call(name, { cap, to, rights: wanted })
          if (made.status !== 'ok') continue
          const { table, slot } = readCapref(made['cap'] as Capref)
          const { shape } = world.sim.region.plan
          const target = machine.containers.named('b')!.slot
          const index =
            table === 'own'
              ? capabilityTables.ofHost(shape)
              : capabilityTables.ofContainer(shape, target)
          const got = machine.capabilities.read(index, slot)
          if ((got.rights & ~source.capability.rights) !== 0) return false
          if (table === 'own') held.push(made['cap'] as Capref)
        }
        for (const cap of held.slice(1)) await world.call('cap_remove', { cap })
        return true
      }),
      { numRuns: 40 },
    ),
  )
})

test('[CP10] destroying a group kills its capabilities, those of groups below it and all copies, and no others', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const to = await world.container('b')
  const first = await derive(world, cont, 255)
  const below = await derive(world, first.cap, rights.invoke | rights.copy)
  const beside = await derive(world, cont, 255)
  const copy = await world.call('cap_copy', { cap: below.cap, to, rights: rights.invoke })
  const other = await world.call('cap_copy', { cap: beside.cap, to, rights: rights.invoke })
  const port = await world.locus(to)
  const locus = world.loci.get(port)!
  const asked = (cap: unknown): string =>
    world.said(locus, containerCalls.getInvocationPoint, { cont: cap as Capref }).status
  const before = [asked(copy['cap']), asked(other['cap'])]

  t.is((await world.call('group_destroy', { group: first.group })).status, 'ok')

  t.deepEqual(before, ['ok', 'ok'])
  for (const cap of [first.cap, below.cap]) t.is(await find(world, cap), 'entity_gone')
  t.deepEqual([asked(copy['cap']), asked(other['cap'])], ['entity_gone', 'ok'])
  t.deepEqual([await find(world, beside.cap), await find(world, cont)], ['ok', 'ok'])
  t.is((await world.call('group_destroy', { group: below.group })).status, 'entity_gone')
})

test('[CP10] what loci read in shared memory says at once that the capability is dead', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const to = await world.container('b')
  const { cap, group } = await derive(world, cont, 255)
  const copy = readCapref((await world.call('cap_copy', { cap, to, rights: 4 }))['cap'] as Capref)
  const { region } = world.sim
  const table = capabilityTables.ofContainer(
    region.plan.shape,
    world.kernel.machine.containers.named('b')!.slot,
  )
  const generation = (): number =>
    region.words.load(region.capabilityWord(table, copy.slot, 'generation'))
  const before = generation()

  await world.call('group_destroy', { group })

  t.is(before, world.kernel.machine.containers.named('a')!.generation)
  t.is(generation(), 0)
})

test('[CP10] only the capability for the group itself destroys it', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const { cap, group } = await derive(world, cont, 255)
  const weak = await derive(world, group, rights.copy)

  t.is((await world.call('group_destroy', { group: cap })).status, 'wrong_type')
  t.is((await world.call('group_destroy', { group: weak.cap })).status, 'right_missing')
  t.is(await find(world, cap), 'ok')
  t.is((await world.call('group_destroy', { group })).status, 'ok')
  t.is((await world.call('group_destroy', { group: weak.group })).status, 'entity_gone')
})

test('[CP11] groups die with their entity', async (t) => {
  const world = await KernelWorld.open({ bare: true })
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })
  const { cap, group } = await derive(world, cont as Capref, 255)
  const sem = (await world.call('semaphore_create', { initial: 1 }))['sem'] as Capref
  const ofSemaphore = await derive(world, sem, rights.wait)

  await world.call('container_destroy', { cont: cap })
  await world.call('semaphore_destroy', { sem })

  t.is((await world.call('group_destroy', { group })).status, 'entity_gone')
  t.is((await world.call('group_destroy', { group: ofSemaphore.group })).status, 'entity_gone')
  t.is(
    (await world.call('semaphore_p', { sem: ofSemaphore.cap, timeoutMs: 0 })).status,
    'entity_gone',
  )
  t.deepEqual(world.kernel.machine.groups.all(), [])
})

test('[CP12] groups are as they were at the line after a restart, and what bound to them', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const to = await world.container('b')
  const kept = await derive(world, cont, 255)
  const lost = await derive(world, cont, 255)
  const keptCopy = await world.call('cap_copy', { cap: kept.cap, to, rights: rights.invoke })
  const lostCopy = await world.call('cap_copy', { cap: lost.cap, to, rights: rights.read })
  // The right to destroy the group goes along, so that somebody can after the restart.
  const handle = await world.call('cap_copy', { cap: kept.group, to, rights: rights.destroy })
  await world.call('group_destroy', { group: lost.group })
  const port = await world.locus(to)
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })

  const next = await KernelWorld.open({ earlier: world })
  const locus = next.loci.get(port)!
  const asked = (cap: unknown): string =>
    next.said(locus, containerCalls.getInvocationPoint, { cont: cap as Capref }).status
  const before = [asked(keptCopy['cap']), asked(lostCopy['cap'])]
  const destroyed = next.said(locus, capabilityCalls.groupDestroy, {
    group: handle['cap'] as Capref,
  })

  t.deepEqual(before, ['ok', 'entity_gone'])
  t.is(destroyed.status, 'ok')
  t.is(asked(keptCopy['cap']), 'entity_gone')
})

test('[CP12] a rollback undoes what was derived and destroyed since the line, and no number comes twice', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const to = await world.container('b')
  const old = await derive(world, cont, 255)
  const copy = await world.call('cap_copy', { cap: old.cap, to, rights: rights.invoke })
  const port = await world.locus(to, 'it')
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  // It names the container, so the container goes back with it.
  world.said(world.loci.get(port)!, containerCalls.getInvocationPoint, {
    cont: copy['cap'] as Capref,
  })
  await world.call('group_destroy', { group: old.group })
  const young = await derive(world, cont, 255)
  const numbers = world.kernel.machine.groups.next

  world.die(port)
  world.run(500)

  const locus = world.loci.get(port)!
  t.is(
    world.said(locus, containerCalls.getInvocationPoint, { cont: copy['cap'] as Capref }).status,
    'ok',
  )
  t.is(await find(world, young.cap), 'entity_gone')
  t.is(await find(world, old.cap), 'entity_gone')
  t.true(world.kernel.machine.groups.next >= numbers)
})

test('[CP13] cap_remove empties a slot for good, also of what is dead, and only of the caller’s tables', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const dead = await derive(world, cont, 255)
  await world.call('group_destroy', { group: dead.group })
  const port = await world.locus(cont)
  const locus = world.loci.get(port)!
  const remove = async (cap: Capref): Promise<string> =>
    (await world.call('cap_remove', { cap })).status

  t.is(world.said(locus, capabilityCalls.capRemove, { cap: dead.cap }).status, 'invalid_capref')
  t.deepEqual([await remove(dead.cap), await remove(dead.cap)], ['ok', 'invalid_capref'])
  t.deepEqual([await remove(cont), await find(world, cont)], ['ok', 'invalid_capref'])
  t.is(await remove(makeCapref('host_container', 0xff, 0)), 'invalid_capref')
})

test('[CP13] cap_list tells both tables, and what is gone', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const to = await world.container('b')
  const { cap, group } = await derive(world, cont, rights.invoke | rights.copy)
  await world.call('cap_copy', { cap, to, rights: rights.invoke })
  const port = await world.locus(to)
  await world.call('group_destroy', { group })

  const own = (await world.call('cap_list', { table: 'own' }))['caps'] as {
    kind: string
    name: string
    gone: boolean
  }[]
  const inside = world.said(world.loci.get(port)!, containerCalls.capList, {
    table: 'host_container',
  })

  t.deepEqual(
    own.map(({ kind, name, gone }) => [kind, name, gone]),
    [
      ['container', 'a', false],
      ['container', 'b', false],
      ['container', '', true],
      ['group', '', true],
      ['locus', '', false],
    ],
  )
  t.deepEqual(
    inside.status === 'ok' && inside.caps.map(({ kind, rights: r, gone }) => [kind, r, gone]),
    [['container', rights.invoke, true]],
  )
})

test('[CP13] a full table gives slots of the dead to the living, and then is no_resource', async (t) => {
  const world = await KernelWorld.open()
  for (let i = 0; i < capabilitySlots; i++) {
    const { sem } = await world.call('semaphore_create', { initial: 0 })
    if (i % 2 === 0) await world.call('semaphore_destroy', { sem })
  }

  const statuses: string[] = []
  for (let i = 0; i <= capabilitySlots / 2; i++)
    statuses.push((await world.call('semaphore_create', { initial: 0 })).status)

  t.deepEqual(new Set(statuses.slice(0, -1)), new Set(['ok']))
  t.is(statuses.at(-1), 'no_resource')
})

test('[CP13] a host may run any number of loci, as capabilities to those that have ended make room', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const statuses = new Set<string>()
  for (let i = 0; i < capabilitySlots + 5; i++) {
    const made = await world.call('locus_create', { cont, block: new Uint8Array(0), name: `l${i}` })
    statuses.add(made.status)
    world.run(5)
    await world.endLocus([...world.loci.keys()].at(-1)!)
  }

  t.deepEqual([...statuses], ['ok'])
  t.is((await world.call('locus_find', { name: 'l0' })).status, 'ok')
})

test('[CP13] a manager’s table does not fill up with containers it managed once', async (t) => {
  const world = await KernelWorld.open()
  const table = capabilityTables.ofActor(world.sim.region.plan.shape, actorPorts.firstManager)
  const held = (): number => world.kernel.machine.capabilities.list(table).length
  const before = held()
  for (let i = 0; i < 3; i++) {
    const cont = await world.container(`c${i}`)
    await world.call('container_destroy', { cont })
    await world.call('world_snapshot', { durable: true })
    world.run(100)
  }

  t.is(held(), before)
})

test('[CP14] a manager holds capabilities for itself, its disk and its container, and can make weaker ones', async (t) => {
  const world = await KernelWorld.open()
  const messenger = world.managerMessenger
  const listed = world.said(messenger, containerCalls.capList, { table: 'own' })
  const caps = listed.status === 'ok' ? listed.caps : []
  const disk = caps.find(({ kind }) => kind === 'disk')!.cap

  const derived = world.said(messenger, capabilityCalls.capDerive, { cap: disk, rights: 1 })
  const misused = world.said(messenger, containerCalls.getInvocationPoint, { cont: disk })

  t.deepEqual(caps.map(({ kind }) => kind).toSorted(), ['container', 'disk', 'manager'])
  t.is(derived.status, 'ok')
  t.is(misused.status, 'wrong_type')
})

test('[CP9] groups nobody can name make room for new ones', async (t) => {
  const world = await KernelWorld.open({ bare: true })
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })
  const kept = await derive(world, cont as Capref, 255)

  for (let i = 0; i < mostGroups + 10; i++) {
    const made = await derive(world, kept.cap, rights.read)
    await world.call('cap_remove', { cap: made.cap })
    await world.call('cap_remove', { cap: made.group })
  }

  t.true(world.kernel.machine.groups.all().length <= mostGroups)
  t.is((await world.call('set_invocation_point', { cont: kept.cap, program })).status, 'ok')
})

test('[CP9] what is named keeps the groups above it', (t) => {
  const table = new GroupTable()
  const of = { kind: 'container', slot: 1, generation: 1, rights: 255 } as const
  const top = table.derive({ ...of, group: 0 }, 255)
  const middle = table.derive({ ...of, group: top.id }, 15)
  const bottom = table.derive({ ...of, rights: 15, group: middle.id }, 1)
  const aside = table.derive({ ...of, group: top.id }, 3)

  table.keep([bottom.id])

  t.deepEqual(
    table.all().map(({ id }) => id),
    [top.id, middle.id, bottom.id],
  )
  t.false(table.isAlive(aside.id))
})
