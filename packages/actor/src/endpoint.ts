/**
 * A port on a real thread: all its mailboxes in the region, and the calls that go through them.
 *
 * Nothing is lost and no actor blocks for room: what a full mailbox refuses waits in a queue here and is tried again at each
 * poll. What waits for an incarnation that is gone is dropped. Handlers and replies run from `poll` only.
 */
import {
  bellBits,
  type AnySignature,
  type ArgsOf,
  type Generation,
  type PortId,
  type Reply,
  type TraceKind,
} from '@katydid/abi'
import type { Bell } from './bell.js'
import type { Clock } from './clock.js'
import { Dispatcher } from './dispatcher.js'
import type { Transport } from './transport.js'
import { invariant } from './invariant.js'
import { MailboxReader } from './mailbox-reader.js'
import { copyOf, mailOf, type Mail } from './messages.js'
import { defaultDeadlineMs, type CallGroup, type Handlers, type Messenger } from './messenger.js'
import { Outbox } from './outbox.js'
import { generationOf, isDead } from './peers.js'
import type { Region } from './region.js'

/** The longest a thread parks at a time, so that it looks at deadlines and generations even if nobody rings. */
export const longestParkMs = 1000
/** How soon a full mailbox is tried again. */
const retryMs = 1
/** Messages taken from one mailbox before the next has its turn. */
const fairShare = 64

export interface EndpointOptions {
  readonly region: Region
  readonly port: PortId
  readonly clock: Clock
  /** What `callSync` waits in; nil: this actor never blocks its thread. */
  readonly bell: Bell | null
  readonly trace?: { event(kind: TraceKind, a?: number, b?: number, durationUs?: number): void }
}

export class Endpoint implements Messenger {
  readonly port: PortId
  readonly region: Region
  readonly #clock: Clock
  readonly #bell: Bell | null
  readonly #dispatcher: Dispatcher
  readonly #inboxes: { readonly from: PortId; readonly reader: MailboxReader }[]
  readonly #outboxes = new Map<PortId, Outbox>()
  readonly #mail: Mail
  #aside: { readonly from: PortId; readonly bytes: Uint8Array }[] = []

  constructor(options: EndpointOptions) {
    const { region, port, clock, bell, trace } = options
    this.port = port
    this.region = region
    this.#clock = clock
    this.#bell = bell
    const places = region.plan.mailboxes
    this.#inboxes = places
      .filter((place) => place.to === port)
      .map((place) => ({ from: place.from, reader: new MailboxReader(region, place) }))
    for (const place of places)
      if (place.from === port) this.#outboxes.set(place.to, new Outbox(region, place))
    this.#mail = { bytes: region.u8, view: new DataView(region.u8.buffer), at: 0, length: 0 }
    const transport: Transport = {
      send: (to, bytes) => this.#outbox(to).send(bytes),
      generationOf: (of): Generation => generationOf(region, of),
      isDead: (of) => isDead(region, of),
      ...(trace === undefined
        ? {}
        : { note: (kind: TraceKind, op: number, of: PortId) => trace.event(kind, op, of) }),
    }
    this.#dispatcher = new Dispatcher(port, clock, transport)
  }

  serve<G extends CallGroup>(group: G, handlers: NoInfer<Handlers<G>>): void {
    this.#dispatcher.serve(group, handlers)
  }

  serveSome<G extends CallGroup>(group: G, handlers: NoInfer<Partial<Handlers<G>>>): void {
    this.#dispatcher.serve(group, handlers)
  }

