/**
 * A disk driver without threads: requests come in, answers go out by callback, `turn` writes what waits.
 *
 * A turn packs all that waits into groups and writes them, answers those that wanted no barrier, and begins a barrier when somebody waits for
 * one and none is under way. It never waits itself. After a failed write or barrier the disk acknowledges nothing any more.
 */
import {
  asPosition,
  refuse,
  type Answer,
  type ArgsOf,
  type DiskBlock,
  type diskCalls,
  type LogPosition,
} from '@katydid/abi'
import { invariant, type Clock } from '@katydid/actor'
import { asFault, type BlockFile, type FileFault } from './block-file.js'
import { Durability, type Barrier } from './durability.js'
import { keptSegments, segmentOf } from './geometry.js'
import { LogWriter } from './log-writer.js'
import type { DiskMeter } from './meter.js'
import type { OpenedDisk } from './open.js'
import { Packer } from './packing.js'
import { refusalOf, type Frames, type WriteAnswer, type WriteArgs } from './request.js'
import { ScanStart } from './scan-start.js'
import { segmentContent } from './segment-content.js'
import { freeBytes } from './superblock.js'
import { Trims } from './trims.js'
import { writeGroups, type Outcome, type Pending } from './write-groups.js'

export interface DiskOptions {
  readonly file: BlockFile
  readonly opened: OpenedDisk
  readonly frames: Frames
  readonly barrier: Barrier
  readonly meter: DiskMeter
  readonly clock: Clock
}

type Calls = typeof diskCalls
type State = 'online' | 'degraded' | 'offline'

export class DiskCore {
  readonly #options: DiskOptions
  readonly #writer: LogWriter
  readonly #trims: Trims
  readonly #scanStart: ScanStart
  readonly #durability: Durability
  #waiting: Pending[] = []
  #afterWrites: (() => void)[] = []
  #durable: number
  #state: State = 'online'
  #why: string | null = null
  #closing = false
  #closed = false

  constructor(options: DiskOptions) {
    const { file, opened, frames, barrier } = options
    this.#options = options
    this.#writer = new LogWriter(file, frames, opened)
    const { owners, scanPosition } = opened.superblock
    this.#trims = new Trims(owners, scanPosition, this.#writer.position + 1)
    this.#scanStart = new ScanStart(file, opened)
    this.#durability = new Durability(barrier)
    this.#durable = this.#writer.position
  }

