/** MG: what the kernel makes of the managers' calls: who may, what is refused, and what a refusal leaves. In the simulator. */
import {
  actorPorts,
  asGeneration,
  asInterval,
  asOffset,
  asPort,
  asToken,
  capabilityTables,
  managerDowncalls,
  readCapref,
  rights,
  serviceLevels,
  type Capref,
} from '@katydid/abi'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const other = asPort(actorPorts.firstManager + 1)

const managerTable = (world: KernelWorld): number =>
  world.kernel.machine.capabilities.list(
    capabilityTables.ofActor(world.sim.region.plan.shape, actorPorts.firstManager),
  ).length

/** A world with two managers; the capability is the second one's, for a container of the first. */
async function twoManagers(): Promise<{ world: KernelWorld; cont: Capref; theirs: Capref }> {
  const world = await KernelWorld.open({ others: [{ name: 'second' }] })
  const cont = await world.container('a')
  const { machine } = world.kernel
  const { slot, generation } = machine.containers.named('a')!
  const table = capabilityTables.ofActor(world.sim.region.plan.shape, other)
  const full = { kind: 'container', slot, generation, rights: 255, group: 0 } as const
  return { world, cont, theirs: machine.capabilities.grant(table, 'own', full)! }
}

test('[MG40] a manager that refuses is ok without success, and has nothing of the container', async (t) => {
  const world = await KernelWorld.open({ behaviour: { accepts: false } })
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })
  const before = managerTable(world)

  const answer = await world.call('manage_request', { cont, manager: '' })

  t.deepEqual([answer.status, answer['success']], ['ok', false])
  t.is(managerTable(world), before)
  t.is((await world.call('container_find', { name: 'a' }))['managed'], false)
  world.behaviour.accepts = true
  t.is((await world.call('manage_request', { cont, manager: '' }))['success'], true)
})

test('[MG40] a manager that accepts without set_manager has failed', async (t) => {
  const world = await KernelWorld.open({ behaviour: { lies: true } })
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })

  const lie = await world.call('manage_request', { cont, manager: '' })

  t.is(lie.status, 'manager_failed')
  t.is((await world.call('container_find', { name: 'a' }))['managed'], false)
})

test('[MG40] when the manager dies over the request its user is told to ask again, and can', async (t) => {
  const world = await KernelWorld.open()
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })
  await world.call('world_snapshot', { durable: true })

  const asked = world.kernel.call('manage_request', { cont, manager: '' })
  world.die(actorPorts.firstManager)
  const late = world.kernel.call('manage_request', { cont, manager: '' })

  t.is((await world.settle(asked)).status, 'frozen')
  t.is((await world.settle(late)).status, 'frozen')
  t.is((await world.call('manage_request', { cont, manager: '' }))['success'], true)
})

test('[MG40] a request for what is managed already is a success, and asks nobody', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const asked = (): number =>
    world.manager!.calls.filter((each) => each === 'manage_request').length
  const before = asked()

  t.is((await world.call('manage_request', { cont, manager: '' }))['success'], true)
  t.is(asked(), before)
})

test('[MG40] a user without the master right can ask, and the manager cannot take what he does not have', async (t) => {
  const world = await KernelWorld.open()
  const { cont } = await world.call('container_create', { size: 4096, name: 'a' })
  const weak = await world.call('cap_derive', { cap: cont, rights: rights.manage | rights.read })

  const answer = await world.call('manage_request', { cont: weak['cap'], manager: '' })

  t.deepEqual([answer.status, answer['success']], ['ok', false])
  t.is((await world.call('container_find', { name: 'a' }))['managed'], false)
})

