/**
 * Calls made and calls served by one port, over any transport: numbering, deadlines, dead callees, refusals, late answers.
 *
 * A sequence number carries the caller's generation in its top byte. So an answer to an earlier incarnation is never taken
 * for one to this, and a request of an earlier incarnation is not served. Whatever bytes arrive, nothing here throws for
 * them: a request of the wrong shape is answered `bad_message`, an answer of the wrong shape is one to its caller.
 */
import {
  isLocusPort,
  refuse,
  type AnySignature,
  type ArgsOf,
  type Generation,
  type PortId,
  type Refusal,
  type Reply,
} from '@katydid/abi'
import type { Clock } from './clock.js'
import { invariant } from './invariant.js'
import {
  answerBit,
  decodeAnswer,
  decodeRequest,
  encodeRefusal,
  encodeRequest,
  mayAnswer,
  readHeader,
  type Header,
  type Mail,
} from './messages.js'
import {
  defaultDeadlineMs,
  later,
  type CallGroup,
  type Handler,
  type Handlers,
} from './messenger.js'
import { Incoming } from './incoming.js'
import type { Transport } from './transport.js'
import { BadWire } from './wire.js'

type AnyHandler = Handler<AnySignature>
type OnReply = (reply: Reply<AnySignature>) => void

interface Served {
  readonly signature: AnySignature
  readonly handler: AnyHandler | null
}

interface Pending {
  readonly to: PortId
  readonly generation: Generation
  readonly signature: AnySignature
  readonly onReply: OnReply
  readonly deadline: number
}

interface Callee {
  /** The earliest incarnation that a call under way was made to. */
  generation: Generation
  calls: number
}

/** Sequence numbers of one incarnation: 24 bits below its generation. */
const counterMask = 0xffffff

export class Dispatcher {
  readonly port: PortId
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #served = new Map<number, Served>()
  readonly #pending = new Map<number, Pending>()
  /** Calls that failed before they were sent: told at the next turn, never from inside `call`. */
  readonly #failed = new Map<number, () => void>()
  /** Ports with calls under way, so that a look at who is gone costs two loads a port and not a call. */
  readonly #callees = new Map<PortId, Callee>()
  readonly #header: Header = { op: 0, sequence: 0 }
  readonly #stamp: number
  #counter = 0
  #earliest = Infinity
  /** Messages dropped because they had no readable head, were late, or came from an earlier incarnation. */
  dropped = 0

  constructor(port: PortId, clock: Clock, transport: Transport) {
    this.port = port
    this.#clock = clock
    this.#transport = transport
    this.#stamp = (transport.generationOf(port) & 0xff) << 24
  }

