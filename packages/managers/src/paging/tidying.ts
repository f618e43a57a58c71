/** Tells the disk now and then what is needed no more: the log behind us, and segments that hold nothing of the swap. */
import { diskCalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { VolatileParts } from './volatile-parts.js'

export class Tidying {
  readonly #parts: VolatileParts
  readonly #everyBytes: number
  #isDue = true

  constructor(parts: VolatileParts, everyBytes: number) {
    this.#parts = parts
    this.#everyBytes = everyBytes
  }

  /** Does what is due: at the start all that an earlier life left, later whatever so many bytes of swap have made stale. */
  settle(): void {
    const { messenger, boot, usage, context } = this.#parts
    const { writer, counters } = context
    if (writer.bytesSince >= this.#everyBytes) this.#isDue = true
    // A write that is not answered may lie in a segment that looks empty.
    if (!this.#isDue || writer.inFlight > 0) return
    this.#isDue = false
    writer.bytesSince = 0
    const segments = usage.takeEmpty()
    invariant(segments.every(Number.isInteger), 'MG37: segments are numbered', { segments })
    counters.add('segmentsFreed', segments.length)
    // Both may be lost: then the disk holds more than it need until the next time.
    messenger.call(boot.disk, diskCalls.diskTrim, { from: writer.next }, () => {})
    if (segments.length > 0) messenger.call(boot.disk, diskCalls.diskFree, { segments }, () => {})
  }
}
