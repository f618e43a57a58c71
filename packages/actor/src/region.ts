/**
 * One machine's shared memory, attached on a thread: its views, its words and where things lie in it.
 *
 * It is a shared `WebAssembly.Memory` of fixed size: page-aligned, open to wasm loops, never grown. It crosses to other
 * threads as `{ memory, shape }`; both sides derive the same plan.
 */
import {
  abiVersion,
  actorWords,
  capabilitySlots,
  capabilityWords,
  containerWords,
  dependencyWords,
  frameWords,
  locusWords,
  machineWords,
  pageSetWords,
  regionPlan,
  shapeProblem,
  type ContainerSlot,
  type Frame,
  type LocusSlot,
  type MachineShape,
  type PageSetId,
  type PortId,
  type RegionPlan,
} from '@katydid/abi'
import { invariant } from './invariant.js'
import { AtomicWords, type Words } from './words.js'

/** A shared `WebAssembly.Memory`, as far as we use it (the type libraries of Node do not name it). */
export interface SharedMemory {
  readonly buffer: ArrayBufferLike
}

interface WithWebAssembly {
  readonly WebAssembly: {
    Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => SharedMemory
  }
}

/** What is posted to a worker so that it can attach. */
export interface RegionHandle {
  readonly memory: SharedMemory
  readonly shape: MachineShape
}

export class Region {
  readonly plan: RegionPlan
  readonly handle: RegionHandle
  readonly i32: Int32Array<SharedArrayBuffer>
  readonly u8: Uint8Array<SharedArrayBuffer>
  readonly f64: Float64Array<SharedArrayBuffer>
  readonly i64: BigInt64Array<SharedArrayBuffer>
  readonly words: Words

  /** Attaches to a region. `words` is given by the simulator and by tests that order every step. */
  constructor(handle: RegionHandle, words?: Words) {
    const buffer = handle.memory.buffer as unknown as SharedArrayBuffer
    this.handle = handle
    this.plan = regionPlan(handle.shape)
    invariant(
      buffer.byteLength >= this.plan.bytes,
      'ME0: a region holds everything its plan places',
      { has: buffer.byteLength, needs: this.plan.bytes },
    )
    this.i32 = new Int32Array(buffer)
    this.u8 = new Uint8Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.i64 = new BigInt64Array(buffer)
    this.words = words ?? new AtomicWords(this.i32)
  }

  /** Makes a new region for a machine. Throws a RangeError sentence when the shape is wrong. */
  static create(shape: MachineShape, machineId = 1, words?: Words): Region {
    const problem = shapeProblem(shape)
    if (problem !== null) throw new RangeError(problem)
    const plan = regionPlan(shape)
    const pages = plan.bytes / 65536
    const { Memory } = (globalThis as unknown as WithWebAssembly).WebAssembly
    const region = new Region(
      { memory: new Memory({ initial: pages, maximum: pages, shared: true }), shape },
      words,
    )
    const at = plan.machine >> 2
    region.i32[at + machineWords.at.abi] = abiVersion
    region.i32[at + machineWords.at.machineId] = machineId
    region.i32[at + machineWords.at.pageBytes] = shape.pageBytes
    region.i32[at + machineWords.at.firstFrame] = plan.firstFrame / shape.pageBytes
    region.i32[at + machineWords.at.frames] = shape.frames
    return region
  }

  /** Word index of a field of the machine's record; likewise below for the other records. */
  machineWord(field: keyof typeof machineWords.at): number {
    return (this.plan.machine >> 2) + machineWords.at[field]
  }

  actorWord(port: PortId, field: keyof typeof actorWords.at): number {
    return ((this.plan.actors + port * actorWords.bytes) >> 2) + actorWords.at[field]
  }

  locusWord(slot: LocusSlot, field: keyof typeof locusWords.at): number {
    return ((this.plan.loci + slot * locusWords.bytes) >> 2) + locusWords.at[field]
  }

  containerWord(slot: ContainerSlot, field: keyof typeof containerWords.at): number {
    return ((this.plan.containers + slot * containerWords.bytes) >> 2) + containerWords.at[field]
  }

  pageSetWord(id: PageSetId, field: keyof typeof pageSetWords.at): number {
    return ((this.plan.pageSets + id * pageSetWords.bytes) >> 2) + pageSetWords.at[field]
  }

  frameWord(frame: Frame, field: keyof typeof frameWords.at): number {
    const index = frame - this.plan.firstFrame / this.plan.shape.pageBytes
    return ((this.plan.frames + index * frameWords.bytes) >> 2) + frameWords.at[field]
  }

  capabilityWord(table: number, slot: number, field: keyof typeof capabilityWords.at): number {
    return (
      ((this.plan.capabilities + (table * capabilitySlots + slot) * capabilityWords.bytes) >> 2) +
      capabilityWords.at[field]
    )
  }

  /** Index in `i64` of what `receiver` depends on of `sender`. */
  dependencyIndex(receiver: ContainerSlot, sender: ContainerSlot): number {
    return (
      (this.plan.dependencies +
        (receiver * this.plan.shape.maxContainers + sender) * dependencyWords.bytes) >>
      3
    )
  }

  /** The bytes of a frame. */
  frameBytes(frame: Frame): Uint8Array<SharedArrayBuffer> {
    const { pageBytes } = this.plan.shape
    return this.u8.subarray(frame * pageBytes, (frame + 1) * pageBytes)
  }
}
