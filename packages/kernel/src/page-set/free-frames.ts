/** Frames of no page set. A frame that comes back says so in its `FrameWords.owner`, so nobody can install it any more. */
import { asFrame, asPageSet, type Frame, type PageSetId } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { isIdle } from '@katydid/memory'

export class FreeFrames {
  readonly #region: Region
  readonly #free: Frame[] = []

  constructor(region: Region) {
    this.#region = region
    const first = region.plan.firstFrame / region.plan.shape.pageBytes
    for (let i = region.plan.shape.frames - 1; i >= 0; i--) this.#free.push(asFrame(first + i))
    this.#publish()
  }

  get count(): number {
    return this.#free.length
  }

  /** Below this many free frames the kernel asks managers for some. */
  get lowWater(): number {
    return Math.max(1, Math.floor(this.#region.plan.shape.frames / 64))
  }

  /** Gives up to `count` frames to the page set (0: the kernel's own). */
  take(count: number, owner: PageSetId): Frame[] {
    invariant(Number.isInteger(count) && count >= 0, 'PS1: frames are counted', { count })
    const taken = this.#free.splice(Math.max(0, this.#free.length - count), count)
    for (const frame of taken) {
      invariant(
        isIdle(this.#region, frame),
        'PS3: a free frame is shown nowhere and under no transfer',
        { frame },
      )
      this.#region.words.store(this.#region.frameWord(frame, 'owner'), owner)
    }
    this.#publish()
    return taken
  }

  /** Takes frames back from whoever had them. */
  give(frames: readonly Frame[]): void {
    for (const frame of frames) {
      invariant(isIdle(this.#region, frame), 'PS3: a frame comes back idle', { frame })
      this.#region.words.store(this.#region.frameWord(frame, 'owner'), asPageSet(0))
      this.#free.push(frame)
    }
    this.#publish()
  }

  /** All frames of the machine that belong to a page set. */
  ofSet(pageSet: PageSetId): Frame[] {
    const { shape, firstFrame } = this.#region.plan
    const first = firstFrame / shape.pageBytes
    const owned: Frame[] = []
    for (let i = 0; i < shape.frames; i++) {
      const frame = asFrame(first + i)
      if (this.#region.words.load(this.#region.frameWord(frame, 'owner')) === pageSet)
        owned.push(frame)
    }
    return owned
  }

  #publish(): void {
    this.#region.words.store(this.#region.machineWord('freeFrames'), this.#free.length)
  }
}
