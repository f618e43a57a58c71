/**
 * How a locus stands towards everybody else: running, quiet or resting.
 *
 * Running, it may use translations. Quiet, it may not, and no removal waits for it. Resting, it may besides be captured: it
 * stands at its outermost invocation with everything it needs in its registers and its container. From resting it comes
 * back only through the gate, and not while it is suspended.
 */
import { actorPorts, bellBits, locusStates, type ContainerSlot, type LocusSlot } from '@katydid/abi'
import { isDead, ringPort, type Bell, type Clock, type Region } from '@katydid/actor'
import type { LocusTrap } from '@katydid/memory'
import { LocusError } from './locus-error.js'

const longestParkMs = 1000

export class Presence {
  readonly #region: Region
  readonly #bell: Bell
  readonly #clock: Clock
  readonly #trap: LocusTrap
  readonly #state: number
  readonly #gate: number
  readonly #container: number
  readonly #suspended: number
  readonly #passed: () => void

  constructor(parts: {
    readonly region: Region
    readonly locus: LocusSlot
    readonly bell: Bell
    readonly clock: Clock
    readonly trap: LocusTrap
    /** Called each time the locus has come back through the gate: there may have been a capture. */
    readonly passed: () => void
  }) {
    this.#region = parts.region
    this.#bell = parts.bell
    this.#clock = parts.clock
    this.#trap = parts.trap
    this.#passed = parts.passed
    this.#state = parts.region.locusWord(parts.locus, 'state')
    this.#gate = parts.region.machineWord('gate')
    this.#container = parts.region.locusWord(parts.locus, 'container')
    this.#suspended = parts.region.locusWord(parts.locus, 'suspended')
  }

  /** Runs `body` quiet: it must not touch container memory. */
  quietly<T>(body: () => T): T {
    this.#trap.goQuiet()
    try {
      return body()
    } finally {
      this.#trap.comeBack()
    }
  }

  /** Parks quiet until `done()`, at most `timeoutMs`; says whether it came to be. */
  quietUntil(done: () => boolean, timeoutMs: number): boolean {
    return this.quietly(() => this.#park(done, timeoutMs))
  }

  /** Parks for `ms` in whatever state it is. */
  pause(ms: number): void {
    this.#park(() => false, ms)
  }

  /** Runs `body` resting, then comes back through the gate. */
  resting<T>(body: () => T): T {
    this.#rest()
    let result: T
    try {
      result = body()
    } finally {
      this.throughGate()
    }
    return result
  }

  /** Parks resting until `done()`, at most `timeoutMs`; says whether it came to be. Comes back through the gate. */
  restUntil(done: () => boolean, timeoutMs: number): boolean {
    return this.resting(() => this.#park(done, timeoutMs))
  }

  /** Rests while the gate is shut, or the locus suspended. Runs on at once otherwise. */
  rest(): void {
    this.resting(() => undefined)
  }

  /**
   * From starting or resting to running, when the gate is open and the locus not suspended. `actor_gone`: the kernel died
   * meanwhile.
   */
  throughGate(): void {
    for (;;) {
      while (this.#isHeld()) this.#waitForKernel()
      // Running first, then a look once more: the kernel shuts the gate, or suspends, first and then looks at states. One
      // sees the other.
      this.#trap.comeBack()
      if (!this.#isHeld()) return this.#passed()
      this.#rest()
    }
  }

  /** From starting to running inside a container that is shut for its sake: what it does there is over before anybody comes in. */
  enterShut(): void {
    this.#trap.comeBack()
  }

  #isHeld(): boolean {
    return this.#isShut() || this.#region.words.load(this.#suspended) !== 0
  }

  /** The machine's gate, or that of the container its outermost invocation is in. */
  #isShut(): boolean {
    const { words } = this.#region
    if (words.load(this.#gate) !== 0) return true
    const container = words.load(this.#container) as ContainerSlot
    return words.load(this.#region.containerWord(container, 'gate')) !== 0
  }

  /** The outermost invocation is over; nothing of the container is used any more. */
  end(): void {
    this.#region.words.store(this.#state, locusStates.ended)
    this.#tellKernel()
  }

  #rest(): void {
    this.#trap.goQuiet(locusStates.resting)
    this.#tellKernel()
  }

  /** After the state was stored: a kernel that shut the gate before that either sees the state or is rung here. */
  #tellKernel(): void {
    if (this.#isShut()) ringPort(this.#region, actorPorts.kernel, bellBits.mail)
  }

  #waitForKernel(): void {
    if (this.#bell.park(longestParkMs) !== 0) return
    if (isDead(this.#region, actorPorts.kernel))
      throw new LocusError('actor_gone', 'the kernel died while it kept the locus at rest')
  }

  #park(done: () => boolean, timeoutMs: number): boolean {
    const deadline = this.#clock.nowMs() + timeoutMs
    while (!done()) {
      const left = deadline - this.#clock.nowMs()
      if (left <= 0) return false
      this.#bell.park(Math.min(longestParkMs, left))
    }
    return true
  }
}
