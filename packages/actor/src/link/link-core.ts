/**
 * A link over a carrier: numbers what is sent, throws away what comes twice, late or from an incarnation that is no more, cuts and
 * joins what is longer than a frame, and notices silence. No I/O; time is an argument.
 *
 * Silence is counted in one's own beats and not in milliseconds, so a process that was stopped, however long, counts one beat.
 */
import type { MachineId } from '@katydid/abi'
import { invariant } from '../invariant.js'
import { frameOf, headBytes, headOf, type Head } from './head.js'
import { Joining } from './joining.js'
import type { Carrier, Link, LinkListener, Sent } from './link.js'
import { noDrops, type LinkDrops } from './link-drops.js'

export interface LinkOptions {
  readonly machine: MachineId
  /** Of this start: higher than that of every earlier one. */
  readonly incarnation: number
  readonly carrier: Carrier
  readonly listener: LinkListener
  /** Milliseconds from one sign of life to the next; 250 when left out. */
  readonly beatMs?: number
  /** A peer not heard for more than so many of one's own beats is silent; 12 when left out. */
  readonly silentBeats?: number
  /** Bytes of the longest message; 4 MiB when left out. */
  readonly longestMessage?: number
}

interface Peer {
  incarnation: number
  /** The number of the message sent last, and of the one delivered last. */
  sent: number
  delivered: number
  missed: number
  silent: boolean
  readonly joining: Joining
}

export class LinkCore implements Link {
  readonly machine: MachineId
  readonly incarnation: number
  readonly longestMessage: number
  readonly dropped: LinkDrops = noDrops()
  readonly #carrier: Carrier
  readonly #listener: LinkListener
  readonly #beatMs: number
  readonly #silentBeats: number
  readonly #peers = new Map<MachineId, Peer>()
  #nextBeatMs = -Infinity

  constructor(options: LinkOptions) {
    const { machine, incarnation, carrier, listener } = options
    invariant(incarnation >= 1, 'NW3: incarnations begin at 1', { machine, incarnation })
    invariant(carrier.longestFrame > headBytes, 'NW5: a frame has room for more than its head')
    this.machine = machine
    this.incarnation = incarnation
    this.longestMessage = options.longestMessage ?? 4 * 1024 * 1024
    this.#carrier = carrier
    this.#listener = listener
    this.#beatMs = options.beatMs ?? 250
    this.#silentBeats = options.silentBeats ?? 12
  }

  /** The machines that are met. */
  get peers(): readonly MachineId[] {
    return [...this.#peers.keys()]
  }

  /** The incarnation in which a peer was heard last; 0 before it was. */
  incarnationOf(peer: MachineId): number {
    return this.#peers.get(peer)?.incarnation ?? 0
  }

  /** From now on the machine is a peer: it is sent signs of life and listened to. */
  meet(peer: MachineId): void {
    if (peer === this.machine || this.#peers.has(peer)) return
    const joining = new Joining(2 * this.longestMessage)
    this.#peers.set(peer, {
      incarnation: 0,
      sent: 0,
      delivered: 0,
      missed: 0,
      silent: false,
      joining,
    })
    this.#beat(peer)
  }

  /** The machine is no peer any more: whatever still comes from it is dropped. */
  forget(peer: MachineId): void {
    this.#peers.delete(peer)
  }

  send(to: MachineId, bytes: Uint8Array): Sent {
    const peer = this.#peers.get(to)
    if (bytes.length > this.longestMessage) return 'too_long'
    if (peer === undefined || peer.incarnation === 0) return 'not_heard'
    peer.sent += 1
    const room = this.#carrier.longestFrame - headBytes
    const total = bytes.length
    let at = 0
    do {
      const head = this.#head('message', to, peer.incarnation, peer.sent, total, at)
      this.#carrier.send(to, frameOf(head, bytes.subarray(at, at + room)))
      at += room
    } while (at < total)
    return 'sent'
  }

  /** A frame has come, from wherever. It belongs to the link from now on. */
  arrive(frame: Uint8Array): void {
    const head = headOf(frame, this.longestMessage)
    if (head === null) {
      this.dropped.malformed += 1
      return
    }
    const peer = this.#peers.get(head.from)
    if (peer === undefined || head.to !== this.machine) this.dropped.strange += 1
    else if (head.fromIncarnation < peer.incarnation) this.dropped.old += 1
    else {
      this.#heard(head, peer)
      if (head.kind === 'message') this.#part(head, peer, frame.subarray(headBytes))
    }
  }

  /** Sends signs of life and notices silence when it is time; answers after how many milliseconds to call it again. */
  turn(nowMs: number): number {
    if (nowMs >= this.#nextBeatMs) {
      this.#nextBeatMs = nowMs + this.#beatMs
      for (const [id, peer] of this.#peers) {
        this.#beat(id)
        peer.missed += 1
        if (peer.silent || peer.missed <= this.#silentBeats) continue
        peer.silent = true
        this.#listener.peer({ peer: id, what: 'silent' })
      }
    }
    return this.#nextBeatMs - nowMs
  }

  #beat(to: MachineId): void {
    const head = this.#head('beat', to, this.incarnationOf(to), 0, 0, 0)
    this.#carrier.send(to, frameOf(head, new Uint8Array(0)))
  }

  #head(
    kind: Head['kind'],
    to: MachineId,
    toIncarnation: number,
    sequence: number,
    total: number,
    at: number,
  ): Head {
    const { machine: from, incarnation: fromIncarnation } = this
    return { kind, from, to, fromIncarnation, toIncarnation, sequence, total, at }
  }

  #heard(head: Head, peer: Peer): void {
    peer.missed = 0
    const wasSilent = peer.silent
    peer.silent = false
    if (head.fromIncarnation > peer.incarnation) {
      peer.incarnation = head.fromIncarnation
      peer.delivered = 0
      peer.joining.clear()
      // The answer tells it our incarnation at once, so that both can send without waiting for a beat.
      this.#beat(head.from)
      const { from, fromIncarnation: incarnation } = head
      this.#listener.peer({ peer: from, what: 'anew', incarnation })
    } else if (wasSilent) this.#listener.peer({ peer: head.from, what: 'heard' })
  }

  #part(head: Head, peer: Peer, part: Uint8Array): void {
    const { sequence, total, at } = head
    if (head.toIncarnation !== this.incarnation) {
      this.dropped.misdirected += 1
      return
    }
    if (sequence <= peer.delivered) {
      this.dropped.late += 1
      return
    }
    const whole = part.length === total ? part : peer.joining.add(sequence, total, at, part)
    if (whole === null) return
    if (whole === 'malformed') {
      this.dropped.malformed += 1
      return
    }
    // Whatever was sent before this one is void from now on: that makes the order, and twice impossible.
    peer.delivered = sequence
    peer.joining.voidUpTo(sequence)
    this.#listener.message(head.from, whole)
  }
}
