/**
 * Running a program's function as a transaction: begin, run, commit; once more after a deadlock; and then the wait for the
 * commit to be recoverable, at rest.
 *
 * While it is open the locus uses the transaction's page table and nothing else of any container: everything of the
 * invocation that could not be undone refuses. The registers belong to it.
 */
import { transactionCalls, type Capref, type Fate, type ResultOf } from '@katydid/abi'
import { InvariantViolation, systemClock } from '@katydid/actor'
import { allowed } from '../capability.js'
import { receive, stampOf } from '@katydid/memory'
import { untilRecoverable } from '../recoverable.js'
import { arrived, comeIn, goOut, newTree } from '../entrance.js'
import { LocusError } from '../locus-error.js'
import type { Frame, LocusThread } from '../locus-thread.js'
import type { Registers } from '../registers.js'
import { isThenable } from '../thenable.js'
import { OverlayUse } from './overlay-use.js'
import { Transaction } from './transaction.js'

export interface TransactionOptions {
  /** How often the body is run again after it gave way in a deadlock; default 20. */
  readonly retries?: number
  /** In milliseconds, 1 to 5000, for each try; default 1000. A snapshot waits for open transactions, and for two seconds at most. */
  readonly timeoutMs?: number
  /** `recoverable` (default): returns when no crash can undo the commit. `volatile`: returns at once; a crash may undo it, whole. */
  readonly durable?: 'recoverable' | 'volatile'
}

type Begun = ResultOf<typeof transactionCalls.transactionBegin>
type Container = Frame['container']

interface Parts {
  readonly thread: LocusThread
  readonly frame: Frame
  readonly registers: Registers
  readonly safepoint: () => void
}

type Outcome<T> =
  | { readonly fate: 'committed'; readonly value: T }
  | { readonly fate: Fate; readonly error: unknown }

const defaults = { retries: 20, timeoutMs: 1000, durable: 'recoverable' } as const
/** A commit that is not recoverable after so long is not waited for. */
const durableMs = 60_000
/** Between two tries of what is refused only for a moment. */
const pauseMs = 20

/** See `Locus.transaction`. */
export function transact<T>(
  parts: Parts,
  cont: Capref,
  body: (transaction: Transaction) => T,
  options: TransactionOptions,
): T {
  const { retries, timeoutMs, durable } = { ...defaults, ...options }
  if (durable === 'recoverable' && parts.frame.depth > 0)
    throw new LocusError(
      'busy',
      'an invocation inside another cannot be saved, so it cannot wait until its commit is recoverable; commit volatile, or from the outermost',
    )
  const { thread, frame } = parts
  const below = allowed(thread.region, thread.slot, frame.container, cont, 'write')
  for (let tries = 0, age = 0; ; tries++) {
    parts.safepoint()
    const outcome = visiting(parts, below, () => {
      const begun = begin(parts, { cont, timeoutMs, age })
      age = begun.age
      return attempt(parts, begun, body)
    })
    if (outcome.fate === 'committed') {
      if (durable === 'recoverable') untilRecoverable(parts.thread, 'the transaction is committed')
      return outcome.value
    }
    if (outcome.fate !== 'conflict' || tries >= retries) throw outcome.error
  }
}

/** In another container a transaction is as an invocation: it is let in at the gate, and no capture there comes in the middle of it. */
function visiting<T>({ thread, frame }: Parts, below: Container, work: () => T): T {
  if (below === frame.container) return work()
  const tree = frame.tree ?? newTree(thread.region, frame.container)
  comeIn(thread, tree, frame.container, below)
  // Ours will depend on the interval that is open there, also when nothing is committed: a point that ends it has to come.
  thread.region.words.store(thread.region.containerWord(below, 'ran'), 1)
  try {
    return work()
  } finally {
    goOut(thread.region, below)
    // Until here its record says where it is counted: should it be lost, that container goes back and counts anew.
    arrived(thread)
  }
}

