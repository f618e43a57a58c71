/** CH and MG: a container used on several machines, with the real manager, real proxies and real links, in the simulator. */
import test from 'ava'
import { Random } from '@katydid/actor'
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
  for (let seed = 1; seed <= 6; seed++) {
    const world = joined(seed)
    const random = new Random(seed)
    for (const machine of world.all)
      for (let i = 0; i < 2; i++) machine.locus(random.fork(), 120, shape.pages)

    t.true(world.finish(), `seed ${seed}`)
    t.deepEqual(world.home.differences(), [])
    for (const guest of world.guests) t.true(guest.counters.get('faults') > 20)
  }
})
