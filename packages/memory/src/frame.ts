/** Frames: to whom each belongs, where it is shown, and what keeps it from being used anew. */
import { asFrame, type ContainerSlot, type Frame, type PageSetId } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

/** Whether `frame` is a frame of this machine. */
export function isFrame(region: Region, frame: Frame): boolean {
  const first = region.plan.firstFrame / region.plan.shape.pageBytes
  return Number.isInteger(frame) && frame >= first && frame < first + region.plan.shape.frames
}

/** Every frame of the machine. */
export function* frames(region: Region): Generator<Frame> {
  const first = region.plan.firstFrame / region.plan.shape.pageBytes
  for (let i = 0; i < region.plan.shape.frames; i++) yield asFrame(first + i)
}

/** Whether the frame is one of the page set's (0: the kernel's own). */
export function belongsTo(region: Region, frame: Frame, pageSet: PageSetId): boolean {
  return isFrame(region, frame) && region.words.load(region.frameWord(frame, 'owner')) === pageSet
}

/**
 * Whether the frame may be shown by the entry at byte address `entry` of the container: it is shown nowhere else, and no raw
 * view of it was given to another container's loci.
 */
export function mayShow(
  region: Region,
  frame: Frame,
  container: ContainerSlot,
  entry: number,
): boolean {
  requireFrame(region, frame)
  const shownBy = region.words.load(region.frameWord(frame, 'entry'))
  const shownFor = region.words.load(region.frameWord(frame, 'shown'))
  return (shownBy === 0 || shownBy === entry) && (shownFor === 0 || shownFor === container + 1)
}

/** Whether nothing shows the frame and no transfer uses it, so that it can change hands. */
export function isIdle(region: Region, frame: Frame): boolean {
  requireFrame(region, frame)
  const { words } = region
  return (
    words.load(region.frameWord(frame, 'entry')) === 0 &&
    words.load(region.frameWord(frame, 'transfer')) === 0
  )
}

/** Any other number would be the record of something else. */
function requireFrame(region: Region, frame: Frame): void {
  invariant(isFrame(region, frame), 'ME6: a frame is one of its machine', { frame })
}

/** A transfer of the frame begins: it stands still until `endTransfer`. */
export function beginTransfer(region: Region, frame: Frame): void {
  const before = region.words.add(region.frameWord(frame, 'transfer'), 1)
  invariant(before >= 0, 'ME6: transfers of a frame are counted', { frame, before })
}

/** The transfer is complete, by whoever completes it: its claimant may have died meanwhile. Answers how many are left. */
export function endTransfer(region: Region, frame: Frame): number {
  const before = region.words.add(region.frameWord(frame, 'transfer'), -1)
  invariant(before > 0, 'ME6: a transfer ends once', { frame, before })
  return before - 1
}
