/** Frames of one machine, as a driver writes from them. */
import type { Frame } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { endTransfer, isFrame } from '@katydid/memory'
import type { Frames } from './request.js'

export function regionFrames(region: Region): Frames {
  invariant(region.plan.shape.frames > 0, 'DK13: a machine has frames')
  const isUnderWay = (frame: Frame): boolean =>
    isFrame(region, frame) && region.words.load(region.frameWord(frame, 'transfer')) > 0
  return {
    bytes: (frame) => (isUnderWay(frame) ? region.frameBytes(frame) : null),
    // A sender that never began the transfer was refused: there is nothing to end.
    ended: (frame) => {
      if (isUnderWay(frame)) endTransfer(region, frame)
    },
  }
}