  call<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    onReply: (reply: Reply<S>) => void,
    deadlineMs?: number,
  ): void {
    this.#dispatcher.call(to, signature, args, onReply, deadlineMs)
  }

  callSync<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    deadlineMs = defaultDeadlineMs,
  ): Reply<S> {
    const bell = this.#bell
    invariant(
      bell !== null,
      'AC24: what shares a thread, or waits in its event loop, never blocks',
      {
        port: this.port,
        to,
      },
    )
    const box: { reply: Reply<S> | null } = { reply: null }
    const keep = (reply: Reply<S>): void => {
      box.reply = reply
    }
    const sequence = this.#dispatcher.call(to, signature, args, keep, deadlineMs)
    const outbox = this.#outbox(to)
    const deadline = this.#clock.nowMs() + deadlineMs
    let rung = 0
    for (;;) {
      outbox.flush()
      this.#collect(sequence)
      if (box.reply === null) this.#dispatcher.expireOne(sequence)
      if (box.reply !== null) break
      rung |= bell.park(outbox.waiting ? retryMs : this.#msUntil(deadline))
    }
    // Reasons taken here were meant for the loop: it must find them, and the mail put aside, when it takes its bell.
    if (rung !== 0 || this.#aside.length > 0) bell.ring(rung | bellBits.mail)
    return box.reply
  }

  /** Handles the mail that is there, tells of calls that failed, and sends what waited; answers how many were handled. */
  poll(): number {
    let handled = 0
    for (const outbox of this.#outboxes.values()) if (outbox.waiting) outbox.flush()
    if (this.#aside.length > 0) {
      const aside = this.#aside
      this.#aside = []
      for (const [index, { from, bytes }] of aside.entries()) {
        this.#dispatcher.accept(from, mailOf(bytes))?.()
        handled += 1
        if (this.#aside.length > 0) {
          // A handler blocked in callSync and put more aside: what is older comes first.
          this.#aside = [...aside.slice(index + 1), ...this.#aside]
          return handled
        }
      }
    }
    for (const inbox of this.#inboxes) {
      handled += this.#drain(inbox)
      // A handler blocked and put mail aside: it is older than what is still in the boxes.
      if (this.#aside.length > 0) return handled
    }
    return handled + this.#dispatcher.expire()
  }

  /** Milliseconds until `poll` must be called even if nobody rings: at most 1000. */
  nextDeadlineMs(): number {
    if (this.#aside.length > 0) return 0
    for (const outbox of this.#outboxes.values()) if (outbox.waiting) return retryMs
    return this.#msUntil(this.#dispatcher.nextDeadline())
  }

  /** Messages dropped: without a readable head, late, or from an earlier incarnation. */
  get dropped(): number {
    return this.#dispatcher.dropped
  }

  #msUntil(deadline: number): number {
    if (deadline === Infinity) return longestParkMs
    return Math.min(longestParkMs, Math.max(0, deadline - this.#clock.nowMs()))
  }

  #drain({ from, reader }: { from: PortId; reader: MailboxReader }): number {
    let handled = 0
    while (handled < fairShare && reader.next()) {
      this.#mail.at = reader.at
      this.#mail.length = reader.length
      const deed = this.#dispatcher.accept(from, this.#mail)
      // The frame goes back before the deed: a handler may block, or throw, and must not see its message again.
      reader.advance()
      deed?.()
      handled += 1
      if (this.#aside.length > 0) break
    }
    return handled
  }

  /** Looks through all mail for one answer and puts the rest aside, in order. */
  #collect(sequence: number): void {
    for (const { from, reader } of this.#inboxes) {
      while (reader.next()) {
        this.#mail.at = reader.at
        this.#mail.length = reader.length
        if (this.#dispatcher.isAnswerTo(sequence, this.#mail)) {
          const deed = this.#dispatcher.accept(from, this.#mail)
          reader.advance()
          deed?.()
        } else {
          this.#aside.push({ from, bytes: copyOf(this.#mail) })
          reader.advance()
        }
      }
    }
  }

  #outbox(to: PortId): Outbox {
    const outbox = this.#outboxes.get(to)
    invariant(outbox !== undefined, 'AC2: a mailbox joins the two ports of a message', {
      from: this.port,
      to,
    })
    return outbox
  }
}
