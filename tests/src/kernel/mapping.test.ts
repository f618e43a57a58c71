/** CO: mappings, on the real kernel in the simulator. What windows are bound to is compared with a plain model, page by page. */
import {
  maxActors,
  asLocus,
  containerCalls,
  hereCapref,
  hostPort,
  locusStates,
  rights,
  type Capref,
  type ContainerSlot,
  type LocusSlot,
} from '@katydid/abi'
import { windowOpen } from '@katydid/kernel/container/window.js'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const page = 4096
const pages = 16
const readWrite = rights.read | rights.write

interface Made {
  readonly cont: Capref
  readonly slot: ContainerSlot
}

/** Containers of 16 pages by these names, adopted. */
async function worldWith(...names: string[]): Promise<{ world: KernelWorld; made: Made[] }> {
  const world = await KernelWorld.open({ shape: { maxContainers: 12 } })
  const made: Made[] = []
  for (const name of names) {
    const cont = await world.container(name, pages * page)
    made.push({ cont, slot: world.kernel.machine.containers.named(name)!.slot })
  }
  return { world, made }
}

const map = (
  world: KernelWorld,
  to: Made,
  [at, length]: readonly [number, number],
  from: Made,
  sourceAt = 0,
  allowed: number = readWrite,
) =>
  world.call('container_map', {
    cont: to.cont,
    at: at * page,
    length: length * page,
    source: from.cont,
    sourceAt: sourceAt * page,
    rights: allowed,
  })

const open = (world: KernelWorld, on: Made, at: number, length: number) =>
  windowOpen(world.kernel.machine, hostPort, {
    cont: on.cont,
    base: at * page,
    length: length * page,
  })

/** A locus that reaches this container by a mapping: its words, as its thread would have them. */
function attach(world: KernelWorld, slot: LocusSlot, container: ContainerSlot): void {
  const { region } = world.sim
  region.words.store(region.locusWord(slot, 'state'), locusStates.running)
  region.words.or(region.containerWord(container, 'attached') + (slot >> 5), 1 << (slot & 31))
  acknowledge(world, slot, container)
}

function acknowledge(world: KernelWorld, slot: LocusSlot, container: ContainerSlot): void {
  const { region } = world.sim
  const gen = region.words.load(region.containerWord(container, 'gen'))
  region.words.store(region.containerWord(container, 'seen') + slot, gen)
}

test('[CO6] a window on a mapped region is one on the source’s own pages', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]

  t.is((await map(world, a, [4, 3], b, 9)).status, 'ok')
  const through = open(world, a, 5, 2)
  const direct = open(world, b, 10, 2)

  t.deepEqual(through, direct)
  t.is(through.status === 'ok' && through.slot, b.slot)
  t.is(through.status === 'ok' && through.origin, 10 * page)
  const beside = [open(world, a, 3, 1), open(world, a, 7, 1)]
  for (const each of beside) t.is(each.status === 'ok' && each.slot, a.slot)
})

test('[CO6] a mapping begins at a page, is a page or longer and lies in both containers', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]
  const asked = async (at: number, length: number, sourceAt: number) =>
    (
      await world.call('container_map', {
        cont: a.cont,
        at,
        length,
        source: b.cont,
        sourceAt,
        rights: 1,
      })
    ).status

  for (const odd of [1, page + 8, -1.5, Number.NaN, 2 ** 60 + 0.5]) {
    t.is(await asked(odd, page, 0), 'misaligned')
    t.is(await asked(0, odd, 0), 'misaligned')
    t.is(await asked(0, page, odd), 'misaligned')
  }
  t.is(await asked(0, 0, 0), 'bad_argument')
  t.is(await asked(0, -page, 0), 'bad_argument')
  t.is(await asked(-page, page, 0), 'out_of_window')
  t.is(await asked(0, page, -page), 'out_of_window')
  t.is(await asked(15 * page, 2 * page, 0), 'out_of_window')
  t.is(await asked(0, 2 * page, 15 * page), 'out_of_window')
  const listed = await world.call('container_mappings', { cont: a.cont })
  t.deepEqual(listed['mappings'], [])
})

