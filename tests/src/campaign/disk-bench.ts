/**
 * The disk of a simulated world: the real driver over a file in memory, every write and completed barrier in a journal, so that a
 * power cut can be made of any moment; and faults that a campaign turns on and off.
 */
import { actorPorts, asBlock } from '@katydid/abi'
import type { Simulator } from '@katydid/actor'
import {
  barrierAt,
  byCapability,
  DiskCore,
  FileFault,
  JournaledFile,
  MemoryFile,
  MemoryJournal,
  openDisk,
  regionFrames,
  serveBarrier,
  serveDisk,
  silentMeter,
  type BlockFile,
} from '@katydid/devices'
import { checksum } from '@katydid/memory'

import { CountingMessenger } from './counting-messenger.js'

export interface DiskShape {
  readonly segmentBlocks: number
  readonly capacity: number
  /** Barriers report success and make nothing durable: to see a campaign fail. */
  readonly barrierLies?: boolean
}

const pageBytes = 4096

export class DiskBench implements BlockFile {
  readonly blockBytes = pageBytes
  readonly memory: MemoryFile
  readonly journal = new MemoryJournal()
  readonly core: DiskCore
  /** How many of the next reads of blocks fail. */
  readsFail = 0
  /** How many of the next writes find no room. */
  writesFull = 0
  /** Reads, writes and barriers so far, and which of them fail. */
  deeds = 0
  fails: (deed: number) => boolean = () => false
  readonly #file: JournaledFile
  readonly #barrierLies: boolean

  /**
   * Opens the disk in `image`; a blank one is made a disk when `mayFormat`, as a world does that was never opened before. Throws
   * `DiskOpenError` when it cannot be opened.
   */
  constructor(
    sim: Simulator,
    shape: DiskShape,
    image: Uint8Array | null,
    mayFormat: boolean,
    saw: (name: string, status: string) => void = () => {},
  ) {
    this.#barrierLies = shape.barrierLies === true
    this.memory = new MemoryFile(pageBytes, image === null ? undefined : image.slice())
    this.#file = new JournaledFile(this.memory, this.journal)
    const barrier = sim.endpoint(actorPorts.barrier)
    serveBarrier(barrier, this, silentMeter)
    const endpoint = new CountingMessenger(sim.endpoint(actorPorts.disk), saw)
    const core = new DiskCore({
      file: this,
      opened: openDisk(this.#file, mayFormat ? { uuid: [1, 2, 3, 4], ...shape } : null),
      frames: regionFrames(sim.region),
      barrier: barrierAt(endpoint, actorPorts.barrier),
      meter: silentMeter,
      clock: sim.clock,
    })
    serveDisk(endpoint, core, byCapability(sim.region, actorPorts.disk))
    sim.onTurn(actorPorts.disk, () => {
      core.turn()
      return Infinity
    })
    this.core = core
  }

  sizeBytes(): number {
    return this.#file.sizeBytes()
  }

  read(block: number, into: Uint8Array): void {
    this.#refuseOnPurpose()
    this.#file.read(block, into)
  }

  write(block: number, parts: readonly Uint8Array[]): void {
    this.#refuseOnPurpose()
    if (this.writesFull > 0) {
      this.writesFull--
      throw new FileFault('ENOSPC', 'no room, on purpose')
    }
    this.#file.write(block, parts)
  }

  sync(): void {
    this.#refuseOnPurpose()
    if (!this.#barrierLies) this.#file.sync()
  }

  /** A manager's read of a block, as `readBlock` of a file would do it. */
  readPlace(
    place: { readonly block: number; readonly checksum: number },
    into: Uint8Array,
  ): 'ok' | 'io_error' | 'checksum_mismatch' {
    if (this.fails(++this.deeds)) return 'io_error'
    if (this.readsFail > 0) {
      this.readsFail--
      return 'io_error'
    }
    this.memory.read(asBlock(place.block), into)
    return checksum(into) === place.checksum ? 'ok' : 'checksum_mismatch'
  }

  #refuseOnPurpose(): void {
    if (this.fails(++this.deeds)) throw new FileFault('EIO', 'refused, on purpose')
  }
}
