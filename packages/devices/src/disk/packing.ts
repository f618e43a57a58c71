/**
 * Packing what waits into groups: as few as the segments allow, in the order of arrival, each request's records behind its pages. Nothing is
 * written and nothing taken: a request that the disk has no room for is left out whole, before a byte of it is written.
 */
import type { RecordKind } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Geometry } from './geometry.js'
import { groupBlocks, recordRoom } from './group.js'
import type { WriteRequest } from './request.js'

/** The nth page, or the nth record, of a request. */
export interface Item<R> {
  readonly request: R
  readonly nth: number
}

export interface PlannedGroup<R> {
  /** Whether it begins the next segment. */
  readonly fresh: boolean
  readonly pages: Item<R>[]
  readonly records: Item<R>[]
  recordBytes: number
}

/** Where the log stands: blocks left in its segment, and how many more segments it can go on in. */
export interface Room {
  readonly blocks: number
  readonly segments: () => number
  /** Of these, how many pages from frames may not open. */
  readonly kept: number
}

/** Records without which no world opens, and nothing that was won counts. */
const last: readonly RecordKind[] = ['line', 'root_page']

/**
 * Of `kept` segments, how many the request must leave, so that of two things the one that wins room with less comes through: pages
 * from frames leave all, copies (by value, of interval 0) half, maps and records of captures and snapshots a quarter, and what a
 * world opens with nothing.
 */
function mustLeave({ pages, records }: WriteRequest['args'], kept: number): number {
  if (pages.some(({ content }) => content === null)) return kept
  if (pages.some(({ stateInterval }) => stateInterval === 0)) return kept >> 1
  return pages.length === 0 && records.every(({ kind }) => last.includes(kind)) ? 0 : kept >> 2
}

interface Mark {
  readonly groups: number
  readonly pages: number
  readonly records: number
  readonly recordBytes: number
  readonly left: number
}

export class Packer<R extends Pick<WriteRequest, 'args'>> {
  readonly #geometry: Geometry
  readonly #room: Room
  readonly #groups: PlannedGroup<R>[]
  #left: number

  constructor(geometry: Geometry, room: Room) {
    this.#geometry = geometry
    this.#room = room
    this.#left = room.blocks
    this.#groups = [{ fresh: false, pages: [], records: [], recordBytes: 0 }]
  }

  /** Plans the request behind the others; false when there is no room, and then nothing of it is planned. */
  add(request: R): boolean {
    const mark = this.#mark()
    const { pages, records } = request.args
    const kept = mustLeave(request.args, this.#room.kept)
    const fits =
      pages.every((_, nth) =>
        this.#place(kept, 1, 0, (group) => group.pages.push({ request, nth })),
      ) &&
      records.every(({ content }, nth) =>
        this.#place(kept, 0, recordRoom(content.length), (group) =>
          group.records.push({ request, nth }),
        ),
      )
    if (!fits) this.#back(mark)
    return fits
  }

  /** The groups to write, in order; none is empty. */
  groups(): PlannedGroup<R>[] {
    return this.#groups.filter(({ pages, records }) => pages.length + records.length > 0)
  }

  #place(
    kept: number,
    pages: number,
    recordBytes: number,
    put: (group: PlannedGroup<R>) => void,
  ): boolean {
    for (;;) {
      const group = this.#groups.at(-1)!
      const blocks = groupBlocks(
        this.#geometry.blockBytes,
        group.pages.length + pages,
        group.recordBytes + recordBytes,
      )
      if (blocks <= this.#left) {
        put(group)
        group.recordBytes += recordBytes
        return true
      }
      invariant(
        !group.fresh || group.pages.length + group.records.length > 0,
        'DK7: whatever is taken fits an empty segment',
        { blocks, left: this.#left },
      )
      const opened = this.#groups.filter(({ fresh }) => fresh).length
      if (opened >= this.#room.segments() - kept) return false
      this.#groups.push({ fresh: true, pages: [], records: [], recordBytes: 0 })
      this.#left = this.#geometry.segmentBlocks
    }
  }

  #mark(): Mark {
    const group = this.#groups.at(-1)!
    return {
      groups: this.#groups.length,
      pages: group.pages.length,
      records: group.records.length,
      recordBytes: group.recordBytes,
      left: this.#left,
    }
  }

  #back(mark: Mark): void {
    this.#groups.length = mark.groups
    const group = this.#groups.at(-1)!
    invariant(group.pages.length >= mark.pages, 'DK8: what is left out was planned last', {
      ...mark,
    })
    group.pages.length = mark.pages
    group.records.length = mark.records
    group.recordBytes = mark.recordBytes
    this.#left = mark.left
  }
}
