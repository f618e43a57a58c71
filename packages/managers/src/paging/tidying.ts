/** Tells the disk now and then what is needed no more: the log behind us, and segments that hold nothing of the swap. */
import { diskCalls, type PortId } from '@katydid/abi'
import { invariant, type Counters, type Messenger } from '@katydid/actor'
import type { DiskWriter } from './disk-writer.js'
import type { SwapSpace } from './swap-space.js'

/** What it tells the disk, and by what it knows. */
interface Swap {
  readonly messenger: Messenger
  readonly disk: PortId
  readonly writer: DiskWriter
  readonly usage: SwapSpace
  readonly counters: Counters
}

export class Tidying {
  readonly #swap: Swap
  readonly #everyBytes: number
  #isDue = true

  constructor(swap: Swap, everyBytes: number) {
    this.#swap = swap
    this.#everyBytes = everyBytes
  }

  /** Does what is due: at the start all that an earlier life left, later whatever so many bytes of swap have made stale. */
  settle(): void {
    const { messenger, disk, writer, usage, counters } = this.#swap
    if (writer.bytesSince >= this.#everyBytes) this.#isDue = true
    // A write that is not answered may lie in a segment that looks empty.
    if (!this.#isDue || writer.inFlight > 0) return
    this.#isDue = false
    writer.bytesSince = 0
    const segments = usage.takeEmpty()
    invariant(segments.every(Number.isInteger), 'MG37: segments are numbered', { segments })
    counters.add('segmentsFreed', segments.length)
    // Both may be lost: then the disk holds more than it need until the next time.
    messenger.call(disk, diskCalls.diskTrim, { from: writer.next }, () => {})
    if (segments.length > 0) messenger.call(disk, diskCalls.diskFree, { segments }, () => {})
  }
}
