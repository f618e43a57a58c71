/** Containers that went back: from which interval to which, and why. Told in an event, kept for the status, noted in the trace. */
import { invariant } from '@katydid/actor'
import { isAuditCopy } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { KnownPoint } from './known-points.js'
import type { Because } from './least-rollback.js'

export interface Moved {
  readonly container: string
  readonly slot: number
  /** The interval that was open; 0: the container was not there. */
  readonly from: number
  /** The interval whose end it is back at; 0: it is as it was made, or gone with what made it. */
  readonly to: number
  /** As a sentence. */
  readonly because: string
  /** Nil: it was lost itself, or all of the world goes back. */
  readonly cause: Because | null
}

/** A user container of the present. */
export interface Present {
  readonly container: string
  readonly slot: number
  readonly generation: number
  readonly interval: number
}

/** So many rollbacks are remembered for the status. */
const remembered = 16

/** What there is, before it goes back. */
export const presentOf = (machine: Machine): Present[] =>
  machine.containers
    .live()
    .filter((each) => !each.selfManaged && !isAuditCopy(each))
    .map(({ name: container, slot, generation }) => ({
      container,
      slot,
      generation,
      interval: machine.containers.interval(slot),
    }))

/** All of the world went back to these points. */
export function movedTo(
  before: readonly Present[],
  points: readonly KnownPoint[],
  because: string,
): Moved[] {
  invariant(because !== '', 'SI73: a rollback says why', { points: points.length })
  const back = points.flatMap(({ container, interval }): Moved[] => {
    if (container === null) return []
    const { name, slot, generation } = container
    const was = before.find((each) => each.slot === slot && each.generation === generation)
    const from = was?.interval ?? 0
    return [{ container: name, slot, from, to: interval, because, cause: null }]
  })
  const isBack = ({ slot, generation }: Present): boolean =>
    points.some(({ container: to }) => to?.slot === slot && to.generation === generation)
  const gone = before
    .filter((each) => !isBack(each))
    .map(({ container, slot, interval }) => ({
      container,
      slot,
      from: interval,
      to: 0,
      because,
      cause: null,
    }))
  return [...back, ...gone]
}

/** The rollback is over: whoever wants to know it does. */
export function tellMoved(machine: Machine, reason: string, moved: readonly Moved[]): void {
  const { captures, session } = machine
  invariant(reason !== '', 'SI73: a rollback says why', { session })
  machine.counters.add('rollbacks')
  machine.rollbacks.push({ session, atMs: machine.date(), line: captures.line, reason, moved })
  machine.rollbacks.splice(0, machine.rollbacks.length - remembered)
  for (const { slot, from, to, cause } of moved) {
    machine.trace('rollback', slot, to)
    machine.trace('rollback_from', slot, from)
    if (cause !== null) machine.trace('rollback_because', cause.unit, cause.interval)
  }
  machine.report({
    kind: 'rollback',
    capture: captures.line,
    reason,
    containers: moved.filter(({ to }) => to > 0).map(({ container }) => container),
    moved: moved.map(({ container, from, to, because }) => ({ container, from, to, because })),
  })
}