test('[CO6] the capability to the source gives the right to read, and to write what is mapped for writing', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]
  const { machine } = world.kernel
  const port = await world.locus(a.cont)
  const slot = b.slot
  const { generation } = machine.containers.at(slot)!
  const table = machine.region.plan.shape.maxContainers + (port - maxActors)
  const give = (held: number): Capref =>
    machine.capabilities.grant(table, 'own', {
      kind: 'container',
      slot,
      generation,
      rights: held,
      group: 0,
    })!
  const asked: string[] = []
  const ask = (source: Capref, allowed: number): void => {
    world.loci
      .get(port)!
      .call(
        0 as never,
        containerCalls.containerMap,
        { cont: hereCapref, at: 0, length: page, source, sourceAt: 0, rights: allowed },
        (reply) => asked.push(reply.status),
      )
    world.run(50)
  }

  ask(give(rights.write), 1)
  ask(give(rights.read), readWrite)
  ask(give(rights.read | rights.copy), 0)
  ask(give(rights.read | rights.copy), rights.write)
  ask(give(rights.read | rights.copy), readWrite | rights.destroy)
  ask(give(rights.read), rights.read)

  t.deepEqual(asked, [
    'right_missing',
    'right_missing',
    'bad_argument',
    'bad_argument',
    'bad_argument',
    'ok',
  ])
  const bound = open(world, a, 0, 1)
  t.is(bound.status === 'ok' && bound.slot, b.slot)
  t.false(bound.status === 'ok' && bound.writable)
})

test('[CO6] the container a manager lives in takes no part in mappings', async (t) => {
  const { world, made } = await worldWith('a')
  const manager = world.manager!
  const own = manager.boot.own.capability
  const managed = [...manager.managed.values()].find((each) => each.slot === made[0]!.slot)!
  const asked: string[] = []
  const ask = (cont: Capref, source: Capref): void => {
    const args = { cont, at: 0, length: page, source, sourceAt: 0, rights: 1 }
    world.managerMessenger.call(0 as never, containerCalls.containerMap, args, (reply) =>
      asked.push(reply.status),
    )
    world.run(50)
  }

  ask(own, managed.capability)
  ask(managed.capability, own)

  t.deepEqual(asked, ['bad_argument', 'bad_argument'])
})

test('[CO7] what is mapped already is not mapped over; the same again is ok', async (t) => {
  const { world, made } = await worldWith('a', 'b', 'c')
  const [a, b, c] = made as [Made, Made, Made]
  await map(world, a, [4, 4], b)

  t.is((await map(world, a, [4, 4], b)).status, 'ok')
  t.is((await map(world, a, [4, 4], b, 1)).status, 'already_mapped')
  t.is((await map(world, a, [4, 4], b, 0, rights.read)).status, 'already_mapped')
  t.is((await map(world, a, [0, 5], c)).status, 'already_mapped')
  t.is((await map(world, a, [7, 1], c)).status, 'already_mapped')
  t.is((await map(world, a, [2, 2], c)).status, 'ok')
  t.is((await map(world, a, [8, 1], c)).status, 'ok')
  const { mappings } = await world.call('container_mappings', { cont: a.cont })
  t.deepEqual(mappings, [
    { at: 2 * page, length: 2 * page, source: 'c', sourceAt: 0, rights: 3, alive: true },
    { at: 4 * page, length: 4 * page, source: 'b', sourceAt: 0, rights: 3, alive: true },
    { at: 8 * page, length: page, source: 'c', sourceAt: 0, rights: 3, alive: true },
  ])
})

test('[CO7] a circle of any length is refused, and becomes possible when the chain is cut', async (t) => {
  const { world, made } = await worldWith('a', 'b', 'c', 'd', 'e', 'f')
  for (let i = 0; i + 1 < made.length; i++) await map(world, made[i]!, [i, 1], made[i + 1]!)

  t.is((await map(world, made[0]!, [8, 1], made[0]!, 9)).status, 'mapping_cycle')
  for (const each of made.slice(0, 5))
    t.is((await map(world, made[5]!, [10, 1], each)).status, 'mapping_cycle')
  const cut = { cont: made[2]!.cont, at: 2 * page, length: page }
  t.is((await world.call('container_unmap', cut)).status, 'ok')
  t.is((await map(world, made[5]!, [10, 1], made[2]!)).status, 'ok')
  t.is((await map(world, made[2]!, [2, 1], made[3]!)).status, 'mapping_cycle')
})