  serve<G extends CallGroup>(group: G, handlers: NoInfer<Partial<Handlers<G>>>): void {
    for (const [key, signature] of Object.entries(group)) {
      invariant(!this.#served.has(signature.op), 'AC6: a call is served once', {
        name: signature.name,
      })
      const handler = (handlers as Record<string, AnyHandler | undefined>)[key] ?? null
      this.#served.set(signature.op, { signature, handler })
    }
  }

  /** Sends a request and answers its sequence number. */
  call<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    onReply: (reply: Reply<S>) => void,
    deadlineMs = defaultDeadlineMs,
  ): number {
    let sequence: number
    do {
      this.#counter = (this.#counter + 1) & counterMask
      sequence = (this.#stamp | this.#counter) >>> 0
    } while (this.#pending.has(sequence))
    const told = onReply as OnReply
    const bytes = encodeRequest(signature, sequence, args)
    if (!this.#transport.send(to, bytes)) {
      const detail = `${signature.name}: ${bytes.length} bytes are more than the mailbox to port ${to} takes; send less at once`
      this.#failed.set(sequence, () => told(refuse('bad_message', detail)))
      return sequence
    }
    const deadline = this.#clock.nowMs() + deadlineMs
    const generation = this.#transport.generationOf(to)
    this.#pending.set(sequence, { to, generation, signature, onReply: told, deadline })
    this.#count(to, generation)
    if (deadline < this.#earliest) this.#earliest = deadline
    if (this.#transport.isDead(to)) this.#earliest = 0
    this.#transport.note?.('message_out', signature.op, to)
    return sequence
  }

  /** Whether the message is the answer to that call. */
  isAnswerTo(sequence: number, mail: Mail): boolean {
    const header = this.#header
    return readHeader(mail, header) && (header.op & answerBit) !== 0 && header.sequence === sequence
  }

  /**
   * Decodes a message and answers what to do about it, or null when it is to be dropped. The bytes are not needed any
   * more when this returns, so the frame is given back before the deed is done.
   */
  accept(from: PortId, mail: Mail): (() => void) | null {
    const header = this.#header
    if (!readHeader(mail, header)) {
      this.dropped += 1
      return null
    }
    return (header.op & answerBit) !== 0
      ? this.#acceptAnswer(from, header.op & ~answerBit, header.sequence, mail)
      : this.#acceptRequest(from, header.op, header.sequence, mail)
  }

  /** Tells callers whose call failed, whose deadline has passed or whose callee is gone; answers how many. */
  expire(): number {
    let told = this.#failed.size
    // A list of its own: who is told may make a call that fails as well, and is told of that next time.
    const failed = Array.from(this.#failed.keys())
    for (const sequence of failed) this.#tellFailed(sequence)
    if (this.#pending.size === 0) return told
    const now = this.#clock.nowMs()
    const overdue = now >= this.#earliest
    if (!overdue && !this.#somebodyGone()) return told
    this.#earliest = Infinity
    const ended: [Pending, Refusal<'timed_out' | 'actor_gone'>][] = []
    for (const [sequence, pending] of this.#pending) {
      const why = this.#endOf(pending, now)
      if (why === null) {
        if (pending.deadline < this.#earliest) this.#earliest = pending.deadline
        // Who survives the look was called in the present incarnation.
        this.#callees.get(pending.to)!.generation = pending.generation
      } else {
        this.#end(sequence, pending)
        ended.push([pending, why])
      }
    }
    for (const [pending, why] of ended) pending.onReply(why)
    told += ended.length
    return told
  }

  /** The same for one call only: that in which the port blocks. */
  expireOne(sequence: number): void {
    this.#tellFailed(sequence)
    const pending = this.#pending.get(sequence)
    const why = pending === undefined ? null : this.#endOf(pending, this.#clock.nowMs())
    if (pending === undefined || why === null) return
    this.#end(sequence, pending)
    pending.onReply(why)
  }

  /** The clock's time at which the earliest call under way must be looked at; Infinity when there is none. */
  nextDeadline(): number {
    if (this.#failed.size > 0) return 0
    return this.#pending.size === 0 ? Infinity : this.#earliest
  }

  #tellFailed(sequence: number): void {
    const tell = this.#failed.get(sequence)
    this.#failed.delete(sequence)
    tell?.()
  }

  #somebodyGone(): boolean {
    for (const [port, { generation }] of this.#callees)
      if (this.#isGone(port, generation)) return true
    return false
  }

  #count(to: PortId, generation: Generation): void {
    const callee = this.#callees.get(to)
    if (callee === undefined) this.#callees.set(to, { generation, calls: 1 })
    else callee.calls += 1
  }

  #end(sequence: number, { to }: Pending): void {
    this.#pending.delete(sequence)
    const callee = this.#callees.get(to)!
    callee.calls -= 1
    if (callee.calls === 0) this.#callees.delete(to)
  }

  #isGone(port: PortId, generation: Generation): boolean {
    return this.#transport.isDead(port) || this.#transport.generationOf(port) !== generation
  }

  #endOf(pending: Pending, now: number): Refusal<'timed_out' | 'actor_gone'> | null {
    const { to, generation, signature, deadline } = pending
    if (this.#isGone(to, generation))
      return refuse(
        'actor_gone',
        `${signature.name}: the ${isLocusPort(to) ? 'locus' : 'actor'} at port ${to} has died; ask again`,
      )
    if (now >= deadline)
      return refuse('timed_out', `${signature.name}: no answer from port ${to} before the deadline`)
    return null
  }

  #acceptAnswer(from: PortId, op: number, sequence: number, mail: Mail): (() => void) | null {
    const pending = this.#pending.get(sequence)
    if (pending === undefined || pending.to !== from || pending.signature.op !== op) {
      this.dropped += 1
      return null
    }
    this.#end(sequence, pending)
    this.#transport.note?.('answer_in', op, from)
    const answer = orBadMessage(pending.signature, () => decodeAnswer(pending.signature, mail))
    return () => pending.onReply(answer as Reply<AnySignature>)
  }

  #acceptRequest(from: PortId, op: number, sequence: number, mail: Mail): (() => void) | null {
    const generation = this.#transport.generationOf(from)
    if ((generation & 0xff) !== sequence >>> 24) {
      this.dropped += 1
      return null
    }
    this.#transport.note?.('message_in', op, from)
    const served = this.#served.get(op)
    if (served === undefined) {
      const detail = `port ${this.port} serves no call of number ${op}`
      const bytes = encodeRefusal(op, sequence, refuse('bad_message', detail))
      return () => void this.#transport.send(from, bytes)
    }
    const { signature, handler } = served
    const incoming = new Incoming(this.#transport, signature, from, generation, sequence)
    if (handler === null) {
      const status = mayAnswer(signature, 'not_supported') ? 'not_supported' : 'bad_message'
      const detail = `${signature.name} is not offered by port ${this.port}`
      return () => incoming.refuse({ status, detail })
    }
    const args = orBadMessage(signature, () => decodeRequest(signature, mail))
    if (args.status === 'bad_message' && typeof args.detail === 'string' && args[bad] === true) {
      const refusal = refuse('bad_message', args.detail)
      return () => incoming.refuse(refusal)
    }
    return () => {
      const answer = handler(args as ArgsOf<AnySignature>, incoming)
      if (answer !== later) incoming.reply(answer)
    }
  }
}

/** Marks a refusal of our own, as arguments may well have fields named status and detail. */
const bad = Symbol('bad')

export interface Decoded {
  readonly status?: unknown
  readonly detail?: unknown
  readonly [bad]?: true
}

export function orBadMessage(signature: AnySignature, decode: () => object): Decoded {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof BadWire)) throw error
    return { ...refuse('bad_message', `${signature.name}: ${error.message}`), [bad]: true }
  }
}