test('[MG41] only the master right or the present manager sets a manager; twice the same is ok', async (t) => {
  const { world, theirs } = await twoManagers()
  const { machine } = world.kernel
  const { managed, boot, messenger } = world.manager!
  const second = world.managers.get(other)!
  const table = capabilityTables.ofActor(world.sim.region.plan.shape, other)
  const { index, stamp, ...full } = machine.capabilities.read(table, readCapref(theirs).slot)
  const weak = machine.capabilities.grant(table, 'own', { ...full, rights: 255 & ~rights.master })!
  // The first manager knows the second one, as it must to hand over.
  const known = machine.capabilities.grant(
    capabilityTables.ofActor(world.sim.region.plan.shape, boot.port),
    'own',
    { kind: 'manager', slot: other, generation: 1, rights: rights.read, group: 0 },
  )!
  const set = (by: typeof messenger, cont: Capref, manager: Capref, contId: number): string =>
    world.said(by, managerDowncalls.setManager, { cont, manager, contId: asToken(contId) }).status
  const mine = managed.get(100)!.capability
  const now = (): unknown => {
    const { manager, token } = machine.containers.named('a')!
    return [manager, token]
  }

  t.is(set(second.messenger, weak, second.boot.self, 7), 'right_missing')
  t.deepEqual(now(), [boot.port, 100])
  t.deepEqual(
    [set(messenger, mine, boot.self, 100), set(messenger, mine, boot.self, 100)],
    ['ok', 'ok'],
  )
  t.is(set(messenger, mine, known, 8), 'ok')
  t.deepEqual(now(), [other, 8])
  t.is(set(second.messenger, theirs, second.boot.self, 9), 'ok')
  t.true(index >= 0 && stamp > 0)
})

test('[MG41] a container with snapshots keeps its manager', async (t) => {
  const { world, theirs } = await twoManagers()
  world.write()
  await world.call('world_snapshot', { durable: true })
  const second = world.managers.get(other)!

  const answer = world.said(second.messenger, managerDowncalls.setManager, {
    cont: theirs,
    manager: second.boot.self,
    contId: asToken(7),
  })

  t.is(answer.status, 'bad_argument')
  t.is(world.kernel.machine.containers.named('a')!.manager, actorPorts.firstManager)
})

test('[MG41] a manager gives each of its containers a name of its own, and keeps the one it lives in', async (t) => {
  const world = await KernelWorld.open()
  await world.container('a')
  await world.container('b')
  const { managed, boot } = world.manager!
  const args = {
    cont: managed.get(101)!.capability,
    manager: boot.self,
    contId: asToken(100),
  }

  const twice = world.said(world.managerMessenger, managerDowncalls.setManager, args)
  const own = world.said(world.managerMessenger, managerDowncalls.setManager, {
    cont: boot.own.capability,
    manager: boot.self,
    contId: asToken(9),
  })

  t.deepEqual([twice.status, own.status], ['bad_argument', 'bad_argument'])
  t.is(world.kernel.machine.containers.named('b')!.token, asToken(101))
})

test('[MG42] a circle of managers without a root page is refused, with one it is not', async (t) => {
  const world = await KernelWorld.open()
  await world.container('home of one')
  await world.container('home of two')
  const { machine } = world.kernel
  const { boot, managed } = world.manager!
  const homes = [100, 101].map((token) => machine.containers.at(managed.get(token)!.slot)!)
  const { program } = machine.managers.at(boot.port)!
  const [one, two] = homes.map((own, i) => ({
    port: asPort(boot.port + 1 + i),
    program,
    own,
    root: null as { offset: number; frame: never } | null,
    stable: null,
    state: 'running' as const,
    generation: asGeneration(1),
    failures: [],
    ended: null,
    recordedHash: null,
    why: '',
  }))
  machine.managers.add(one!)
  machine.managers.add(two!)
  machine.containers.setManager(homes[0]!, two!.port, asToken(1))
  const table = capabilityTables.ofActor(world.sim.region.plan.shape, boot.port)
  const selfOf = (port: number): Capref =>
    machine.capabilities.grant(table, 'own', {
      kind: 'manager',
      slot: port,
      generation: 1,
      rights: 255,
      group: 0,
    })!
  const set = (): string =>
    world.said(world.managerMessenger, managerDowncalls.setManager, {
      cont: managed.get(101)!.capability,
      manager: selfOf(one!.port),
      contId: asToken(2),
    }).status

  const circle = set()
  const kept = homes[1]!.manager
  two!.root = { offset: 0, frame: 0 as never }
  const rooted = set()

  t.deepEqual([circle, kept, rooted], ['bad_argument', boot.port, 'ok'])
})

