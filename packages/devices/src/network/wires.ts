/**
 * Simulated wires between machines: what becomes of a frame, by time and chance alone. A wire goes one way, from one machine to
 * another; each has its own queue, and can be cut and healed. No frames are kept here, only when they arrive.
 */
import type { MachineId } from '@katydid/abi'
import { invariant, type Random } from '@katydid/actor'

/** How a wire behaves. All that is left out is as on a perfect one. */
export interface WirePlan {
  /** Milliseconds every frame takes at least. */
  readonly latencyMs?: number
  /** Milliseconds more, drawn evenly. */
  readonly spreadMs?: number
  /** Mean of what comes on top with falling likelihood, in milliseconds: rarely much. */
  readonly tailMs?: number
  /** Bytes a millisecond; what is more waits for what was before. */
  readonly bytesPerMs?: number
  /** Likelihood that a frame is lost; that it comes twice; that it is held back so that later ones overtake it. */
  readonly loss?: number
  readonly duplication?: number
  readonly reorder?: number
  /** The longest that a frame is held back for that, in milliseconds; 10 when left out. */
  readonly heldBackMs?: number
}

interface Wire {
  cut: boolean
  /** When the sender's end is free again, and when the last frame that keeps its place arrives. */
  freeMs: number
  lastMs: number
}

export class Wires {
  readonly #random: Random
  readonly #wires = new Map<string, Wire>()
  #plan: WirePlan

  constructor(plan: WirePlan, random: Random) {
    checkPlan(plan)
    this.#random = random
    this.#plan = plan
  }

  /** Wires behave so from now on. */
  replan(plan: WirePlan): void {
    checkPlan(plan)
    this.#plan = plan
  }

  /** The times at which a frame sent now arrives: none when it is lost, two when it comes twice. */
  arrivals(from: MachineId, to: MachineId, bytes: number, nowMs: number): readonly number[] {
    invariant(bytes >= 0 && nowMs >= 0, 'NW11: a frame has a length and a time', { bytes, nowMs })
    const wire = this.#wire(from, to)
    const { loss = 0, duplication = 0 } = this.#plan
    // Chance is drawn whether or not the wire is cut, so that a cut changes nothing about the frames of others.
    const [isLost, isTwice] = [this.#random.chance(loss), this.#random.chance(duplication)]
    const first = this.#arrival(wire, bytes, nowMs)
    const second = this.#arrival(wire, isTwice ? bytes : 0, nowMs)
    if (wire.cut || isLost) return []
    return isTwice ? [first, second] : [first]
  }

  /** Nothing sent from one to the other arrives any more; what is under way does. */
  cut(from: MachineId, to: MachineId): void {
    this.#wire(from, to).cut = true
  }

  heal(from: MachineId, to: MachineId): void {
    this.#wire(from, to).cut = false
  }

  isCut(from: MachineId, to: MachineId): boolean {
    return this.#wire(from, to).cut
  }

  /** Cuts all wires between machines of different groups, both ways; a machine of no group keeps all of its wires. */
  partition(groups: readonly (readonly MachineId[])[]): void {
    for (const here of groups)
      for (const there of groups)
        if (here !== there) for (const from of here) for (const to of there) this.cut(from, to)
  }

  healAll(): void {
    for (const wire of this.#wires.values()) wire.cut = false
  }

  #arrival(wire: Wire, bytes: number, nowMs: number): number {
    const { latencyMs = 0, spreadMs = 0, tailMs = 0, bytesPerMs = Infinity } = this.#plan
    const { reorder = 0, heldBackMs = 10 } = this.#plan
    const random = this.#random
    wire.freeMs = Math.max(wire.freeMs, nowMs) + bytes / bytesPerMs
    const tail = -Math.log(1 - random.fraction()) * tailMs
    const arrival = wire.freeMs + latencyMs + random.fraction() * spreadMs + tail
    invariant(arrival >= nowMs, 'NW11: no frame arrives before it was sent', { arrival, nowMs })
    const isHeld = random.chance(reorder)
    const held = random.fraction() * heldBackMs
    if (isHeld) return Math.max(arrival, wire.lastMs) + held
    wire.lastMs = Math.max(arrival, wire.lastMs)
    return wire.lastMs
  }

  #wire(from: MachineId, to: MachineId): Wire {
    invariant(from !== to, 'NW12: a wire joins two machines, and each is in one group', { from })
    const key = `${from}>${to}`
    let wire = this.#wires.get(key)
    if (wire === undefined) this.#wires.set(key, (wire = { cut: false, freeMs: 0, lastMs: 0 }))
    return wire
  }
}

/** A plan comes from a test or an experiment: a wrong number in it would show as a world that behaves oddly. */
function checkPlan(plan: WirePlan): void {
  const { loss = 0, duplication = 0, reorder = 0, bytesPerMs = 1, ...times } = plan
  const likelihoods = [loss, duplication, reorder]
  invariant(
    likelihoods.every((each) => each >= 0 && each <= 1),
    'NW11: a likelihood lies between 0 and 1',
    { ...plan },
  )
  invariant(
    bytesPerMs > 0 && Object.values(times).every((ms) => ms >= 0),
    'NW11: a wire takes some time and moves some bytes',
    { ...plan },
  )
}
