/** Writing the groups of one turn, in order, until one is refused; and what that means for each request. */
import type { pagePlace, ValueOf } from '@katydid/abi'
import { invariant, type Clock } from '@katydid/actor'
import { FileFault } from './block-file.js'
import type { LogWriter, WrittenGroup } from './log-writer.js'
import type { DiskMeter } from './meter.js'
import type { PlannedGroup } from './packing.js'
import type { WriteRequest } from './request.js'

/** A request under way: where its pages went so far, and the position of the last group it is in. */
export interface Pending extends WriteRequest {
  readonly places: ValueOf<typeof pagePlace>[]
  position: number
  /** The segment of each page written and not yet answered. */
  segments: number[]
}

export interface Outcome {
  /** What the file said when it refused a group; the groups behind that were not tried. */
  readonly fault: FileFault | null
  /** Requests of which something was not written. */
  readonly unwritten: ReadonlySet<Pending>
}

export interface WriteContext {
  readonly writer: LogWriter
  readonly floor: number
  readonly durable: number
  readonly clock: Clock
  readonly meter: DiskMeter
  /** A group stands in the file at `position`, with something of these owners in it. */
  readonly wrote: (owners: ReadonlySet<number>, position: number) => void
}

export function writeGroups(
  groups: readonly PlannedGroup<Pending>[],
  context: WriteContext,
): Outcome {
  for (const [nth, group] of groups.entries()) {
    try {
      writeOne(group, context)
    } catch (error) {
      if (!(error instanceof FileFault)) throw error
      const left = groups.slice(nth).flatMap(({ pages, records }) => [...pages, ...records])
      return { fault: error, unwritten: new Set(left.map(({ request }) => request)) }
    }
  }
  return { fault: null, unwritten: new Set() }
}

function writeOne(group: PlannedGroup<Pending>, context: WriteContext): void {
  const { writer, clock, meter } = context
  const began = clock.nowMs()
  const written = writer.write(group, context.durable, context.floor)
  const items = [...group.pages, ...group.records]
  context.wrote(new Set(items.map(({ request }) => request.owner)), written.position)
  group.pages.forEach(({ request, nth }, at) => {
    request.places[nth] = written.places[at]!
    request.segments.push(written.segment)
    writer.segments.unanswered(written.segment, request.owner, 1)
  })
  for (const { request } of items) {
    invariant(request.position <= written.position, 'DK7: a request goes forward in the log', {
      position: written.position,
    })
    request.position = written.position
  }
  report(meter, group, written, Math.round((clock.nowMs() - began) * 1000))
}

function report(
  meter: DiskMeter,
  group: PlannedGroup<Pending>,
  written: WrittenGroup,
  us: number,
): void {
  invariant(written.bytes > 0, 'DK2: a group has a head', { position: written.position })
  meter.add('groups')
  meter.add('pagesWritten', group.pages.length)
  meter.add('bytesWritten', written.bytes)
  meter.event('write_group', written.position, group.pages.length, us)
}
