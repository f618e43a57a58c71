/**
 * The end of the log: puts planned groups there, one write each, and knows what the log holds and which segments it uses. A group that was
 * not written leaves everything as it was.
 */
import { asBlock, type pagePlace, type ValueOf } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { checksum } from './checksum.js'
import { keptSegments, segmentEnd, segmentOf, segmentStart, type Geometry } from './geometry.js'
import { encodeHead } from './group-encode.js'
import { pageOwnersOf, type GroupHead, type PageDescriptor } from './group.js'
import { Holdings } from './holdings.js'
import type { OpenedDisk } from './open.js'
import type { Item, PlannedGroup, Room } from './packing.js'
import type { Frames, WriteRequest } from './request.js'
import { blockBehind } from './scan.js'
import { Segments } from './segments.js'
import type { Superblock } from './superblock.js'

/** Where the next group goes, and what it goes on from. */
interface LogEnd {
  readonly segment: number
  readonly next: number
  readonly block: number
  readonly position: number
  readonly checksum: number
}

/** What became of a planned group. */
export interface WrittenGroup {
  readonly position: number
  readonly places: readonly ValueOf<typeof pagePlace>[]
  readonly segment: number
  readonly bytes: number
}

export class LogWriter {
  readonly geometry: Geometry
  readonly holdings = new Holdings()
  readonly segments: Segments
  readonly #file: BlockFile
  readonly #frames: Frames
  readonly #superblock: Superblock
  #end: LogEnd
  #pageOwners: number

  constructor(file: BlockFile, frames: Frames, opened: OpenedDisk) {
    this.#file = file
    this.#frames = frames
    this.#superblock = opened.superblock
    this.geometry = opened.superblock.geometry
    const last = opened.groups.at(-1)!
    this.#end = {
      segment: segmentOf(this.geometry, last.block),
      next: last.head.nextSegment,
      block: blockBehind(last),
      position: last.head.position,
      checksum: last.head.checksum,
    }
    const { pageOwners, free } = opened.superblock
    this.segments = new Segments(this.geometry, opened.usedSegments, pageOwners, free)
    this.#pageOwners = opened.superblock.pageOwners
    this.#takeOver(opened)
  }

  /** Position of the last group. */
  get position(): number {
    return this.#end.position
  }

  /** Ports that ever wrote pages, as bits. */
  get pageOwners(): number {
    return this.#pageOwners
  }

  /** What can be planned while scans begin at `floor`. */
  room(floor: number): Room {
    return {
      blocks: segmentEnd(this.geometry, this.#startOf(this.#end.segment)) - this.#end.block,
      segments: () => this.segments.countFree(floor),
      kept: keptSegments(this.geometry),
    }
  }

  /** Writes the group behind the last one. Throws FileFault: then nothing has changed here. */
  write(plan: PlannedGroup<WriteRequest>, durable: number, floor: number): WrittenGroup {
    const begin = plan.fresh ? this.#nextSegment(floor) : this.#end
    const views = plan.pages.map((item) => this.#view(item))
    const head: GroupHead = {
      position: begin.position + 1,
      durable,
      opening: this.#superblock.opening,
      nextSegment: begin.next,
      previous: begin.checksum,
      pages: plan.pages.map((item, nth) => describe(item, views[nth]!)),
      records: plan.records.map(({ request, nth }) => ({
        owner: request.owner,
        ...request.args.records[nth]!,
      })),
    }
    const encoded = encodeHead(this.geometry.blockBytes, this.#superblock.uuid, head)
    const parts = [encoded.bytes, ...views]
    this.#file.write(begin.block, parts)
    const firstPage = begin.block + encoded.bytes.length / this.geometry.blockBytes
    if (plan.fresh) this.#enter(begin)
    this.segments.wrote(begin.segment, head.position, pageOwnersOf(head))
    this.#pageOwners |= pageOwnersOf(head)
    this.holdings.add({ ...head, block: begin.block, firstPage })
    this.#end = {
      ...begin,
      block: firstPage + views.length,
      position: head.position,
      checksum: encoded.checksum,
    }
    invariant(
      this.#end.block <= this.#startOf(begin.segment) + this.geometry.segmentBlocks,
      'DK2: a group lies in one segment',
      { ...this.#end },
    )
    return {
      position: head.position,
      places: head.pages.map((page, nth) => ({
        block: asBlock(firstPage + nth),
        checksum: page.checksum,
      })),
      segment: begin.segment,
      bytes: encoded.bytes.length + views.length * this.geometry.blockBytes,
    }
  }

  /** The end of the log at the beginning of the reserved segment, with another one reserved. */
  #nextSegment(floor: number): LogEnd {
    const next = this.segments.findFree(floor)
    invariant(next !== null, 'DK8: a segment is opened only when the log can go on behind it', {
      floor,
    })
    return { ...this.#end, segment: this.#end.next, next, block: this.#startOf(this.#end.next) }
  }

  #enter(begin: LogEnd): void {
    this.segments.unchain(this.#end.segment)
    this.segments.chain(begin.next)
  }

  #startOf(segment: number): number {
    return segmentStart(this.geometry, segment)
  }

  #view({ request, nth }: Item<WriteRequest>): Uint8Array {
    const { content, frame } = request.args.pages[nth]!
    const view = content ?? this.#frames.bytes(frame)
    invariant(
      view?.length === this.geometry.blockBytes,
      'DK13: a page stands still until its transfer ends',
      { frame },
    )
    return view
  }

  #takeOver(opened: OpenedDisk): void {
    for (const { block, head } of opened.groups) {
      const segment = segmentOf(this.geometry, block)
      // Before the first group of the scan its segment may hold groups that nobody has looked at.
      if (block === this.#startOf(segment)) this.segments.known(segment)
      this.segments.wrote(segment, head.position, pageOwnersOf(head))
      this.holdings.add({ ...head, block, firstPage: block + head.headBlocks })
    }
    this.segments.chain(this.#end.segment)
    this.segments.chain(this.#end.next)
    this.segments.known(this.#end.next)
  }
}

function describe({ request, nth }: Item<WriteRequest>, content: Uint8Array): PageDescriptor {
  const page = request.args.pages[nth]!
  return {
    owner: request.owner,
    cont: page.cont,
    interval: page.stateInterval,
    page: page.page,
    checksum: checksum(content),
  }
}
