/**
 * A disk on the test's own thread: a file in memory with a journal, and a barrier that ends when the test says so. Content follows from
 * the page's number, so that any page found anywhere can be checked.
 */
import {
  asFrame,
  asInterval,
  asPort,
  asPosition,
  asToken,
  type Answer,
  type diskCalls,
} from '@katydid/abi'
import { Random, VirtualClock } from '@katydid/actor'
import {
  DiskCore,
  FaultyFile,
  JournaledFile,
  MemoryFile,
  MemoryJournal,
  openDisk,
  type BlockFile,
  type DiskMeter,
  type FaultPlan,
  type Format,
  type Frames,
  type OpenedDisk,
} from '@katydid/devices'

export type WriteAnswer = Answer<typeof diskCalls.diskWrite>
export type ScanAnswer = Answer<typeof diskCalls.diskScan>
export type FoundPages = Extract<ScanAnswer, { status: 'ok' }>['pages']
export type FoundRecords = Extract<ScanAnswer, { status: 'ok' }>['records']

export const kernel = asPort(0)
export const alice = asPort(3)
export const bob = asPort(4)

export interface BenchOptions {
  readonly blockBytes?: number
  readonly segmentBlocks?: number
  readonly capacity?: number
  readonly image?: Uint8Array
  readonly faults?: FaultPlan
  readonly frames?: Frames
}

/** The content of page `id`. */
export function pageContent(id: number, bytes = 512): Uint8Array {
  const random = new Random(id)
  return Uint8Array.from({ length: bytes }, () => random.below(256))
}

/** A record of `bytes` bytes that names itself. */
export function recordContent(id: number, bytes = 24): Uint8Array {
  const content = new Uint8Array(Math.max(4, bytes)).fill(id & 255)
  new DataView(content.buffer).setUint32(0, id)
  return content
}

export const recordId = (content: Uint8Array): number =>
  new DataView(content.buffer, content.byteOffset).getUint32(0)

export const noFrames: Frames = { bytes: () => null, ended: () => {} }

/** Counts what the driver reports. */
export class Counting implements DiskMeter {
  readonly counts: Partial<Record<string, number>> = {}

  add(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by
  }

  set(name: string, value: number): void {
    this.counts[name] = value
  }

  event(): void {}
}

export class Bench {
  readonly memory: MemoryFile
  readonly journal = new MemoryJournal()
  readonly file: BlockFile
  readonly opened: OpenedDisk
  readonly core: DiskCore
  readonly meter = new Counting()
  readonly #journaled: JournaledFile
  readonly #faults: FaultPlan | undefined
  #barrier: {
    readonly finish: () => void
    readonly done: (problem: string | null) => void
  } | null = null
  barriersBegun = 0

  constructor(options: BenchOptions = {}) {
    const { blockBytes = 512, segmentBlocks = 8, capacity = 8, faults } = options
    const format: Format = { uuid: [1, 2, 3, 4], segmentBlocks, capacity }
    this.memory = new MemoryFile(blockBytes, options.image?.slice())
    this.#journaled = new JournaledFile(this.memory, this.journal)
    this.#faults = faults
    this.opened = openDisk(this.#journaled, format)
    this.file = faults === undefined ? this.#journaled : new FaultyFile(this.#journaled, faults)
    this.core = new DiskCore({
      file: this.file,
      opened: this.opened,
      frames: options.frames ?? noFrames,
      barrier: { begin: (done) => this.#begin(done) },
      meter: this.meter,
      clock: new VirtualClock(),
    })
  }

  /** Asks for a write of pages and records by their numbers; the answer fills in when it comes. */
  write(
    owner: number,
    pages: readonly number[],
    records: readonly (number | readonly [number, number])[] = [],
    barrier = false,
  ): { answer: WriteAnswer | null } {
    const holder: { answer: WriteAnswer | null } = { answer: null }
    const args = {
      pages: pages.map((page) => ({
        cont: asToken(7),
        stateInterval: asInterval(page),
        page,
        frame: asFrame(0),
        content: pageContent(page, this.file.blockBytes),
      })),
      records: records.map((record) => {
        const [id, bytes] = typeof record === 'number' ? [record, 24] : record
        return { kind: 'note' as const, content: recordContent(id, bytes) }
      }),
      barrier,
    }
    this.core.write(owner, args, (answer) => {
      holder.answer = answer
    })
    return holder
  }

  /** A write that is carried through, barrier and all. */
  store(owner: number, pages: readonly number[], records: readonly number[] = []): WriteAnswer {
    const { answer } = this.#through(this.write(owner, pages, records, true))
    if (answer === null) throw new Error('a write with its barrier done has no answer')
    return answer
  }

  /** A turn of the driver's loop. */
  turn(): void {
    this.core.turn()
  }

  get barrierUnderWay(): boolean {
    return this.#barrier !== null
  }

  /** The barrier under way comes to its end; `problem`: it fails. */
  endBarrier(problem: string | null = null): void {
    const barrier = this.#barrier
    if (barrier === null) return
    this.#barrier = null
    if (problem !== null) {
      barrier.done(problem)
      return
    }
    try {
      barrier.finish()
    } catch (error) {
      barrier.done((error as Error).message)
      return
    }
    barrier.done(null)
  }

  /** Turns and barriers until nothing is left to do. */
  rest(): void {
    this.turn()
    for (let round = 0; round < 20 && this.barrierUnderWay; round++) {
      this.endBarrier()
      this.turn()
    }
  }

  /** Everything the log holds of the owner, read in answers of at most `limit`. */
  scan(owner: number, from = 0, limit = 3): { pages: FoundPages; records: FoundRecords } {
    const pages: FoundPages[number][] = []
    const records: FoundRecords[number][] = []
    let cursor: number | null = 0
    while (cursor !== null) {
      const holder: { answer: ScanAnswer | null } = { answer: null }
      this.core.scan(owner, { from: asPosition(from), cursor, limit }, (reply) => {
        holder.answer = reply
      })
      const { answer } = this.#through(holder)
      if (answer?.status !== 'ok') throw new Error(`scan: ${answer?.status}: ${answer?.detail}`)
      pages.push(...answer.pages)
      records.push(...answer.records)
      cursor = answer.next
    }
    return { pages, records }
  }

  block(block: number): Uint8Array {
    const bytes = new Uint8Array(this.file.blockBytes)
    this.memory.read(block, bytes)
    return bytes
  }

  #through<T>(holder: { readonly answer: T | null }): { readonly answer: T | null } {
    this.rest()
    return holder
  }

  #begin(done: (problem: string | null) => void): void {
    this.barriersBegun += 1
    const finish = this.#faults === undefined ? this.#journaled.beginSync() : () => this.file.sync()
    this.#barrier = { finish, done }
  }
}

/** An `ok` answer, or an error that says what came instead. */
export function ok<A extends { readonly status: string }>(
  answer: A | null,
): Extract<A, { readonly status: 'ok' }> {
  if (answer?.status !== 'ok') throw new Error(`not ok: ${JSON.stringify(answer)}`)
  return answer as Extract<A, { readonly status: 'ok' }>
}
