/** LO: loci suspended, resumed and destroyed by others, on the real kernel in the simulator. */
import {
  locusCalls,
  locusOfPort,
  rights,
  semaphoreCalls,
  waitStates,
  type Capref,
} from '@katydid/abi'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const block = new Uint8Array(0)

test('[LO70] a suspended locus is told by a word, once and until it is resumed', async (t) => {
  const world = await KernelWorld.open()
  const { port, cap } = await world.locusWithCap(await world.container('a'))

  const running = await world.call('locus_suspend', { locus: cap })
  world.setState(port, 'resting')
  const resting = await world.call('locus_suspend', { locus: cap })
  const word = world.word(port, 'suspended')
  const { loci } = await world.call('world_status', {})
  await world.call('locus_resume', { locus: cap })
  const again = await world.call('locus_resume', { locus: cap })

  t.deepEqual([running['atRest'], resting['atRest'], word], [false, true, 1])
  t.deepEqual(
    (loci as { state: string }[]).map(({ state }) => state),
    ['suspended'],
  )
  t.is(again.status, 'ok')
  t.is(world.word(port, 'suspended'), 0)
})

test('[LO70] seen at rest it stays so, though it shows as running for a moment on its way to the gate', async (t) => {
  const world = await KernelWorld.open()
  const { port, cap } = await world.locusWithCap(await world.container('a'), 'it')
  world.setState(port, 'resting')
  const first = await world.call('locus_suspend', { locus: cap })
  world.setState(port, 'running')

  const again = await world.call('locus_suspend', { locus: cap })
  const destroyed = await world.call('locus_destroy', { locus: cap })
  world.run(300)

  t.deepEqual([first['atRest'], again['atRest'], destroyed.status], [true, true, 'ok'])
  t.deepEqual(world.of('rollback'), [])
})

test('[LO71] the world is captured while a locus is suspended, and it is suspended after a restart', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const { port, cap } = await world.locusWithCap(cont, 'held')
  const other = await world.locusWithCap(cont, 'free')
  await world.call('locus_suspend', { locus: cap })
  world.setState(port, 'resting')
  world.setState(other.port, 'resting')
  t.is((await world.call('world_snapshot', { durable: true })).status, 'ok')

  const next = await KernelWorld.open({ earlier: world })
  const before = [port, other.port].map((each) => next.word(each, 'suspended'))
  const found = await next.call('locus_find', { name: 'held' })
  await next.call('locus_resume', { locus: found['cap'] })

  t.deepEqual(before, [1, 0])
  t.is(next.word(port, 'suspended'), 0)
})

test('[LO72] a locus destroyed at rest is gone at once, and the world does not go back', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const { port, cap } = await world.locusWithCap(cont, 'it')
  const { region } = world.sim
  const wait = region.locusWord(locusOfPort(port), 'waitState')
  region.words.store(wait, (1 << 2) | waitStates.waiting)
  world.setState(port, 'resting')

  const destroyed = await world.call('locus_destroy', { locus: cap })
  const woken = region.words.load(wait)
  const found = await world.call('locus_find', { name: 'it' })
  world.run(300)
  const again = await world.call('locus_create', { cont, block, name: 'it' })

  t.is(destroyed.status, 'ok')
  t.is(woken, waitStates.idle)
  t.is(found.status, 'no_such_locus')
  t.is((await world.call('locus_resume', { locus: cap })).status, 'entity_gone')
  t.is(again.status, 'ok')
  t.deepEqual(
    world.of('locus_ended').map(({ name, status }) => [name, status]),
    [['it', 'entity_gone']],
  )
  t.deepEqual(world.of('rollback'), [])
})

test('[LO72] what a destroyed locus took from a semaphore, or waited for, is as if it had not come', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const sem = (await world.call('semaphore_create', { initial: 1 }))['sem'] as Capref
  const given = (await world.call('cap_copy', { cap: sem, to: cont, rights: 255 }))['cap']
  const loci = [await world.locusWithCap(cont), await world.locusWithCap(cont)]
  for (const { port } of loci) {
    const word = world.sim.region.locusWord(locusOfPort(port), 'semaphoreWait')
    world.sim.region.words.store(word, 1)
    world.setState(port, 'resting')
    const args = { sem: given as Capref, timeoutMs: Infinity }
    world.ask(world.loci.get(port)!, semaphoreCalls.semaphoreP, args)
    world.run(20)
  }
  const { semaphores } = world.kernel.machine
  const state = (): number[] => semaphores.all().flatMap((s) => [s.count, s.waiters.length])
  const before = state()

  await world.call('locus_destroy', { locus: loci[1]!.cap })
  const waiterGone = state()
  await world.call('locus_destroy', { locus: loci[0]!.cap })

  t.deepEqual(
    [before, waiterGone, state()],
    [
      [0, 1],
      [0, 0],
      [1, 0],
    ],
  )
})

