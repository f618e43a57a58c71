/** MG: frames that the kernel takes by force from the real manager, in the simulator. */
import { entryBits, frameNotices, type Frame } from '@katydid/abi'
import { frames } from '@katydid/memory'
import test from 'ava'
import { SimWorld } from './support/sim-world.js'
import { managerPort } from './support/stand-in-kernel.js'

const shape = { frames: 16 + 8 + 1, pages: 64, containers: 1, loci: 1 }

/** All access to every page of user containers is taken, as the kernel does it: the frame's address stays. */
function closeOff(world: SimWorld): Frame[] {
  const { region } = world.sim
  const closed: Frame[] = []
  for (const frame of frames(region)) {
    const address = region.words.load(region.frameWord(frame, 'entry'))
    const entry = address === 0 ? 0 : region.words.load(address >> 2)
    if (address === 0 || (entry & entryBits.write) !== 0) continue
    region.words.store(address >> 2, entry & entryBits.frameMask)
    closed.push(frame)
  }
  return closed
}

for (const moment of ['at rest', 'while a snapshot is unwritten'] as const)
  test(`[MG64] what the kernel takes by force the manager never touches again, and no content is lost: ${moment}`, (t) => {
    const world = new SimWorld(7, shape)
    world.begin()
    for (let page = 0; page < 64; page++) world.write(0, page, 1000 + page)
    world.runUntilIdle(500)
    for (let page = 0; page < 12; page++) world.read(0, page)
    for (let page = 12; page < 15; page++) world.write(0, page, 2000 + page)
    if (moment !== 'at rest') world.capture()
    const { region } = world.sim
    const owner = (frame: Frame): number => region.words.load(region.frameWord(frame, 'owner'))
    closeOff(world)
    const given: Frame[] = []
    for (const set of new Set([...frames(region)].map(owner))) {
      if (set === 0) continue
      const mine = [...frames(region)].filter((frame) => owner(frame) === set)
      const args = { pageset: set as never, frames: mine }
      world.kernel.messenger.call(managerPort, frameNotices.framesTaken, args, (reply) => {
        if (reply.status === 'ok') given.push(...reply.frames)
      })
    }
    world.runUntilIdle(100)
    t.true(given.length > 0)
    for (const frame of given) {
      t.is(region.words.load(region.frameWord(frame, 'entry')), 0)
      region.words.store(region.frameWord(frame, 'owner'), 99)
      region.frameBytes(frame).fill(0xee)
    }

    t.deepEqual(world.differences(), [])
    for (let page = 0; page < 64; page++) world.write(0, page, 3000 + page)
    t.deepEqual(world.differences(), [])
    t.true(given.every((frame) => region.frameBytes(frame).every((byte) => byte === 0xee)))
    t.deepEqual(world.kernel.complaints, [])
  })
