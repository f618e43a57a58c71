/** One outgoing mailbox with the queue of what it had no room for. Order is kept; a receiver is rung for each message. */
import { bellBits, type Generation, type MailboxPlace, type PortId } from '@katydid/abi'
import { MailboxWriter } from './mailbox-writer.js'
import { generationOf, isDead, ringPort } from './peers.js'
import type { Region } from './region.js'

interface Waiting {
  readonly generation: Generation
  readonly bytes: Uint8Array
}

export class Outbox {
  readonly #region: Region
  readonly #to: PortId
  readonly #writer: MailboxWriter
  /** What waits begins at `#first`: the front is cut off only when it is worth the copying. */
  #queue: Waiting[] = []
  #first = 0

  constructor(region: Region, place: MailboxPlace) {
    this.#region = region
    this.#to = place.to
    this.#writer = new MailboxWriter(region, place)
  }

  /** Whether something waits for room. */
  get waiting(): boolean {
    return this.#queue.length > 0
  }

  /** Sends now, or queues a copy. False when the message is longer than the mailbox ever takes. */
  send(bytes: Uint8Array): boolean {
    if (bytes.length > this.#writer.longest) return false
    if (this.#queue.length === 0 && this.#writer.offer(bytes)) {
      ringPort(this.#region, this.#to, bellBits.mail)
      return true
    }
    const generation = generationOf(this.#region, this.#to)
    this.#queue.push({ generation, bytes: new Uint8Array(bytes) })
    return true
  }

  /** Tries what waits again, oldest first. What waited for an incarnation that is gone is dropped. */
  flush(): void {
    if (this.#queue.length === 0) return
    const present = generationOf(this.#region, this.#to)
    const dead = isDead(this.#region, this.#to)
    let sent = 0
    while (this.#first < this.#queue.length) {
      const { generation, bytes } = this.#queue[this.#first]!
      if (!dead && generation === present) {
        if (!this.#writer.offer(bytes)) break
        sent += 1
      }
      this.#first += 1
    }
    if (this.#first * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }
    if (sent > 0) ringPort(this.#region, this.#to, bellBits.mail)
  }
}
