/**
 * Tells the disk what is needed no more: at the start that no log ever is, since nobody reads it for swap, and now and then segments that hold
 * nothing of the swap.
 */
import { diskCalls, noLog } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { VolatileParts } from './volatile-parts.js'

/** What was written is not left untold for longer. */
const restMs = 1000
/** Of so many parts of the disk one may be written before the disk is told. */
const diskShare = 64

export class Tidying {
  readonly #parts: VolatileParts
  readonly #everyBytes: number
  #isDue = true
  #doneAtMs = 0

  constructor(parts: VolatileParts, everyBytes: number) {
    this.#parts = parts
    // On a small disk what is not told for long would be much of it.
    this.#everyBytes = Math.min(everyBytes, parts.diskBytes / diskShare)
  }

  /**
   * Does what is due: at the start all that an earlier life left, later whatever was written since, after so many bytes of swap or a second. Answers in how many
   * milliseconds it wants another turn.
   */
  settle(): number {
    const { messenger, boot, usage, context } = this.#parts
    const { writer, counters, clock } = context
    const now = clock.nowMs()
    const left = this.#doneAtMs + restMs - now
    if (writer.bytesSince >= this.#everyBytes || (writer.bytesSince > 0 && left <= 0))
      this.#isDue = true
    if (!this.#isDue) return writer.bytesSince > 0 ? left : Infinity
    // A write that is not answered may lie in a segment that looks empty. Its answer rings.
    if (writer.inFlight > 0) return Infinity
    this.#isDue = false
    this.#doneAtMs = now
    writer.bytesSince = 0
    const segments = usage.takeEmpty()
    invariant(segments.every(Number.isInteger), 'MG37: segments are numbered', { segments })
    counters.add('segmentsFreed', segments.length)
    // Both may be lost: then the disk holds more than it need until the next time.
    messenger.call(boot.disk, diskCalls.diskTrim, { from: noLog }, () => {})
    if (segments.length > 0) messenger.call(boot.disk, diskCalls.diskFree, { segments }, () => {})
    return Infinity
  }
}
