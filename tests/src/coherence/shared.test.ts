/** CH and MG: a container used on several machines, with the real manager, real proxies and real links, in the simulator. */
import test from 'ava'
import { asMachine } from '@katydid/abi'
import { Random } from '@katydid/actor'
import { SimWorld } from '../managers/support/sim-world.js'
import { SharedWorld, type SharedShape } from './shared-world.js'

const shape: SharedShape = { machines: 3, pages: 24, frames: 40, guestFrames: 10 }

function joined(seed: number, more: Partial<SharedShape> = {}): SharedWorld {
  const world = new SharedWorld(seed, { ...shape, ...more })
  for (let machine = 2; machine <= (more.machines ?? shape.machines); machine++) {
    world.invoked(machine)
    const why = world.join(machine)
    if (why !== 'ok') throw new Error(`machine ${machine} did not join: ${why}`)
  }
  return world
}

test('[CH20] loci of several machines read what was last written on any of them, with few frames and pages recalled all the time', (t) => {
  for (let seed = 1; seed <= 3; seed++) {
    const world = joined(seed)
    const random = new Random(seed)
    for (const machine of world.all)
      for (let i = 0; i < 2; i++) machine.locus(random.fork(), 120, shape.pages)

    t.true(world.finish(), `seed ${seed}`)
    t.deepEqual(world.home.differences(), [])
    for (const guest of world.guests) t.true(guest.counters.get('faults') > 20)
  }
})

test('[CH5] what guests have written before a capture is in it, and nothing of what they write afterwards', (t) => {
  const world = joined(11, { machines: 2 })
  const random = new Random(11)
  let captures = 0
  for (let round = 0; round < 4; round++) {
    for (const machine of world.all) machine.locus(random.fork(), 60, shape.pages)
    world.run(20)
    const taken = world.capture()
    if (taken !== null) captures++
    t.true(world.finish())
  }
  world.run(2000)
  const line = world.home.kernel.line
  t.true(captures === 4 && line > 0)

  // The process is killed: another life begins from the disk, with no guest.
  const { file, captured } = world.home
  const later = new SimWorld(
    12,
    { frames: 40, pages: 24, containers: 1, loci: 2 },
    file.image,
    captured,
  )
  const back = later.reopen()

  t.true(back >= line)
  t.deepEqual(later.differences(), [])
})

test('[CH6] when a guest that could have written is lost its pages are refused until the container has gone back; what was read there is not missed', (t) => {
  const world = joined(21, { machines: 3 })
  const [reader, writer] = world.guests
  t.is(world.home.write(0, 1, 100), 'ok')
  t.is(reader!.read(0, 1).value, 100)
  t.is(world.lost(2), 0)
  t.is(world.home.write(0, 1, 101), 'ok')
  world.capture()
  world.run(1000)
  t.is(writer!.write(0, 2, 200), 'ok')

  const pages = world.lost(3)

  t.is(pages, 1)
  t.is(world.home.read(0, 2).status, 'frozen')
  t.is(world.home.read(0, 1).value, 101)
  world.endGuest(2)
  world.endGuest(3)
  world.home.rollBack()
  t.is(world.home.read(0, 2).value, 0)
  t.is(world.home.read(0, 1).value, 101)
})

test('[CH7] with the wire cut whoever needs a page of the other side is refused as unreachable within its deadline, and goes on when it is healed', (t) => {
  const world = joined(31, { machines: 2 })
  const guest = world.guests[0]!
  t.is(guest.write(0, 3, 300), 'ok')
  t.is(guest.read(0, 4).value, 0)
  world.wires.wires.partition([[asMachine(1)], [asMachine(2)]])
  const now = (): number => world.network.clock.nowMs()

  const began = now()
  t.is(world.home.read(0, 3).status, 'unreachable')
  t.true(now() - began <= 6_000)
  const begun = now()
  t.is(guest.write(0, 4, 400), 'unreachable')
  t.true(now() - begun <= 8_000)
  // What it holds it may go on using: nobody else has it.
  t.is(guest.write(0, 3, 301), 'ok')

  world.wires.wires.healAll()
  world.run(5_000)
  t.is(world.home.read(0, 3).value, 301)
  t.is(guest.write(0, 4, 401), 'ok')
  t.is(world.home.read(0, 4).value, 401)
})

test('[MG171] a machine becomes a guest only when the manager has said local support for it', (t) => {
  const world = new SharedWorld(41, { ...shape, machines: 3 })

  t.is(world.join(2), 'not_supported')
  t.is(world.invoked(2), 'local_support')
  t.is(world.join(2), 'ok')
  t.is(world.join(3), 'not_supported')
  t.is(world.guests[0]!.write(0, 0, 1), 'ok')
})

test('[MG172] a container that has no guest is served without asking any other machine, also when none can be reached', (t) => {
  const world = new SharedWorld(51, { ...shape, machines: 2 })
  t.is(world.invoked(2), 'local_support')
  world.wires.wires.partition([[asMachine(1)], [asMachine(2)]])
  const random = new Random(51)
  world.home.locus(random.fork(), 100, shape.pages)

  t.true(world.finish())
  t.is(world.guests[0]!.counters.get('faults'), 0)
  t.deepEqual(world.home.differences(), [])
})

test('[MG173] the kernel has frames back from a proxy: pages that were read are dropped, written ones go home', (t) => {
  const world = joined(61, { machines: 2, guestFrames: 24 })
  const guest = world.guests[0]!
  for (let page = 0; page < 16; page++) t.is(guest.write(0, page, page + 1), 'ok')
  const before = guest.kernel.freeFrames

  guest.kernel.askBack(8)
  world.run(3_000)

  t.true(guest.kernel.freeFrames >= before + 8)
  for (let page = 0; page < 16; page++) t.is(world.home.read(0, page).value, page + 1)
})
