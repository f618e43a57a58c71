/** What audits there are, and what one of them is about. */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { UnitPoint } from '../state-interval/history.js'
import { inputsOf, rootOf, type LoggedInput } from './chain.js'
import { isDemoted } from './level.js'

/** Whether the container promises what an audit looks at. */
export const isAuditable = (machine: Machine, container: Container): boolean =>
  container.serviceLevel === 'deterministic' &&
  container.snapshotOf?.kind !== 'audit' &&
  !container.intervals.volatile &&
  !isDemoted(machine, container)

/** One audit: from one captured point to the next, with nothing but visits between. */
export class Audit {
  readonly container: Container
  readonly from: UnitPoint
  /** The next captured point; nil: it has not been captured yet. */
  to: UnitPoint | null = null
  inputs: readonly LoggedInput[] = []
  /** Something else than visits came in between. */
  void = false

  constructor(container: Container, from: UnitPoint) {
    this.container = container
    this.from = from
  }

  /** A container was captured: where it is this one, that is what the visits must come to. */
  noteCapture(container: Container, point: UnitPoint): void {
    if (container !== this.container || this.to !== null || point === this.from) return
    invariant(point.interval > this.from.interval, 'SI112: an audit goes forward', {
      from: this.from.interval,
      to: point.interval,
    })
    const before = point.equals
    if (before === null || before.logged === null || rootOf(before) !== this.from) {
      this.void = true
      return
    }
    this.to = point
    this.inputs = inputsOf(before)
  }
}

/** The audit under way, one at a time, and how many there were. */
export class Audits {
  current: Audit | null = null
  begun = 0
  /** Something came in between. */
  givenUp = 0
  /** Captures of each container since the last that an audit began with. */
  readonly #captures = new WeakMap<Container, number>()
  /** Whose audit was the last. */
  #last: Container | null = null
  /** Another one's turn came while that was under way. */
  #missed = false

  /** Counts a capture of the container; whether it is one with which an audit begins. */
  begins(container: Container, every: number): boolean {
    invariant(every > 0, 'SI113: an audit is due after some captures', { every })
    const count = (this.#captures.get(container) ?? 0) + 1
    this.#captures.set(container, count)
    if (count < every) return false
    const isLast = this.#last === container
    if (this.current !== null) {
      this.#missed ||= !isLast
      return false
    }
    // Once, so that it is not always the same one that comes first.
    const givesWay = isLast && this.#missed
    this.#missed = false
    if (givesWay) return false
    this.#captures.set(container, 0)
    this.#last = container
    return true
  }
}