function begin(
  { thread }: Parts,
  args: { readonly cont: Capref; readonly timeoutMs: number; readonly age: number },
): Begun {
  const until = systemClock.nowMs() + durableMs
  for (;;) {
    const reply = thread.call(transactionCalls.transactionBegin, args)
    if (reply.status === 'ok') return reply
    // The world goes back in this moment: this thread is about to be ended, and the program entered again.
    if (reply.status !== 'frozen' || systemClock.nowMs() > until)
      throw new LocusError(reply.status, reply.detail)
    thread.presence.quietUntil(() => false, pauseMs)
  }
}

/** One try of the body. The transaction has ended when this returns, and left nothing unless it is committed. */
function attempt<T>(parts: Parts, begun: Begun, body: (transaction: Transaction) => T): Outcome<T> {
  const { thread, frame, registers } = parts
  const { words } = thread.region
  const locks = thread.region.locusWord(thread.slot, 'locks')
  const [before, locksBefore] = [registers.copy(), words.load(locks)]
  const outcome = enter(parts, begun, body)
  const held = words.load(locks) - locksBefore
  words.store(locks, locksBefore)
  const ended =
    outcome.fate === 'committed'
      ? held === 0
        ? commit(parts, begun, outcome)
        : abort(parts, begun, lockHeld(held))
      : abort(parts, begun, outcome.error)
  // What it read is known here from now on, whether it committed or not.
  receive(thread.region, frame.container, stampOf(thread.region, begun.below as Container))
  if (ended.fate !== 'committed') registers.restore(before)
  return ended
}

/** Runs the body on the overlay; `committed` means here that it is ready to be. */
function enter<T>(
  { thread, frame, registers }: Parts,
  begun: Begun,
  body: (transaction: Transaction) => T,
): Outcome<T> {
  const use = OverlayUse.of(thread, begun.overlay, begun.slot)
  const inside: Frame = { ...frame, uses: use.uses, within: frame }
  thread.move(inside)
  try {
    const parts = { thread, registers }
    const value = body(new Transaction(parts, inside, begun.transaction, use))
    if (!isThenable(value)) return { fate: 'committed', value }
    const sentence = 'the body of the transaction returned a promise; transactions are synchronous'
    return { fate: 'open', error: new LocusError('program_is_async', sentence) }
  } catch (error) {
    if (error instanceof InvariantViolation) throw error
    return { fate: 'open', error }
  } finally {
    // From here on it uses no translation of the overlay: a commit moves its frames.
    thread.move(frame)
  }
}

function commit<T>(
  { thread, frame }: Parts,
  { transaction, below }: Begun,
  ready: Outcome<T>,
): Outcome<T> {
  // The container depends on where the commit comes from. Noted before: too early is safe, too late is not.
  receive(thread.region, below as Container, stampOf(thread.region, frame.container))
  const reply = thread.call(transactionCalls.transactionCommit, { transaction }, Infinity)
  if (reply.status === 'ok') return ready
  if (reply.status === 'conflict' || reply.status === 'timed_out')
    return { fate: reply.status, error: endedEarly(reply.status) }
  throw lost(thread, reply)
}

function abort(
  { thread }: Parts,
  { transaction }: Begun,
  error: unknown,
): Exclude<Outcome<never>, { fate: 'committed' }> {
  const reply = thread.call(transactionCalls.transactionAbort, { transaction }, Infinity)
  if (reply.status !== 'ok') throw lost(thread, reply)
  // What the body threw came of that end, or does not matter any more.
  return reply.fate === 'open'
    ? { fate: 'open', error }
    : { fate: reply.fate, error: endedEarly(reply.fate) }
}

/** The manager is gone, and the world goes back: this thread is ended before it would go on, unless nobody does. */
function lost(
  thread: LocusThread,
  reply: { readonly status: LocusError['status']; readonly detail: string },
): LocusError {
  thread.presence.quietUntil(() => false, 2000)
  return new LocusError(reply.status, reply.detail)
}

const lockHeld = (held: number): LocusError =>
  new LocusError(
    'lock_held',
    `the body of the transaction returned with ${held} lock(s) of standard structures held; release them in it`,
  )

const endedEarly = (why: Exclude<Fate, 'open'>): LocusError =>
  why === 'conflict'
    ? new LocusError('conflict', 'the transaction gave way to older ones too often')
    : new LocusError(
        'timed_out',
        'the transaction took longer than its time-out and never was; do less in one, or give it more',
      )