  /** Whether `stop` has come to its end. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** `disk_write`. */
  write(owner: number, args: WriteArgs, reply: (answer: WriteAnswer) => void): void {
    const { frames, meter } = this.#options
    const refusal = this.#shut() ?? refusalOf(args, this.#writer.geometry, frames)
    if (refusal !== null) {
      this.refuseWrite(args, refusal, reply)
      return
    }
    meter.add('writes')
    const nowhere = { block: 0 as DiskBlock, checksum: 0 }
    this.#waiting.push({
      owner,
      args,
      reply,
      places: args.pages.map(() => nowhere),
      position: 0,
      segments: [],
    })
  }

  /** A write that is not taken: the transfers that were begun for it end all the same. */
  refuseWrite(args: WriteArgs, refusal: WriteAnswer, reply: (answer: WriteAnswer) => void): void {
    invariant(refusal.status !== 'ok', 'DK22: what is refused is not done', {})
    this.#endTransfers({ args })
    reply(refusal)
  }

  /** `disk_sync`. */
  sync(reply: (answer: Answer<Calls['diskSync']>) => void): void {
    const refusal = this.#shut()
    if (refusal !== null) reply(refusal)
    else
      this.#afterWrites.push(() => {
        const position = asPosition(this.#writer.position)
        this.#durability.ask((problem) =>
          reply(problem === null ? { status: 'ok', position } : refuse('io_error', problem)),
        )
      })
  }

  /** `disk_free`. */
  free(owner: number, segments: readonly number[]): Answer<Calls['diskFree']> {
    const { capacity } = this.#writer.geometry
    if (this.#closing) return closed
    const stranger = segments.find((segment) => segment >= capacity)
    if (stranger !== undefined)
      return refuse(
        'bad_argument',
        `The disk has ${capacity} segments; there is no segment ${stranger}.`,
      )
    const freed = segments.filter((segment) => this.#writer.segments.free(segment, owner))
    this.#options.meter.add('segmentsFreed', freed.length)
    return { status: 'ok' }
  }

  /** `disk_trim`. */
  trim(owner: number, from: LogPosition): Answer<Calls['diskTrim']> {
    if (this.#closing) return closed
    this.#trims.trim(owner, from)
    return { status: 'ok' }
  }

  /** `disk_scan`: answered when all that is written is durable, since whoever reads it will rely on it. */
  scan(
    owner: number,
    args: ArgsOf<Calls['diskScan']>,
    reply: (answer: Answer<Calls['diskScan']>) => void,
  ): void {
    if (this.#closing) reply(closed)
    else if (this.#why !== null) reply(refuse('io_error', this.#why))
    else
      this.#afterWrites.push(() =>
        this.#durability.ask((problem) =>
          reply(
            problem === null
              ? {
                  status: 'ok',
                  ...this.#writer.holdings.scan(
                    owner,
                    args.from,
                    args.cursor,
                    Math.max(1, args.limit),
                  ),
                }
              : refuse('io_error', problem),
          ),
        ),
      )
  }

  /** `disk_segment`. */
  segment(owner: number, segment: number): Answer<Calls['diskSegment']> {
    const { geometry, segments } = this.#writer
    if (this.#closing) return closed
    if (segment >= geometry.capacity)
      return refuse('bad_argument', `There is no segment ${segment} of ${geometry.capacity}.`)
    if (segment >= segments.used) return { status: 'ok', pages: [] }
    const { file, opened } = this.#options
    try {
      const { uuid } = opened.superblock
      return { status: 'ok', pages: segmentContent(file, geometry, uuid, segment, owner) }
    } catch (error) {
      return refuse('io_error', asFault(error, 'reading a segment').message)
    }
  }

  /** `disk_status`. */
  status(): Extract<Answer<Calls['diskStatus']>, { readonly status: 'ok' }> {
    const { geometry, segments, position, holdings } = this.#writer
    return {
      status: 'ok',
      state: this.#closed ? 'offline' : this.#state,
      segments: geometry.capacity,
      freeSegments: segments.countFree(this.#scanStart.floor),
      keptSegments: keptSegments(geometry),
      segmentBlocks: geometry.segmentBlocks,
      blockBytes: geometry.blockBytes,
      firstPosition: asPosition(holdings.first),
      lastPosition: asPosition(position),
      damage: this.#options.opened.damage,
    }
  }

  /** Takes nothing more, makes durable what there is, and writes it into a superblock, so that all damage from now on shows. */
  stop(done: (problem: string | null) => void): void {
    const end = (problem: string | null): void => {
      this.#closed = true
      done(problem)
    }
    if (this.#closing || this.#why !== null) {
      this.#closing = true
      end(this.#why)
      return
    }
    this.#closing = true
    this.#afterWrites.push(() =>
      this.#durability.ask((problem) => {
        if (problem === null) this.#moveScanStart(true)
        this.#durability.ask(end, false)
      }, false),
    )
  }

  /** Writes what waits and begins a barrier if one is wanted. Called after the mail of each turn of the loop. */
  turn(): void {
    this.#writeWaiting()
    const after = this.#afterWrites
    this.#afterWrites = []
    for (const deed of after) deed()
    if (this.#why === null && !this.#closing) this.#moveScanStart(false)
    if (this.#durability.isWanted) this.#beginBarrier()
  }

  #shut(): ReturnType<typeof refuse<'closed' | 'io_error'>> | null {
    if (this.#closing) return closed
    return this.#why === null ? null : refuse('io_error', this.#why)
  }

  #writeWaiting(): void {
    if (this.#waiting.length === 0) return
    const { floor } = this.#scanStart
    const packer = new Packer<Pending>(this.#writer.geometry, this.#writer.room(floor))
    const [fitting, left] = split(this.#waiting, (each) => packer.add(each))
    this.#waiting = []
    const groups = packer.groups()
    const outcome = writeGroups(groups, {
      ...this.#options,
      writer: this.#writer,
      floor,
      durable: this.#durable,
      wrote: (owners, position) => {
        this.#durability.wrote()
        for (const owner of owners) this.#trims.wrote(owner, position)
      },
    })
    for (const request of [...fitting, ...left]) this.#endTransfers(request)
    for (const request of left) this.#answer(request, refuse('disk_full', this.#fullSentence()))
    for (const request of fitting) this.#settle(request, outcome)
    if (groups.some(({ fresh }) => fresh)) this.#countSegments()
    if (outcome.fault !== null && outcome.fault.code !== 'ENOSPC')
      this.#fail('degraded', outcome.fault)
  }

  #countSegments(): void {
    const free = this.#writer.segments.countFree(this.#scanStart.floor)
    invariant(free <= this.#writer.geometry.capacity, 'DK9: a free segment lies on the disk', {
      free,
    })
    this.#options.meter.set('segmentsInUse', this.#writer.geometry.capacity - free)
  }

  #settle(request: Pending, outcome: Outcome): void {
    const { fault, unwritten } = outcome
    if (fault !== null && unwritten.has(request)) {
      const status = fault.code === 'ENOSPC' ? 'disk_full' : 'io_error'
      this.#answer(
        request,
        refuse(status, `The write was refused, ${fault.message}. Nothing of it counts.`),
      )
      return
    }
    const position = asPosition(request.position === 0 ? this.#writer.position : request.position)
    const answer: WriteAnswer = { status: 'ok', position, places: request.places }
    if (!request.args.barrier) this.#answer(request, answer)
    else
      this.#durability.ask((problem) =>
        this.#answer(request, problem === null ? answer : refuse('io_error', problem)),
      )
  }

  #answer(request: Pending, answer: WriteAnswer): void {
    for (const segment of request.segments)
      this.#writer.segments.unanswered(segment, request.owner, -1)
    request.reply(answer)
  }

  #endTransfers({ args }: { readonly args: WriteArgs }): void {
    for (const { content, frame } of args.pages)
      if (content === null) this.#options.frames.ended(frame)
  }

  #beginBarrier(): void {
    const { clock, meter } = this.#options
    const covers = this.#writer.position
    const began = clock.nowMs()
    this.#durability.begin((problem, released) => {
      meter.event('barrier', covers, released, Math.round((clock.nowMs() - began) * 1000))
      if (problem !== null) {
        this.#fail('offline', { message: problem })
        return
      }
      invariant(covers >= this.#durable, 'DK1: what is durable stays durable', {
        covers,
        durable: this.#durable,
      })
      this.#durable = covers
      if (released > 0) meter.add('acknowledgedGroups')
    })
  }

  /** Writes a superblock when that frees segments (or `always`), and asks for the barrier that makes it count. */
  #moveScanStart(always: boolean): void {
    const { holdings, segments, geometry } = this.#writer
    const least = this.#trims.least(this.#durable)
    holdings.forgetBefore(least)
    const group = holdings.at(least)
    if (!always && !this.#scanStart.isWorthwhile(group)) return
    invariant(
      segmentOf(geometry, group.block) < segments.used,
      'DK10: a scan begins in a segment that is used',
      { least },
    )
    try {
      const counts = this.#scanStart.write(group, {
        durable: this.#durable,
        usedSegments: segments.used,
        owners: this.#trims.owners,
        pageOwners: this.#writer.pageOwners,
        free: segments.freeBits(group.position, freeBytes(geometry)),
      })
      this.#durability.wrote()
      this.#durability.ask((problem) => {
        if (problem === null) counts()
      }, false)
    } catch (error) {
      this.#fail('degraded', error as FileFault)
    }
  }

  #fail(state: State, fault: { readonly message: string }): void {
    if (this.#why !== null) return
    this.#state = state
    const what = state === 'offline' ? 'A barrier failed' : 'A write failed'
    this.#why = `${what}, ${fault.message}. The disk takes no more writes; what was acknowledged with a barrier is safe. Stop the world, see to the device and open it again.`
    this.#durability.fail(this.#why)
  }

  #fullSentence(): string {
    const { capacity } = this.#writer.geometry
    return `The disk is full: of ${capacity} segments too few are free for the write, and nothing of it was written. Free segments, or make a larger disk.`
  }
}

const closed = refuse('closed', 'The disk is closed. Open the world again.')

function split<T>(all: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  const halves: [T[], T[]] = [[], []]
  for (const each of all) halves[isFirst(each) ? 0 : 1].push(each)
  return halves
}
