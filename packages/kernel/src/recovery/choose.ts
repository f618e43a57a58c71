/**
 * Choosing the line: from the newest capture down, the first all of whose containers' managers have its labels stable.
 * Never below what was announced, unless what was announced is damaged; then the sentence says so.
 */
import { asInterval, asPort, asToken, managerUpcalls } from '@katydid/abi'
import { ask, invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Capture } from '../state-interval/capture-table.js'
import type { SavedContainer } from '../state-interval/records.js'

import { problemOf, type Problem } from './problem.js'

/** A manager that starts reads its part of the log before it answers. */
export const answerMs = 60_000

export interface Choice {
  /** Nil: the empty world. */
  readonly capture: Capture | null
  readonly damage: string | null
}

/** The capture to go back to; a problem when a manager did not answer; nil when nothing can be restored, and the world has failed. */
export function* chooseLine(
  machine: Machine,
  captures: readonly Capture[],
): Script<Choice | Problem | null> {
  const known = new Map<string, boolean>()
  const newestFirst = [...captures].sort((a, b) => b.id - a.id)
  const lost: number[] = []
  for (const capture of newestFirst) {
    const stable = yield* isRestorable(machine, capture, known)
    if (typeof stable !== 'boolean') return stable
    if (stable) return { capture, damage: damageOf(machine, capture.id, lost) }
    lost.push(capture.id)
  }
  if (machine.captures.line > 0) {
    const sentence = `capture ${machine.captures.line} was reported recoverable, and no capture can be restored`
    machine.fail('damaged', sentence)
    return null
  }
  return { capture: null, damage: null }
}

function damageOf(machine: Machine, chosen: number, lost: readonly number[]): string | null {
  invariant(
    lost.every((each) => each > chosen),
    'SI13: the newest restorable capture is chosen',
    { chosen },
  )
  return chosen < machine.captures.line
    ? `capture ${machine.captures.line} was reported recoverable and cannot be restored; the world is back at ${chosen}`
    : null
}

function* isRestorable(
  machine: Machine,
  capture: Capture,
  known: Map<string, boolean>,
): Script<boolean | Problem> {
  for (const saved of capture.record.containers) {
    if (saved.manager === null || saved.label === 0) continue
    if (machine.managers.isGivenUp(saved.manager)) {
      if (!wasOnLine(machine, saved)) return false
      continue
    }
    const key = `${saved.manager} ${saved.token} ${saved.label}`
    const cached = known.get(key)
    const stable = cached ?? (yield* askManager(machine, saved))
    if (typeof stable !== 'boolean') return stable
    known.set(key, stable)
    if (!stable) return false
  }
  return true
}

/** Its manager cannot be asked: what was announced as recoverable holds, and nothing newer is relied on. */
function wasOnLine(machine: Machine, { slot, generation, label }: SavedContainer): boolean {
  const { base } = machine.captures
  const announced = base?.record.containers.find(
    (each) => each.slot === slot && each.generation === generation,
  )
  return announced !== undefined && label <= announced.label
}

function* askManager(machine: Machine, saved: SavedContainer): Script<boolean | Problem> {
  const port = asPort(saved.manager!)
  if (machine.managers.at(port)?.state !== 'running')
    return problemOf(port, `the manager of “${saved.name}” (port ${port}) does not run`)
  const args = { cont: asToken(saved.token), stateInterval: asInterval(saved.label) }
  const reply = yield* ask(
    machine.messenger,
    port,
    managerUpcalls.stateIntervalQuery,
    args,
    answerMs,
  )
  if (reply.status === 'ok') return reply.state === 'stable' || reply.state === 'recoverable'
  if (reply.status === 'no_such_container') return false
  return problemOf(
    port,
    `the manager of “${saved.name}” did not say what it has: ${reply.status}, ${reply.detail}`,
  )
}