test('[CO8] a chain of six containers ends at the right offset, with the rights of its weakest link', async (t) => {
  const { world, made } = await worldWith('a', 'b', 'c', 'd', 'e', 'f')
  // Pages 2, 4, 6, 8, 10 and 12 of the six are one; each region ends a page nearer to it than the one before.
  for (let i = 0; i + 1 < made.length; i++)
    await map(world, made[i]!, [i, 8], made[i + 1]!, i + 2, i === 3 ? rights.read : readWrite)

  const bound = open(world, made[0]!, 2, 0)
  const direct = open(world, made[5]!, 12, 3)

  t.is(bound.status === 'ok' && bound.slot, made[5]!.slot)
  t.is(bound.status === 'ok' && bound.origin, 12 * page)
  t.is(bound.status === 'ok' && bound.length, 2 * page)
  t.is(bound.status === 'ok' && bound.table, direct.status === 'ok' ? direct.table : -1)
  t.false(bound.status === 'ok' && bound.writable)
  const before = open(world, made[4]!, 4, 0)
  t.true(before.status === 'ok' && before.writable)
})

test('[CO8] the manager of a container works on its own pages, whatever hides them', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]
  await map(world, a, [0, 16], b)

  const { machine } = world.kernel
  const cont = [...world.manager!.managed.values()].find((each) => each.slot === a.slot)!.capability
  const bound = windowOpen(machine, world.manager!.boot.port, { cont, base: 0, length: page })

  t.is(bound.status === 'ok' && bound.slot, a.slot)
  const through = open(world, a, 0, 1)
  t.is(through.status === 'ok' && through.slot, b.slot)
})

test('[CO9] after a restart what is mapped is what was mapped at the line', async (t) => {
  const { world, made } = await worldWith('a', 'b', 'c')
  const [a, b, c] = made as [Made, Made, Made]
  await map(world, a, [0, 4], b, 2)
  await map(world, b, [3, 1], c, 5, rights.read)
  await world.call('world_snapshot', { durable: true })
  await map(world, a, [8, 1], c)
  await world.call('container_unmap', { cont: b.cont, at: 3 * page, length: page })

  const next = await KernelWorld.open({ earlier: world, shape: { maxContainers: 12 } })

  const found = await next.call('container_find', { name: 'a' })
  const again = { cont: found['cont'] as Capref, slot: a.slot }
  const { mappings } = await next.call('container_mappings', { cont: again.cont })
  t.deepEqual(mappings, [
    { at: 0, length: 4 * page, source: 'b', sourceAt: 2 * page, rights: 3, alive: true },
  ])
  const bound = open(next, again, 1, 0)
  t.deepEqual(bound.status === 'ok' && [bound.slot, bound.origin, bound.length, bound.writable], [
    c.slot,
    5 * page,
    page,
    false,
  ])
})

test('[CO9] a rollback in the same process restores mappings and shuts windows that were opened since', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]
  await map(world, a, [0, 4], b)
  await world.call('world_snapshot', { durable: true })
  await world.call('container_unmap', { cont: a.cont, at: 0, length: 4 * page })
  const { region } = world.sim
  const word = region.containerWord(a.slot, 'mappings')
  const before = region.words.load(word)

  world.die(world.manager!.boot.port)
  world.run(2000)

  t.not(region.words.load(word), before)
  const found = await world.call('container_find', { name: 'a' })
  const bound = open(world, { cont: found['cont'] as Capref, slot: a.slot }, 0, 0)
  t.is(bound.status === 'ok' && bound.slot, b.slot)
})

test('[CO10] what is mapped of a destroyed container is entity_gone, never the pages hidden there', async (t) => {
  const { world, made } = await worldWith('a', 'b', 'c')
  const [a, b, c] = made as [Made, Made, Made]
  await map(world, a, [0, 2], b)
  await map(world, b, [0, 1], c)

  await world.call('container_destroy', { cont: c.cont })
  t.is(open(world, a, 0, 1).status, 'entity_gone')
  t.is(open(world, a, 1, 1).status, 'ok')
  await world.call('container_destroy', { cont: b.cont })
  await world.call('world_snapshot', { durable: true })
  world.run(200)
  // The slots are used anew; a successor in the slot is not what was mapped.
  await world.container('d', pages * page)
  await world.container('e', pages * page)

  t.is(open(world, a, 1, 1).status, 'entity_gone')
  const { mappings } = await world.call('container_mappings', { cont: a.cont })
  t.deepEqual(mappings, [
    { at: 0, length: 2 * page, source: '', sourceAt: 0, rights: 3, alive: false },
  ])
  t.is(
    (await world.call('container_unmap', { cont: a.cont, at: 0, length: 2 * page })).status,
    'ok',
  )
  const own = open(world, a, 1, 1)
  t.is(own.status === 'ok' && own.slot, a.slot)
})

