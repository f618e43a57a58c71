/**
 * Where the next opening begins to read: moved forward by writing the older superblock anew, when that saves at least a segment, and only to a
 * group that is durable. Until a barrier has covered it the slot counts as it was.
 */
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { segmentOf } from './geometry.js'
import type { HeldGroup } from './holdings.js'
import type { OpenedDisk } from './open.js'
import { encodeSuperblock, slotOf, type Superblock } from './superblock.js'

/** What a superblock says besides where the scan begins. */
export interface Facts {
  readonly durable: number
  readonly usedSegments: number
  readonly owners: number
  readonly pageOwners: number
  /** Segments that may be written anew when both scans begin at the group, as bits. */
  readonly free: Uint8Array
}

interface Slot {
  readonly position: number
  /** The segment of the group there; null when it was overtaken by the log's start and no longer matters. */
  readonly segment: number | null
}

export class ScanStart {
  readonly #file: BlockFile
  readonly #slots: [Slot, Slot]
  #newest: Superblock
  #underWay = false

  constructor(file: BlockFile, opened: OpenedDisk) {
    this.#file = file
    this.#newest = opened.superblock
    const segment = segmentOf(opened.superblock.geometry, opened.superblock.scanBlock)
    const [even, odd] = opened.scanPositions.map((position) => ({
      position,
      segment: position === opened.superblock.scanPosition ? segment : null,
    }))
    this.#slots = [even!, odd!]
  }

  /** No scan begins before this position, whichever superblock is lost. */
  get floor(): number {
    return Math.min(this.#slots[0].position, this.#slots[1].position)
  }

  /** Whether a superblock that begins at the group would save a segment. */
  isWorthwhile(group: HeldGroup): boolean {
    const older = this.#slots[slotOf(this.#newest) === 0 ? 1 : 0]
    invariant(
      group.position >= this.#newest.scanPosition,
      'DK10: a scan position never goes back',
      {
        position: group.position,
        scan: this.#newest.scanPosition,
      },
    )
    if (this.#underWay || group.position <= older.position) return false
    return older.segment !== segmentOf(this.#newest.geometry, group.block)
  }

  /** Writes the older superblock, beginning at the group. Answers what to call when a barrier has covered it. Throws FileFault. */
  write(group: HeldGroup, facts: Facts): () => void {
    invariant(group.position <= facts.durable, 'DK10: a scan begins at a group that is durable', {
      position: group.position,
      durable: facts.durable,
    })
    invariant(!this.#underWay, 'DK10: one superblock at a time is not durable', { ...facts })
    const superblock: Superblock = {
      ...this.#newest,
      ...facts,
      sequence: this.#newest.sequence + 1,
      scanBlock: group.block,
      scanPosition: group.position,
      scanPrevious: group.previous,
    }
    this.#file.write(slotOf(superblock), [encodeSuperblock(superblock)])
    this.#newest = superblock
    this.#underWay = true
    return () => {
      this.#underWay = false
      this.#slots[slotOf(superblock)] = {
        position: group.position,
        segment: segmentOf(superblock.geometry, group.block),
      }
    }
  }
}