test('[MG43] a root page is a whole page of the manager’s own container, and stays where it is', async (t) => {
  const world = await KernelWorld.open()
  await world.container('a')
  const { boot, managed } = world.manager!
  const map = (cont: Capref, addr: number): string =>
    world.said(world.managerMessenger, managerDowncalls.mapRootPage, {
      cont,
      addr: asOffset(addr),
    }).status

  t.is(map(boot.own.capability, 100), 'misaligned')
  t.is(map(boot.own.capability, 0), 'ok')
  t.is(map(boot.own.capability, 4096), 'bad_argument')
  t.is(map(managed.get(100)!.capability, 0), 'bad_argument')
})

test('[MG43] get_root_page answers where it is and of which interval it is stable, and nil when there is none', async (t) => {
  const world = await KernelWorld.open()
  await world.container('a')
  const { boot, managed } = world.manager!
  const get = (cont: Capref): unknown =>
    world.said(world.managerMessenger, managerDowncalls.getRootPage, { cont })

  const none = get(managed.get(100)!.capability)
  const own = get(boot.own.capability) as { addr: number; stable: number }

  t.deepEqual(none, { status: 'ok', addr: null, stable: null })
  t.is(own.addr, 0)
  t.true(own.stable > 0)
})

test('[MG44] the service level is said by the container’s manager, and only what can be kept is accepted', async (t) => {
  const { world, theirs } = await twoManagers()
  const mine = world.manager!.managed.get(100)!.capability
  const say = (level: (typeof serviceLevels)[number]): string =>
    world.said(world.managerMessenger, managerDowncalls.qualityOfService, {
      cont: mine,
      serviceLevel: level,
    }).status
  const stranger = world.said(
    world.managers.get(other)!.messenger,
    managerDowncalls.qualityOfService,
    {
      cont: theirs,
      serviceLevel: 'snapshotting',
    },
  )

  const own = world.said(world.managerMessenger, managerDowncalls.qualityOfService, {
    cont: world.manager!.boot.own.capability,
    serviceLevel: 'logging',
  })

  t.deepEqual(serviceLevels.map(say), ['ok', 'ok', 'ok', 'ok'])
  t.is(own.status, 'not_supported')
  t.is(stranger.status, 'right_missing')
  t.is(world.kernel.machine.containers.named('a')!.serviceLevel, 'deterministic')
})

test('[MG46] who waits for a recoverable cut has managers asked to make it stable', async (t) => {
  const world = await KernelWorld.open({ behaviour: { stabilise: false } })
  await world.container('a')
  world.manager!.stabilisesWhenAsked = true
  world.write()
  const volatile = await world.call('world_snapshot', { durable: false })
  world.run(500)
  const asked = (): string[] =>
    world.manager!.calls.filter((each) => each.startsWith('container_stabilise_request'))
  const before = asked()
  world.write()

  const durable = await world.call('world_snapshot', { durable: true })

  const { label } = world.kernel.machine.containers.named('a')!.intervals
  t.deepEqual(before, [])
  t.deepEqual(asked(), [`container_stabilise_request 100 ${label}`])
  t.is(volatile.status, 'ok')
  // The first of the two was never reported: it takes both to be stable, and nobody asked for that one.
  t.is(durable.status, 'manager_failed')
})

test('[MG47] state_interval_query decides at recovery: what no manager has stable is not gone back to', async (t) => {
  const world = await KernelWorld.open()
  await world.container('a')
  world.write()
  await world.call('world_snapshot', { durable: true })
  const line = world.kernel.machine.captures.line
  world.behaviour.stabilise = false
  world.write()
  await world.call('world_snapshot', { durable: false })
  world.run(200)
  const { label } = world.kernel.machine.containers.named('a')!.intervals

  const next = await KernelWorld.open({ earlier: world })

  t.is(next.kernel.machine.captures.line, line)
  t.true(next.manager!.calls.includes(`state_interval_query 100 ${label}`))
})

test('[MG48] snapshots are reported and discarded by the container’s own manager only', async (t) => {
  const { world, cont, theirs } = await twoManagers()
  world.write()
  const { stateInterval } = await world.call('snapshot_request', { cont })
  const args = { cont: theirs, stateInterval: asInterval(stateInterval as number) }
  const { messenger } = world.managers.get(other)!
  const stable = { ...args, replayFrom: 0 as never }

  t.is(world.said(messenger, managerDowncalls.stateIntervalStable, stable).status, 'right_missing')
  t.is(world.said(messenger, managerDowncalls.snapshotDiscard, args).status, 'right_missing')
})
