/**
 * What a program is given: its locus. Everything here runs on the program's own thread and blocks in place.
 *
 * Between two safepoints a program's work is all or nothing. A safepoint, a keyed wait, a snapshot: there the locus may be
 * captured, and after a rollback or a kill the program is entered again from its beginning, with `resumed` set, the same
 * arguments, its registers and its container as they stood there. A `Locus` is good for one invocation and refuses after it.
 */
import {
  asPort,
  containerCalls,
  hereCapref,
  locusCalls,
  locusPort,
  managerDowncalls,
  rights,
  semaphoreCalls,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type Reply,
  type ResultOf,
  type Status,
} from '@katydid/abi'
import { orderAs } from '@katydid/actor'
import { containerSize, type Attachment, type Window } from '@katydid/memory'
import { decodeBlock } from './block.js'
import { invokeDurably, type InvokeOptions } from './durable-invoke.js'
import { invoke } from './invoke.js'
import { LocusError } from './locus-error.js'
import type { Frame, LocusThread } from './locus-thread.js'
import { makeContainer, type NewContainer } from './make-container.js'
import { Past } from './past.js'
import { print, type PrintOptions } from './print.js'
import { Registers } from './registers.js'
import { semaphoreP } from './semaphore.js'
import { sleepOn, wakeOn } from './sleep.js'
import type { Holder } from './structures/memory.js'
import { remoteDeadlineMs } from './remote-invoke.js'
import { isThenable } from './thenable.js'
import { openWindow } from './open-window.js'
import { transact, type TransactionOptions } from './transaction/transact.js'
import type { Transaction } from './transaction/transaction.js'

/** How long a capture may take until its caller gives up waiting for the answer. */
const snapshotDeadlineMs = 60_000

// Taken as the module is loaded: while the program of a logged container runs the globals are others.
const realNow = Date.now.bind(Date)
const realRandom = Math.random.bind(Math)

export class Locus implements Holder<Window> {
  /** The locus's name in its world; empty for none. */
  readonly name: string
  /** The argument block of this invocation: a copy. */
  readonly args: Uint8Array
  /** True when the program was entered before and went back: registers and container say how far it had come. */
  readonly resumed: boolean
  readonly registers: Registers
  /** As a holder of locks. */
  readonly mark: number
  readonly #thread: LocusThread
  readonly #frame: Frame
  readonly #i32: Int32Array<SharedArrayBuffer>
  readonly #gate: number
  readonly #containerGate: number
  readonly #suspended: number
  readonly #locks: number
  readonly #pinned: number
  readonly #gen: number
  readonly #own: Attachment

  /** Made for each invocation by the locus's thread; a program never makes one. */
  constructor(thread: LocusThread, frame: Frame, name: string) {
    const { region, slot } = thread
    this.name = name
    this.args = frame.args
    this.resumed = frame.resumed
    this.registers = frame.depth === 0 ? Registers.ofLocus(region, slot) : Registers.ofInvocation()
    this.mark = thread.mark
    this.#thread = thread
    this.#frame = frame
    this.#i32 = region.i32
    this.#gate = region.machineWord('gate')
    this.#containerGate = region.containerWord(frame.container, 'gate')
    this.#suspended = region.locusWord(slot, 'suspended')
    this.#locks = region.locusWord(slot, 'locks')
    this.#pinned = region.locusWord(slot, 'pinned')
    this.#gen = region.containerWord(frame.container, 'gen')
    this.#own = frame.uses.own
  }

  /**
   * The argument block as the value `encodeBlock` packed; undefined for an empty block. `check` makes sure of its shape; without
   * it the invoker is trusted.
   */
  argument<T>(check: (value: unknown) => T = (value) => value as T): T {
    return check(this.args.length === 0 ? undefined : decodeBlock(this.args))
  }

