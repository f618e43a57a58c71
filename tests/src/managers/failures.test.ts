import test from 'ava'
import { SimWorld } from './support/sim-world.js'

const shape = { frames: 16 + 8 + 1, pages: 64, containers: 1, loci: 1 }
const pages = (count: number): number[] => Array.from({ length: count }, (_, page) => page)

/** A world whose page 30 holds 0x5eed001e on the disk only. */
function evicted(seed: number): SimWorld {
  const world = new SimWorld(seed, shape)
  world.begin()
  for (const page of pages(64)) world.write(0, page, 0x5eed0000 + page)
  world.runUntilIdle(500)
  for (const page of pages(64).slice(20)) world.read(0, page)
  return world
}

test('[MG16] a read that the disk refuses is io_error to whoever touched the page, and to nobody else', (t) => {
  const world = evicted(1)

  world.readsFail = true
  const refused = world.read(0, 30)
  world.readsFail = false
  const given = world.read(0, 30)

  t.is(refused.status, 'io_error')
  t.deepEqual(given, { status: 'ok', value: 0x5eed001e })
})

test('[MG16] a damaged block is checksum_mismatch, never content', (t) => {
  const world = evicted(2)
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(0x5eed001e)
  const image = Buffer.from(world.file.image.buffer)
  for (let at = image.indexOf(mark); at !== -1; at = image.indexOf(mark, at + 1))
    image[at + 100]! ^= 1

  const read = world.read(0, 30)

  t.is(read.status, 'checksum_mismatch')
})

test('[MG16] a snapshot that cannot be written is reported and never acknowledged', (t) => {
  const world = new SimWorld(3, { ...shape, frames: 70 + 8 + 1, segments: 8, segmentBlocks: 8 })
  world.begin()
  for (const page of pages(10)) world.write(0, page, page)
  const first = world.capture()
  world.runUntilIdle(1000)
  for (const page of pages(64)) world.write(0, page, page)

  const second = world.capture()
  world.runUntilIdle(20_000)

  t.is(world.kernel.line, first!)
  t.not(second, null)
  t.true(world.reports.some((each) => each.includes('cannot be written')))
  t.deepEqual(world.differences(), [])
})

test('[MG18] a snapshot that could not be written goes into the next one, and the kernel is told', (t) => {
  const world = new SimWorld(4, { ...shape, frames: 70 + 8 + 1 })
  world.begin()
  for (const page of pages(30)) world.write(0, page, 100 + page)
  world.writesFail = true
  world.capture()
  world.runUntilIdle(1000)
  world.writesFail = false
  for (const page of pages(10)) world.write(0, page, 200 + page)

  const second = world.capture()
  world.sim.runUntil(() => world.kernel.line === second, 10_000)
  const again = new SimWorld(5, world.shape, Uint8Array.from(world.file.image), world.captured)

  t.is(again.reopen(), second!)
  t.deepEqual(again.differences(), [])
  t.is(world.kernel.discarded, 1)
})
