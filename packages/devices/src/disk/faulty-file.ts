/** A file that misbehaves as its plan says: the same for the same seed and the same operations. What it does wrong it does not report. */
import { invariant, Random } from '@katydid/actor'
import { FileFault, totalBytes, type BlockFile } from './block-file.js'
import type { FaultPlan, FaultyOperation } from './fault-plan.js'

export class FaultyFile implements BlockFile {
  readonly blockBytes: number
  readonly #file: BlockFile
  readonly #plan: FaultPlan
  readonly #random: Random
  readonly #sleep: (ms: number) => void
  readonly #done: Record<FaultyOperation, number> = { read: 0, write: 0, sync: 0 }

  /** `sleep` passes the time of a slow operation; in the simulator it does not. */
  constructor(file: BlockFile, plan: FaultPlan, sleep: (ms: number) => void = () => {}) {
    this.#file = file
    this.#plan = plan
    this.#random = new Random(plan.seed)
    this.#sleep = sleep
    this.blockBytes = file.blockBytes
  }

  sizeBytes(): number {
    return this.#file.sizeBytes()
  }

  read(block: number, into: Uint8Array): void {
    this.#refuse('read')
    this.#file.read(block, into)
  }

  write(block: number, parts: readonly Uint8Array[]): void {
    this.#refuse('write')
    this.#sleep(this.#plan.slowWriteMs ?? 0)
    // All three are drawn every time, so that one probability does not change the course of the others.
    const isLost = this.#random.chance(this.#plan.lose ?? 0)
    const isMisdirected = this.#random.chance(this.#plan.misdirect ?? 0)
    const isFlipped = this.#random.chance(this.#plan.flip ?? 0)
    if (isLost) return
    const bytes = isFlipped ? [this.#flipped(parts)] : parts
    this.#file.write(isMisdirected ? this.#elsewhere(block) : block, bytes)
  }

  sync(): void {
    this.#refuse('sync')
    this.#sleep(this.#plan.slowBarrierMs ?? 0)
    if (this.#plan.barrierLies !== true) this.#file.sync()
  }

  #refuse(operation: FaultyOperation): void {
    this.#done[operation] += 1
    const nth = this.#done[operation]
    for (const { operation: of, after, times, code } of this.#plan.refuse ?? [])
      if (of === operation && nth > after && nth <= after + times)
        throw new FileFault(code, `${operation}: ${code} (on purpose, the ${nth}th)`)
  }

  #flipped(parts: readonly Uint8Array[]): Uint8Array {
    const bytes = new Uint8Array(totalBytes(parts))
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    invariant(bytes.length > 0, 'DK18: a write has bytes')
    const bit = this.#random.below(bytes.length * 8)
    bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7))
    return bytes
  }

  #elsewhere(block: number): number {
    const away = 1 + this.#random.below(8)
    return this.#random.chance(0.5) && block > away ? block - away : block + away
  }
}