test('[CO10] what was mapped by a right that was taken back is entity_gone, and windows on it ask anew', async (t) => {
  const { world, made } = await worldWith('a', 'b', 'c')
  const [a, b, c] = made as [Made, Made, Made]
  const own = { cap: b.cont, rights: rights.read | rights.copy }
  const first = await world.call('cap_derive', own)
  const second = await world.call('cap_derive', { ...own, cap: first['cap'] })
  await map(world, c, [0, 1], a, 2, rights.read)
  await map(world, a, [2, 1], { cont: second['cap'] as Capref, slot: b.slot }, 0, rights.read)
  await map(world, a, [3, 1], b, 0, rights.read)
  const { region } = world.sim
  const told = () => [
    region.words.load(region.containerWord(a.slot, 'mappings')),
    region.words.load(region.containerWord(c.slot, 'mappings')),
    region.words.load(region.containerWord(b.slot, 'gen')),
  ]
  const before = told()
  t.is(open(world, c, 0, 1).status, 'ok')

  t.is((await world.call('group_destroy', { group: first['group'] })).status, 'ok')

  t.deepEqual(
    told(),
    before.map((each) => each + 1),
  )
  t.is(open(world, a, 2, 1).status, 'entity_gone')
  t.is(open(world, c, 0, 1).status, 'entity_gone')
  t.is(open(world, a, 3, 1).status, 'ok')
  const { mappings } = await world.call('container_mappings', { cont: a.cont })
  t.deepEqual(
    (mappings as { alive: boolean }[]).map(({ alive }) => alive),
    [false, true],
  )
})

test('[CO11] container_unmap answers when every locus that could go through the mapping has taken note', async (t) => {
  const { world, made } = await worldWith('a', 'b', 'c')
  const [a, b, c] = made as [Made, Made, Made]
  await map(world, a, [0, 2], b)
  await map(world, b, [0, 1], c)
  const slot = asLocus(2)
  attach(world, slot, c.slot)
  const { region } = world.sim
  const word = region.containerWord(a.slot, 'mappings')
  const before = region.words.load(word)
  let answer = ''

  void world.kernel
    .call('container_unmap', { cont: a.cont, at: 0, length: 2 * page })
    .then(({ status }) => (answer = status))
  await world.settle(Promise.resolve())
  world.run(1000)
  await world.settle(Promise.resolve())
  const early = answer
  const told = region.words.load(word)
  acknowledge(world, slot, c.slot)
  world.run(100)
  await world.settle(Promise.resolve())

  t.is(early, '')
  t.not(told, before)
  t.is(answer, 'ok')
  t.is(
    (await world.call('container_unmap', { cont: a.cont, at: 0, length: 2 * page })).status,
    'not_mapped',
  )
})

test('[CO11] a locus that takes no note makes it timed_out, and the mapping has ended all the same', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]
  await map(world, a, [0, 2], b)
  attach(world, asLocus(2), b.slot)

  const answer = await world.call('container_unmap', { cont: a.cont, at: 0, length: 2 * page })

  t.is(answer.status, 'timed_out')
  const bound = open(world, a, 0, 1)
  t.is(bound.status === 'ok' && bound.slot, a.slot)
})

test('[CO11] only exactly what was mapped is unmapped', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]
  await map(world, a, [4, 4], b)

  for (const [at, length] of [
    [4, 3],
    [5, 3],
    [4, 5],
    [0, 16],
    [0, 1],
    [-1, 1],
  ] as const)
    t.is(
      (await world.call('container_unmap', { cont: a.cont, at: at * page, length: length * page }))
        .status,
      'not_mapped',
    )
  const bound = open(world, a, 4, 4)
  t.is(bound.status === 'ok' && bound.slot, b.slot)
})

test('[CO12] a container that loci reach only by mappings may be destroyed, and keeps its pages until they have taken note', async (t) => {
  const { world, made } = await worldWith('a', 'b')
  const [a, b] = made as [Made, Made]
  await map(world, a, [0, 2], b)
  await world.call('world_snapshot', { durable: true })
  const slot = asLocus(2)
  attach(world, slot, b.slot)

  t.is((await world.call('container_destroy', { cont: b.cont })).status, 'ok')
  await world.call('world_snapshot', { durable: true })
  world.run(200)
  const early = world.manager!.calls.filter((each) => each.startsWith('container_destroyed'))
  acknowledge(world, slot, b.slot)
  await world.container('d')
  await world.call('world_snapshot', { durable: true })
  world.run(200)

  t.deepEqual(early, [])
  t.is(world.manager!.calls.filter((each) => each.startsWith('container_destroyed')).length, 1)
})
