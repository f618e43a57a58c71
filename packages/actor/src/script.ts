/**
 * Sequences of calls without promises: a generator yields what it waits for and is resumed from the mail loop, so the
 * same core runs on threads and in the simulator. Several scripts may be under way; each runs until its next wait.
 */
import type { AnySignature, ArgsOf, PortId, Reply } from '@katydid/abi'
import { invariant } from './invariant.js'
import type { Messenger } from './messenger.js'

/** What a script yields: starts something, and later passes its outcome to `resume`, once. */
export type Ask = (resume: (outcome: unknown) => void) => void

/** A sequence with waits in it, whose result is a `T`. */
export type Script<T> = Generator<Ask, T, unknown>

/** Makes a call and waits for its reply: `const reply = yield* ask(messenger, to, signature, args)`. */
export function* ask<S extends AnySignature>(
  messenger: Messenger,
  to: PortId,
  signature: S,
  args: ArgsOf<S>,
  deadlineMs?: number,
): Generator<Ask, Reply<S>, unknown> {
  return yield* until<Reply<S>>((resume) => messenger.call(to, signature, args, resume, deadlineMs))
}

/** Waits for anything that reports by a callback. */
export function* until<T>(start: (resume: (outcome: T) => void) => void): Script<T> {
  return (yield start) as T
}

/** Runs several scripts at once and waits for all; results are in the order given. */
export function* all<T>(messenger: Messenger, scripts: readonly Script<T>[]): Script<T[]> {
  if (scripts.length === 0) return []
  return yield* until<T[]>((resume) => {
    const results: T[] = []
    let left = scripts.length
    for (const [index, script] of scripts.entries()) {
      run(messenger, script, (result) => {
        results[index] = result
        left -= 1
        if (left === 0) resume(results)
      })
    }
  })
}

/**
 * Starts a script and returns at its first wait. What the script throws comes out of whoever resumed it, so that a bug
 * ends the actor.
 */
export function run<T>(
  messenger: Messenger,
  script: Script<T>,
  onDone?: (result: T) => void,
): void {
  const resume = (outcome: unknown): void => {
    let next = script.next(outcome)
    while (next.done !== true) {
      const wait = { arrived: false, outcome: undefined as unknown, starting: true }
      next.value((result) => {
        invariant(!wait.arrived, 'AC9: what a script waits for arrives once', {
          port: messenger.port,
        })
        wait.arrived = true
        wait.outcome = result
        if (!wait.starting) resume(result)
      })
      wait.starting = false
      if (!wait.arrived) return
      // It arrived while it was being started: a generator cannot be resumed from inside itself, so go round.
      next = script.next(wait.outcome)
    }
    onDone?.(next.value)
  }
  resume(undefined)
}
