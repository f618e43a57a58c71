/** LO: the kernel's part in the lives of loci: slots, the gate, stalls, losses. In the simulator. */
import { locusStates, trapStates } from '@katydid/abi'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

test('[LO60] a locus beyond the machine’s slots is no_resource, and a slot is free when its thread was seen to end', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const ports = [await world.locus(cont), await world.locus(cont), await world.locus(cont)]
  const block = new Uint8Array(0)

  t.is((await world.call('locus_create', { cont, block, name: '' })).status, 'no_resource')
  await world.endLocus(ports[1]!)
  t.is((await world.call('locus_create', { cont, block, name: '' })).status, 'ok')
  t.is(new Set(ports).size, 3)
})

test('[LO60] names are for one live locus, and blocks have a limit', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const port = await world.locus(cont, 'it')

  const taken = await world.call('locus_create', { cont, block: new Uint8Array(0), name: 'it' })
  const long = await world.call('locus_create', { cont, block: new Uint8Array(32769), name: '' })
  await world.endLocus(port)
  const again = await world.call('locus_create', { cont, block: new Uint8Array(32768), name: 'it' })

  t.deepEqual([taken.status, long.status, again.status], ['bad_argument', 'too_large', 'ok'])
})

test('[LO61] locus_begin is held while the gate is shut', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const running = await world.locus(cont)
  const capture = world.kernel.call('world_snapshot', { durable: false })
  world.run(50)
  await world.call('locus_create', { cont, block: new Uint8Array(0), name: '' })
  world.run(50)
  const held = world.calls.length
  world.setState(running, 'resting')
  world.run(100)

  t.is((await world.settle(capture)).status, 'ok')
  t.is(held, 1)
  t.is(world.calls.length, 2)
})

test('[LO62] a locus others wait for is reported after a second of ticks and ended after ten', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const port = await world.locus(cont, 'slow')
  await world.call('world_snapshot', { durable: false })
  const { region } = world.sim
  const slot = world.kernel.machine.containers.named('a')!.slot
  region.words.or(region.containerWord(slot, 'attached'), 1)
  region.words.add(region.containerWord(slot, 'gen'), 1)

  world.run(20_000)
  const withoutTicks = world.of('stalled').length
  world.tick(9)
  const early = world.of('stalled').length
  world.tick(4)
  const late = world.of('stalled').map((each) => each.name)
  world.tick(90)

  t.deepEqual([withoutTicks, early], [0, 0])
  t.deepEqual(late, ['slow'])
  t.true(world.orders.some((each) => each.order === 'stop_locus'))
  t.is(world.of('locus_ended').at(-1)?.status, 'locus_stalled')
  t.not(world.word(port, 'state'), locusStates.running)
})

test('[LO62] a locus nobody waits for may compute as long as it likes', async (t) => {
  const world = await KernelWorld.open()
  await world.locus(await world.container('a'))

  world.tick(300)

  t.deepEqual(world.of('stalled'), [])
})

test('[LO63] a locus whose program failed takes the world back to its line and is not started again', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const failing = await world.locus(cont, 'failing')
  const other = await world.locus(cont, 'other')
  world.setState(failing, 'resting')
  world.setState(other, 'resting')
  await world.call('world_snapshot', { durable: true })

  await world.endLocus(failing, 'program_failed', 'it threw')
  world.run(500)

  t.is(world.of('rollback').length, 1)
  const ends = world.of('locus_ended')
  t.deepEqual(
    ends.map((each) => [each.name, each.status, each.detail]),
    [['failing', 'program_failed', 'it threw']],
  )
  t.deepEqual([...world.loci.keys()], [other])
  t.true(world.calls.at(-1)!.endsWith('ok true'))
})

test('[LO64] a locus whose thread is lost runs again from its registers at the line; again and again, it is locus_lost', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const port = await world.locus(cont, 'it')
  world.setRegister(port, 3, 12345n)
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })
  world.setRegister(port, 3, 999n)

  world.die(port, 'hwerr', 'out of memory')
  world.run(500)
  const again = world.register(port, 3)
  const resumed = world.calls.at(-1)
  for (let i = 0; i < 5; i++) {
    world.die(port, 'hwerr', 'out of memory')
    world.run(500)
  }

  t.is(again, 12345n)
  t.is(resumed, `locus_begin ${port} ok true`)
  t.is(world.of('locus_ended').at(-1)?.status, 'locus_lost')
  t.is(world.loci.size, 0)
  t.is(world.kernel.machine.phase, 'open')
})

test('[LO65] a trap nobody answers is ended as manager_failed after bounded ticks', async (t) => {
  const world = await KernelWorld.open()
  const port = await world.locus(await world.container('a'))
  const { region } = world.sim
  world.setState(port, 'quiet')
  region.words.store(region.locusWord(0 as never, 'trapState'), trapStates.posted)

  world.tick(70)
  const before = world.word(port, 'trapState')
  world.tick(20)

  t.is(before, trapStates.posted)
  t.is(world.word(port, 'trapState'), trapStates.answered)
})