test('[LO72] a locus that has ended can be destroyed: it is forgotten', async (t) => {
  const world = await KernelWorld.open()
  const { port, cap } = await world.locusWithCap(await world.container('a'), 'it')
  await world.endLocus(port)

  t.is((await world.call('locus_destroy', { locus: cap })).status, 'ok')
  t.is((await world.call('locus_find', { name: 'it' })).status, 'no_such_locus')
  t.is((await world.call('locus_destroy', { locus: cap })).status, 'entity_gone')
})

test('[LO73] a locus destroyed while it runs takes the world to its line, and is not in it', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const { port, cap } = await world.locusWithCap(cont, 'gone')
  const other = await world.locusWithCap(cont, 'stays')
  for (const each of [port, other.port]) world.setState(each, 'resting')
  await world.call('world_snapshot', { durable: true })
  for (const each of [port, other.port]) world.setState(each, 'running')

  const destroyed = await world.call('locus_destroy', { locus: cap })
  // A capture at this moment would hold what the locus left half done.
  const captured = world.kernel.call('world_snapshot', { durable: false })
  world.run(500)

  t.is(destroyed.status, 'ok')
  t.is((await world.settle(captured)).status, 'frozen')
  t.is(world.of('rollback').length, 1)
  t.is((await world.call('locus_find', { name: 'gone' })).status, 'no_such_locus')
  t.is((await world.call('locus_find', { name: 'stays' })).status, 'ok')
  t.deepEqual([...world.loci.keys()], [other.port])
  t.is(world.kernel.machine.phase, 'open')
})

test('[LO73] until a capture without it is recoverable a restart brings it back', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const { port, cap } = await world.locusWithCap(cont, 'it')
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  await world.call('locus_destroy', { locus: cap })
  const before = await KernelWorld.open({ earlier: world })
  world.run(200)
  await world.call('world_snapshot', { durable: true })
  const after = await KernelWorld.open({ earlier: world })

  t.is((await before.call('locus_find', { name: 'it' })).status, 'ok')
  t.is((await after.call('locus_find', { name: 'it' })).status, 'no_such_locus')
})

test('[LO74] a program makes loci in containers it may invoke, and holds capabilities for them', async (t) => {
  const world = await KernelWorld.open()
  const inner = await world.container('inner')
  const outer = await world.container('outer')
  const give = async (granted: number): Promise<Capref> =>
    (await world.call('cap_copy', { cap: inner, to: outer, rights: granted }))['cap'] as Capref
  const mayInvoke = await give(rights.invoke)
  const mayRead = await give(rights.read)
  const boss = world.loci.get(await world.locus(outer, 'boss'))!

  const made = world.said(boss, locusCalls.locusCreate, { cont: mayInvoke, block, name: 'child' })
  const refused = world.said(boss, locusCalls.locusCreate, { cont: mayRead, block, name: '' })
  world.run(20)
  const cap = made.status === 'ok' ? made.cap : (0 as Capref)
  const suspended = world.said(boss, locusCalls.locusSuspend, { locus: cap })

  t.is(refused.status, 'right_missing')
  t.is(suspended.status, 'ok')
  t.is((await world.call('locus_find', { name: 'child' })).status, 'ok')
  t.not((await world.call('locus_resume', { locus: cap })).status, 'ok')
})

test('[LO74] each of the calls on a locus demands its own right', async (t) => {
  const world = await KernelWorld.open()
  const { cap } = await world.locusWithCap(await world.container('a'))
  const without = async (right: number): Promise<unknown> =>
    (await world.call('cap_derive', { cap, rights: 255 & ~right }))['cap']

  for (const [name, right] of [
    ['locus_destroy', rights.destroy],
    ['locus_suspend', rights.suspend],
    ['locus_resume', rights.suspend],
  ] as const)
    t.is((await world.call(name, { locus: await without(right) })).status, 'right_missing', name)
})

test('[LO74] a locus that cannot be made leaves nothing: no capability, no name', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  for (let i = 0; i < 3; i++) await world.locus(cont)
  const before = JSON.stringify(await world.call('cap_list', { table: 'own' }))

  t.is((await world.call('locus_create', { cont, block, name: 'x' })).status, 'no_resource')

  t.is(JSON.stringify(await world.call('cap_list', { table: 'own' })), before)
  t.is((await world.call('locus_find', { name: 'x' })).status, 'no_such_locus')
})
