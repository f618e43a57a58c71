/** Frames in a stream of bytes: each behind its length, a 32-bit number, little-endian. Chunks may end anywhere. */
import { invariant } from '@katydid/actor'

const lengthBytes = 4

/** What a frame is sent as: its length, then itself. */
export function lengthOf(frame: Uint8Array): Uint8Array {
  invariant(frame.length > 0, 'NW14: a frame has a length')
  const head = new Uint8Array(lengthBytes)
  new DataView(head.buffer).setUint32(0, frame.length, true)
  return head
}

export class FrameSplitter {
  readonly #longestFrame: number
  readonly #head = new Uint8Array(lengthBytes)
  #frame: Uint8Array | null = null
  /** Bytes that are there, of the length or of the frame. */
  #have = 0

  constructor(longestFrame: number) {
    invariant(longestFrame > 0, 'NW14: frames have a longest', { longestFrame })
    this.#longestFrame = longestFrame
  }

  /** Takes a chunk and answers the frames that it completes, each in a buffer of its own; null when the stream is none of frames. */
  push(chunk: Uint8Array): readonly Uint8Array[] | null {
    const frames: Uint8Array[] = []
    for (let at = 0; at < chunk.length;) {
      const into = this.#frame ?? this.#head
      invariant(this.#have < into.length, 'NW14: what is complete was taken', { have: this.#have })
      const part = chunk.subarray(at, at + into.length - this.#have)
      into.set(part, this.#have)
      this.#have += part.length
      at += part.length
      if (this.#have < into.length) break
      this.#have = 0
      if (this.#frame !== null) {
        frames.push(this.#frame)
        this.#frame = null
        continue
      }
      const length = new DataView(this.#head.buffer).getUint32(0, true)
      if (length === 0 || length > this.#longestFrame) return null
      this.#frame = new Uint8Array(length)
    }
    return frames
  }
}
