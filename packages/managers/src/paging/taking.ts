/**
 * Frames that the kernel takes by force: it has taken all access to them already, and every locus has acknowledged that.
 *
 * Given up is what holds only what the disk has: a live page, clean, of no unwritten version, and not shown again since. It
 * is forgotten before the answer, so that nobody here writes to a frame that is somebody else's.
 */
import { entryBits, frameNotices, refuse, type Frame } from '@katydid/abi'
import { invariant, type Messenger, type Region } from '@katydid/actor'
import { entryIndex } from '@katydid/memory'
import { frameStates, type FrameTable } from './frame-table.js'
import type { Reserve } from './reserve.js'

interface Parts {
  readonly region: Region
  readonly frames: FrameTable
  readonly reserve: Reserve
}

/** Serves frames_taken from now on. */
export function serveTaking(messenger: Messenger, parts: Parts): void {
  messenger.serve(frameNotices, {
    framesTaken: ({ pageset, frames }) => {
      if (pageset !== parts.reserve.pageSet)
        return refuse('no_such_page_set', `page set ${pageset} keeps its frames`)
      const given = frames.filter((frame) => isOnlyCopyOfDisk(parts, frame))
      for (const frame of given) forget(parts, frame)
      return { status: 'ok', frames: given }
    },
  })
}

const offsetOf = ({ region, frames }: Parts, frame: Frame): number =>
  frames.page(frame) * region.plan.shape.pageBytes

function isOnlyCopyOfDisk(parts: Parts, frame: Frame): boolean {
  const { region, frames } = parts
  if (frames.state(frame) !== frameStates.shown || frames.isBusy(frame)) return false
  const container = frames.container(frame)
  invariant(container !== null, 'MG2: a shown frame holds a page', { frame })
  const page = frames.page(frame)
  if (container.lcd === null || container.open.dirty.has(page)) return false
  if (container.sharedBy(page) !== undefined) return false
  const index = entryIndex(region, container.lcd.container, offsetOf(parts, frame))
  return index >= 0 && (region.words.load(index) & entryBits.read) === 0
}

function forget(parts: Parts, frame: Frame): void {
  const { frames, reserve } = parts
  const container = frames.container(frame)!
  const page = frames.page(frame)
  invariant(container.resident.get(page) === frame, 'MG2: a page has one live frame', {
    page,
    frame,
  })
  container.lcd!.remove([offsetOf(parts, frame)])
  container.resident.delete(page)
  frames.free(frame)
  reserve.lost(frame)
}
