/**
 * Every byte of a small store, one after the other, with a bit turned round; and the disk opened each time. It refuses, or reports what
 * was lost, or the byte was of no weight: then the log is found as it was, each page of it whole. Below managers and kernels, so that
 * hundreds of thousands can be looked at.
 */
import { DiskOpenError, MemoryFile, openDisk, type OpenedDisk } from '@katydid/devices'
import { checksum } from '@katydid/memory'
import type { Progress } from './crash-cuts.js'
import type { Store } from './damage.js'

export interface EveryByteResult {
  readonly bytes: number
  readonly refused: number
  readonly reported: number
  readonly harmless: number
  readonly wrong: readonly string[]
}

const blockBytes = 4096

/** Flips a bit of each byte, or of one in `stride`, drawn by `first`. */
export function flipEveryByte(
  store: Store,
  options: {
    readonly stride: number
    readonly first?: number
    readonly onProgress?: Progress
  },
): EveryByteResult {
  const { image } = store.remains
  const sound = contentOf(image, openDisk(new MemoryFile(blockBytes, image.slice()), null))
  const count = { bytes: 0, refused: 0, reported: 0, harmless: 0 }
  const wrong: string[] = []
  const copy = new Uint8Array(image.length)
  for (let at = options.first ?? 0; at < image.length && wrong.length < 20; at += options.stride) {
    copy.set(image)
    copy[at] = copy[at]! ^ (1 << (at & 7))
    count.bytes++
    try {
      const opened = openDisk(new MemoryFile(blockBytes, copy), null)
      if (opened.damage !== null) count.reported++
      else if (contentOf(copy, opened).endsWith(sound)) count.harmless++
      else wrong.push(`byte ${at}: the log is another and nothing was reported`)
    } catch (error) {
      if (error instanceof DiskOpenError) count.refused++
      else wrong.push(`byte ${at}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    options.onProgress?.(count.bytes, wrong)
  }
  return { ...count, wrong }
}

/** Everything an owner could read of the log, as text: heads, records, and the checksum of each page as it lies there. */
function contentOf(image: Uint8Array, opened: OpenedDisk): string {
  return opened.groups
    .map(({ block, head }) => {
      const pages = head.pages.map((page, nth) => {
        const at = (block + head.headBlocks + nth) * blockBytes
        const isWhole = checksum(image.subarray(at, at + blockBytes)) === page.checksum
        return `${page.page} ${page.checksum} ${isWhole}`
      })
      const records = head.records.map((each) => checksum(each.content))
      return `${block} ${head.position} ${pages.join(',')} ${records.join(',')}`
    })
    .join('\n')
}
