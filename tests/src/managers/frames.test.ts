import test from 'ava'
import { asFrame, asToken, defaultShape } from '@katydid/abi'
import { InvariantViolation, Region } from '@katydid/actor'
import { FrameTable, frameStates } from '@katydid/managers/paging/frame-table.js'
import { FifoPolicy } from '@katydid/managers/policies/fifo.js'
import { ManagedContainer } from '@katydid/managers/self-managing/managed-container.js'

function table(): { frames: FrameTable; region: Region } {
  const region = Region.create({ ...defaultShape, frames: 4 })
  return { frames: new FrameTable(region, new FifoPolicy()), region }
}

test('[MG2] a frame holds one page at a time, and none while a disk may be reading it', (t) => {
  const { frames, region } = table()
  const frame = asFrame(frames.first)
  const container = new ManagedContainer(asToken(2))
  frames.own(frame, true)
  frames.hold(frame, container, 9)

  t.throws(() => frames.hold(frame, container, 10), { instanceOf: InvariantViolation })
  t.throws(() => frames.own(frame, false), { instanceOf: InvariantViolation })
  region.words.store(region.frameWord(frame, 'transfer'), 1)
  t.throws(() => frames.free(frame), { instanceOf: InvariantViolation })
  region.words.store(region.frameWord(frame, 'transfer'), 0)
  frames.free(frame)

  t.is(frames.state(frame), frameStates.free)
})

test('[MG2] a frame comes to the page set once', (t) => {
  const { frames } = table()
  const frame = asFrame(frames.first + 1)

  frames.own(frame, true)

  t.throws(() => frames.own(frame, true), { instanceOf: InvariantViolation })
})
