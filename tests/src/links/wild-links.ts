/** Links on wires that do anything, with machines that die and come back, beside a record of what was really sent and what arrived. */
import { asMachine, type MachineId } from '@katydid/abi'
import { LinkCore, Random, VirtualClock } from '@katydid/actor'
import { WireQueue, Wires, type WirePlan } from '@katydid/devices'

/** What happens in a run. */
export type Deed =
  | { readonly do: 'send'; readonly from: number; readonly to: number; readonly bytes: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart'; readonly machine: number }
  | { readonly do: 'cut' | 'heal'; readonly from: number; readonly to: number }

/** A message, as it was sent and as it arrived: by its id alone, and the true incarnations at that moment. */
export interface Noted {
  readonly id: number
  readonly from: number
  readonly to: number
  readonly fromIncarnation: number
  readonly toIncarnation: number
}

export const machineCount = 3
const beatMs = 10

export class WildLinks {
  readonly sent: Noted[] = []
  readonly arrived: (Noted & { readonly isWhole: boolean })[] = []
  readonly anew: { at: number; own: number; incarnation: number; peer: number }[] = []
  readonly wires: Wires
  readonly #clock = new VirtualClock()
  readonly #queue: WireQueue
  readonly #links = new Map<number, LinkCore>()
  readonly #incarnations = new Map<number, number>()
  #next = 1

  constructor(plan: WirePlan, seed: number) {
    this.wires = new Wires(plan, new Random(seed))
    this.#queue = new WireQueue(this.wires)
    for (let machine = 1; machine <= machineCount; machine++) this.#start(machine)
    this.pass(beatMs)
  }

  /** The incarnations of a peer that were reported to the present incarnation of a machine. */
  anewOf(at: number, peer: number): readonly number[] {
    const incarnation = this.#incarnations.get(at)
    return this.anew
      .filter((each) => each.at === at && each.peer === peer && each.own === incarnation)
      .map((each) => each.incarnation)
  }

  act(deed: Deed): void {
    if (deed.do === 'pass') this.pass(deed.ms)
    else if (deed.do === 'restart') this.#start(deed.machine)
    else if (deed.do === 'send') this.send(deed.from, deed.to, deed.bytes)
    else if (deed.from !== deed.to) this.wires[deed.do](asMachine(deed.from), asMachine(deed.to))
  }

  /** Sends a message of a new id; answers the id, or null when it was not sent. */
  send(from: number, to: number, bytes: number): number | null {
    if (from === to) return null
    const id = this.#next++
    if (this.#links.get(from)!.send(asMachine(to), contentOf(id, bytes)) !== 'sent') return null
    this.sent.push({ id, from, to, ...this.#present(from, to) })
    return id
  }

  /** Lets time pass in small steps; in each, what has come off the wires arrives. */
  pass(ms: number): void {
    const end = this.#clock.nowMs() + ms
    for (;;) {
      for (const { to, frame } of this.#queue.takeArrived(this.#clock.nowMs()))
        this.#links.get(to)!.arrive(frame)
      for (const link of this.#links.values()) link.turn(this.#clock.nowMs())
      if (this.#clock.nowMs() >= end) return
      this.#clock.advance(1)
    }
  }

  #start(machine: number): void {
    const incarnation = (this.#incarnations.get(machine) ?? 0) + 1
    this.#incarnations.set(machine, incarnation)
    const link = new LinkCore({
      machine: asMachine(machine),
      incarnation,
      beatMs,
      longestMessage: 4096,
      carrier: {
        longestFrame: 256,
        send: (to, frame) => this.#queue.send(asMachine(machine), to, frame, this.#clock.nowMs()),
      },
      listener: {
        message: (from, bytes) => this.#arrive(from, machine, bytes),
        peer: (event) => {
          if (event.what === 'anew') this.anew.push({ ...event, at: machine, own: incarnation })
        },
      },
    })
    for (let peer = 1; peer <= machineCount; peer++) link.meet(asMachine(peer))
    this.#links.set(machine, link)
  }

  #arrive(from: MachineId, to: number, bytes: Uint8Array): void {
    const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    const isWhole = Buffer.compare(bytes, contentOf(id, bytes.length)) === 0
    this.arrived.push({ id, from, to, isWhole, ...this.#present(from, to) })
  }

  #present(from: number, to: number): Pick<Noted, 'fromIncarnation' | 'toIncarnation'> {
    return {
      fromIncarnation: this.#incarnations.get(from)!,
      toIncarnation: this.#incarnations.get(to)!,
    }
  }
}

/** A content that says which message it is, all through. */
function contentOf(id: number, bytes: number): Uint8Array {
  const content = Uint8Array.from({ length: Math.max(4, bytes) }, (_, at) => (at * id) & 255)
  new DataView(content.buffer).setUint32(0, id)
  return content
}