  /** The container's size in bytes. */
  get size(): number {
    return containerSize(this.#thread.region, this.#frame.container)
  }

  /**
   * The time, in whole milliseconds since 1970. Good at every level: in a visit of a container whose level is `logging` or
   * `deterministic` it is part of the record, and the same when the visit is run again.
   */
  now(): number {
    return Math.floor(this.#frame.visit?.now() ?? realNow())
  }

  /** A random number from 0 up to 1. Good at every level, as `now` is. */
  random(): number {
    return this.#frame.visit?.random() ?? realRandom()
  }

  /** A capability for the container the program runs in. */
  get container(): Capref {
    return this.#frame.capref
  }

  /**
   * A window on [base, base + length) of the container. One container supplies all its pages: this one, or the one mapped there.
   * Without a length it goes as far as that does, within a 2 GiB slab. A window whose part of the container is mapped
   * or unmapped later refuses; open it again. `misaligned`: base is not a multiple of the page size, or length not of 8;
   * `out_of_window`, `too_large`, `no_resource`, `entity_gone` (what was mapped there) as window_open says.
   */
  window(base = 0, length?: number): Window {
    const frame = this.#require()
    if (length === 0) throw new LocusError('too_large', 'a window has a length')
    if (length !== undefined && length % 8 !== 0)
      throw new LocusError('misaligned', `a window’s length is a multiple of 8, not ${length}`)
    return openWindow(this.#thread, frame, base, length ?? 0)
  }

  /**
   * Maps [sourceAt, sourceAt + length) of the container of `source` into this one at `at`, from where a window reaches it; own
   * pages there are hidden meanwhile. All are multiples of the page size. Read-only unless `write`. The same again
   * is ok, so a program may do it each time it is entered. `view_held`; else refuses as container_map says.
   */
  map(
    at: number,
    length: number,
    source: Capref,
    sourceAt = 0,
    access: 'read' | 'write' = 'read',
  ): void {
    const allowed = access === 'write' ? rights.read | rights.write : rights.read
    const args = { cont: hereCapref, at, length, source, sourceAt, rights: allowed }
    this.#requireNoView('map')
    this.#must(containerCalls.containerMap, args)
  }

  /** Ends the mapping at exactly [at, at + length). `not_mapped`, `view_held`. */
  unmap(at: number, length: number): void {
    this.#requireNoView('unmap')
    this.#must(containerCalls.containerUnmap, { cont: hereCapref, at, length })
  }

  /**
   * A point at which the program can begin again: registers and container say all. Cheap enough for every round of a loop. May
   * rest here while the world is captured. In a nested invocation it only lets removals pass. `view_held`, `lock_held`.
   */
  safepoint(): void {
    const i32 = this.#i32
    if (
      i32[this.#gate] === 0 &&
      i32[this.#containerGate] === 0 &&
      i32[this.#suspended] === 0 &&
      i32[this.#locks] === 0 &&
      i32[this.#pinned] === 0 &&
      i32[this.#gen] === this.#own.generation &&
      this.#thread.current === this.#frame
    )
      return
    this.#safepointSlowly()
  }

  /**
   * Sleeps while the word at `offset` holds `expected`, until it is notified or `timeoutMs` has passed; look at the word again
   * afterwards. A safepoint as of its entry. `not_equal`: the word holds something else.
   */
  wait(
    window: Window,
    offset: number,
    expected: number,
    timeoutMs = Infinity,
  ): 'ok' | 'not_equal' | 'timed_out' {
    if (!(timeoutMs >= 0))
      throw new LocusError('bad_argument', `a time-out is 0 ms or more, not ${timeoutMs}`)
    this.safepoint()
    this.#thread.requireHome('a wait')
    this.#frame.visit?.cannotLog('a wait')
    const { presence, waits } = this.#thread
    // Faulted in before the key is published; afterwards the load of the word decides.
    if (window.atomicLoad(offset) !== expected) return 'not_equal'
    return waits.wait(
      window.attachment.container,
      window.origin + offset,
      () => window.atomicLoad(offset) === expected,
      (woken) =>
        this.#frame.depth === 0
          ? presence.restUntil(woken, timeoutMs)
          : presence.quietUntil(woken, timeoutMs),
    )
  }

  /** Wakes up to `most` loci that wait on the word, after it was changed. Answers how many. */
  notify(window: Window, offset: number, most = Infinity): number {
    this.#thread.requireHome('notify')
    this.#require().visit?.cannotLog('notify')
    // Refuses an offset that is no word of the window, as the wait would.
    window.atomicLoad(offset)
    return this.#thread.waits.notify(window.attachment.container, window.origin + offset, most)
  }

  /**
   * Runs foreign code (files, parsing) without holding up the machine. It must not touch the locus or its windows; it blocks a
   * capture until the next safepoint. `program_is_async`: it returned a promise.
   */
  outside<T>(foreign: () => T): T {
    const frame = this.#require()
    this.#requireNoView('outside')
    frame.visit?.cannotLog('outside')
    this.#thread.move(null)
    let result: T
    try {
      result = this.#thread.presence.quietly(foreign)
    } finally {
      this.#thread.move(frame)
    }
    if (isThenable(result))
      throw new LocusError(
        'program_is_async',
        'the function given to outside returned a promise; use its synchronous form',
      )
    return result
  }

  /**
   * Invokes the container of `capref` and answers the block it returns. Block and result are copies, of at most 32 KiB each.
   * An exception there is `program_failed` here. Not a safepoint; what runs there cannot be captured until it returns.
   *
   * A container of another machine is invoked in the same way, by messages. `unreachable`: no answer came within `deadlineMs` (a minute unless given, an hour at the most), and nobody knows
   * whether it was, or will be, carried out.
   *
   * With `durable: 'recoverable'` it returns when no crash can undo the answer, and is a safepoint from the moment that has arrived:
   * the program, entered again from there, gets it from the same call, and nothing is invoked twice. What the invoked throws
   * is thrown at once, and is no answer. `busy`: this is a nested invocation; `bad_argument`: entered again the program gave another block;
   * `timed_out`: answered, and not known to be recoverable after a minute.
   */
  invoke(
    capref: Capref,
    block: Uint8Array = new Uint8Array(0),
    options: InvokeOptions = {},
  ): Uint8Array {
    const frame = this.#require()
    const { durable = 'volatile', deadlineMs = remoteDeadlineMs } = options
    const plainly = (): Uint8Array =>
      invoke(
        this.#thread,
        frame,
        capref,
        block,
        deadlineMs,
        (inner) => new Locus(this.#thread, inner, this.name),
      )
    return durable === 'volatile'
      ? plainly()
      : invokeDurably(this.#thread, frame, block, durable, plainly)
  }

  /**
   * Asks for a snapshot of the container and answers its name, the state interval it ends. A safepoint: after a rollback to it
   * the program is entered again. `busy`: a locus did not come to rest, or this is a nested invocation.
   */
  snapshot(): number {
    const frame = this.#require()
    this.#thread.requireFree('a snapshot')
    if (frame.depth > 0)
      throw new LocusError(
        'busy',
        'an invocation inside another cannot be saved; ask for the snapshot from the outermost',
      )
    const { messenger, presence } = this.#thread
    const reply = presence.resting(() =>
      messenger.callSync(
        asPort(0),
        managerDowncalls.snapshotRequest,
        { cont: hereCapref },
        snapshotDeadlineMs,
      ),
    )
    if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
    return reply.stateInterval
  }

  /**
   * Takes one off the semaphore's count, waiting for it up to `timeoutMs`, in the order in which loci came. A safepoint as of its
   * entry. What was done before the signals that it took from is done here. Refuses as semaphore_p says.
   */
  semaphoreP(sem: Capref, timeoutMs = Infinity): 'ok' | 'timed_out' {
    const frame = this.#require()
    this.#thread.requireHome('semaphore_p')
    frame.visit?.cannotLog('semaphore_p')
    return semaphoreP(this.#thread, frame, sem, timeoutMs)
  }

  /** Adds to the semaphore's count: who has waited longest goes on. Refuses as semaphore_v says. */
  semaphoreV(sem: Capref, n = 1): void {
    this.#must(semaphoreCalls.semaphoreV, { sem, n })
  }

  /**
   * Runs `body` as a transaction on the container of `cont`, whose manager is transactional, and answers what it returns: its
   * reads and writes through the transaction's windows take effect at one instant, or not at all, and the registers with
   * them. A body may be entered several times: after a deadlock it is run again. What it throws ends the transaction and is thrown on.
   * A safepoint as of its entry, and at its end unless `durable` is `volatile`: it returns when no crash can undo it. `conflict`:
   * gave way more than `retries` times; `timed_out`: it took longer than `timeoutMs`, or is committed and not yet known to be
   * recoverable, as the sentence says; else refuses as transaction_begin and locus_stabilise say.
   */
  transaction<T>(
    cont: Capref,
    body: (transaction: Transaction) => T,
    options: TransactionOptions = {},
  ): T {
    const frame = this.#require()
    this.#thread.requireFree('a transaction')
    this.#thread.requireHome('a transaction')
    frame.visit?.cannotLog('a transaction')
    const parts = { thread: this.#thread, frame, registers: this.registers }
    return transact({ ...parts, safepoint: () => this.safepoint() }, cont, body, options)
  }

  /**
   * Makes a locus that invokes the container of `cont` with the block, and answers its number and a capability for it. It is
   * there for good once a snapshot taken after this is recoverable. Refuses as locus_create says.
   */
  createLocus(
    cont: Capref,
    block: Uint8Array = new Uint8Array(0),
    name = '',
  ): { readonly locus: number; readonly cap: Capref } {
    const { locus, cap } = this.#must(locusCalls.locusCreate, { cont, block, name })
    return { locus, cap }
  }

  /**
   * Makes a container for the manager of that name and answers its master capability: to map it here, to invoke it, to hand it on.
   * It is there for good once a snapshot taken after this is recoverable. `no_manager`: the manager does not take it on;
   * `bad_argument`: the world has no such manager, or the name is taken; else refuses as container_create and manage_request say.
   */
  createContainer(options: NewContainer): Capref {
    return makeContainer((signature, args) => this.call(signature, args), options)
  }

  /** The snapshots retained of the container (default: the one the program runs in), to be opened for reading or forked. */
  past(cont: Capref = hereCapref): Past {
    const ask = <S extends AnySignature>(signature: S, args: ArgsOf<S>): Reply<S> => {
      this.#require().visit?.cannotLog(signature.name)
      this.#thread.requireHome(signature.name)
      return this.#thread.call(signature, args, snapshotDeadlineMs)
    }
    return new Past(ask, cont)
  }

  /** Makes a call on the kernel, for containers, capabilities and loci. Answers its reply, refusals too. */
  call<S extends AnySignature>(signature: S, args: ArgsOf<S>): Reply<S> {
    this.#require().visit?.cannotLog(signature.name)
    this.#thread.requireHome(signature.name)
    return this.#thread.call(signature, args)
  }

  /**
   * Prints a line on the world's console. It is held until no crash can undo it, and then told, once, in the order in which the container's
   * lines were printed; when the container goes back before that, it was never printed. With `durable: 'volatile'` it is told at once and marked.
   * Answers its number among the lines of the container, which no other line that is told has; 0 for a volatile one. Not a safepoint.
   *
   * `no_resource`: as many lines wait as may, so come to a safepoint and print again; `too_large`: it has more than 16 KiB;
   * `transaction_open`, `bad_argument`.
   */
  print(text: string, options: PrintOptions = {}): number {
    this.#thread.requireHome('print')
    this.#require().visit?.cannotLog('print')
    return print(this.#thread, text, options)
  }

  /**
   * Tells the host something about the run, without waiting: what the program does, and not what it has done. It is told again when the
   * program goes back over it, and may be told of something that never was; what shall stay true is printed.
   */
  log(text: string): void {
    if (this.#frame.visit?.says(text) === false) return
    const port = locusPort(this.#thread.slot)
    orderAs(port, { order: 'report', event: { kind: 'log', port, text } })
  }

  lockTaken(): void {
    this.#i32[this.#locks] = this.#i32[this.#locks]! + 1
  }

  lockReleased(): void {
    this.#i32[this.#locks] = this.#i32[this.#locks]! - 1
  }

  sleep(memory: Window, offset: number, expected: number, timeoutMs: number): void {
    this.#require().visit?.cannotLog('a wait for a lock')
    sleepOn(this.#thread, memory, offset, expected, timeoutMs)
  }

  wake(memory: Window, offset: number, most: number): void {
    wakeOn(this.#thread, memory, offset, most)
  }

  #safepointSlowly(): void {
    const frame = this.#require()
    this.#thread.requireFree('a safepoint')
    const { words } = this.#thread.region
    const wanted =
      words.load(this.#gate) !== 0 ||
      words.load(this.#containerGate) !== 0 ||
      words.load(this.#suspended) !== 0
    if (frame.depth === 0 && wanted) {
      this.#thread.trace.event('safepoint')
      this.#thread.presence.rest()
    } else frame.uses.own.acknowledge()
  }

  #must<S extends AnySignature>(signature: S, args: ArgsOf<S>): ResultOf<S> {
    const reply = this.call(signature, args)
    if (reply.status !== 'ok') throw refusalOf(reply)
    return reply as ResultOf<S>
  }

  /** The invocation, if it is the one that runs now. */
  #require(): Frame {
    if (this.#thread.current === this.#frame) return this.#frame
    if (this.#thread.current?.within === this.#frame)
      throw new LocusError(
        'transaction_open',
        'a transaction is open, and what is not of it could not be undone with it; use the transaction’s own windows, and do the rest before or after it',
      )
    throw new LocusError(
      'access_denied',
      'this invocation is not the one that runs now: it has returned, has invoked another, or is in outside()',
    )
  }

  #requireNoView(what: string): void {
    if (this.#i32[this.#pinned] === 0) return
    throw new LocusError(
      'view_held',
      `a view of a page is held by eachPage; ${what} must come after eachPage has returned`,
    )
  }
}

function refusalOf(reply: { readonly status: string; readonly detail?: string }): LocusError {
  return new LocusError(reply.status as Status, reply.detail ?? '')
}
