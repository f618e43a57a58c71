/**
 * The litmus tests: small programs, each with an outcome that no interleaving of its threads gives. Whether an outcome is one is asked of the
 * checker, from the history; the name of what was relaxed is only for the reader.
 */
import type { History, Operation } from './history.js'

/** What a thread does at one place: stores a value, or loads. */
export interface Step {
  readonly kind: 'load' | 'store'
  readonly location: 'x' | 'y'
  readonly value?: number
}

const store = (location: 'x' | 'y', value: number): Step => ({ kind: 'store', location, value })
const load = (location: 'x' | 'y'): Step => ({ kind: 'load', location })

export const litmus = {
  'store buffering': [
    [store('x', 1), load('y')],
    [store('y', 1), load('x')],
  ],
  'message passing': [
    [store('x', 1), store('y', 1)],
    [load('y'), load('x')],
  ],
  IRIW: [[store('x', 1)], [store('y', 1)], [load('x'), load('y')], [load('y'), load('x')]],
  coherence: [
    [store('x', 1), store('x', 2)],
    [load('x'), load('x')],
    [load('x'), load('x')],
  ],
} as const satisfies Readonly<Record<string, readonly (readonly Step[])[]>>

export type LitmusName = keyof typeof litmus
export const litmusNames = Object.keys(litmus) as readonly LitmusName[]

/** The outcome of each that sequential consistency forbids: what its loads read, thread by thread. */
export const relaxed: Readonly<Record<LitmusName, readonly (readonly number[])[]>> = {
  'store buffering': [[0], [0]],
  'message passing': [[], [1, 0]],
  IRIW: [[], [], [1, 0], [1, 0]],
  coherence: [[], [1, 2], [2, 1]],
}

/** The history of one run, from what its loads read, thread by thread. */
export function historyOf(name: LitmusName, read: readonly (readonly number[])[]): History {
  return litmus[name].map((thread: readonly Step[], i) => {
    const values = [...read[i]!]
    return thread.map(({ kind, location, value }): Operation => ({
      kind,
      location,
      value: kind === 'store' ? value! : values.shift()!,
    }))
  })
}
