/** What the disk driver and its barrier thread are started with, and what they make of it. */
import type { PortId } from '@katydid/abi'
import { Counters, invariant, type Region, type TraceRing } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import type { FaultPlan } from './fault-plan.js'
import { FaultyFile } from './faulty-file.js'
import { FileJournal } from './file-journal.js'
import { segmentBlocksFor } from './geometry.js'
import { JournaledFile } from './journal.js'
import type { DiskMeter } from './meter.js'
import { RealFile } from './real-file.js'
import type { Format } from './superblock-slots.js'
import type { DiskUuid } from './superblock.js'

export interface BarrierData {
  /** The disk's file, open for reading and writing; whoever opened it closes it, after both threads have ended. */
  readonly fd: number
  readonly faults?: FaultPlan
}

export interface DiskData extends BarrierData {
  /** Largest length of the file in bytes; the number of segments follows from it, when the disk is made. */
  readonly bytes: number
  readonly segmentBlocks?: number
  /** Whether a blank file becomes a disk (default), or is refused as damaged. */
  readonly format?: boolean
}

/** The file, with the faults it was asked to have. */
export function fileOf(data: BarrierData, region: Region): BlockFile {
  const { fd, faults } = data
  invariant(Number.isInteger(fd), 'DK16: a driver is given the descriptor of its file', { fd })
  const real = new RealFile(fd, region.plan.shape.pageBytes)
  if (faults === undefined) return real
  const noted =
    faults.journal === undefined ? real : new JournaledFile(real, new FileJournal(faults.journal))
  return new FaultyFile(noted, faults, sleep)
}

/** How a blank file is to be formatted, or null. */
export function formatOf(data: DiskData, region: Region): Format | null {
  if (data.format === false) return null
  const { pageBytes } = region.plan.shape
  const segmentBlocks = data.segmentBlocks ?? segmentBlocksFor(data.bytes, pageBytes)
  const segments = Math.floor(data.bytes / (segmentBlocks * pageBytes))
  invariant(segments > 0, 'DK16: a disk’s file has room for its superblocks', { ...data })
  const uuid = [...globalThis.crypto.getRandomValues(new Uint32Array(4))] as unknown as DiskUuid
  return { uuid, segmentBlocks, capacity: segments - 1 }
}

/** Counters and trace ring of a driver's port. */
export function driverMeter(region: Region, port: PortId, trace: TraceRing): DiskMeter {
  const counters = new Counters(region, port)
  return {
    add: (name, by) => counters.add(name, by),
    set: (name, value) => counters.set(name, value),
    event: (kind, a, b, durationUs) => trace.event(kind, a, b, durationUs),
  }
}

function sleep(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
