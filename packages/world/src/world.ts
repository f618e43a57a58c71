/**
 * An open world, as its host sees it: promises and copies only, never a view, never a blocking call.
 *
 * Everything here is a call on the kernel or a wait for an event; nothing is decided.
 */
import path from 'node:path'
import {
  asInterval,
  asPort,
  containerCalls,
  durabilities,
  locusCalls,
  masterRights,
  outputCalls,
  rights,
  type Capref,
  type Durability,
  type MachineShape,
  type ResultOf,
  type WorldEvent,
} from '@katydid/abi'
import type { ChromeTrace } from '@katydid/actor'
import {
  defaultContainerBytes,
  enterProgram,
  findContainer,
  makeContainer,
  type Container,
} from './containers.js'
import { KatydidError } from './error.js'
import type { EventOf } from './events.js'
import { must } from './host-call.js'
import { goBackTo, listLines, type KeptLine, type RollbackReport } from './lines.js'
import { destroyLocus, findLocus, makeLocus, resultOf, resumeLocus, suspendLocus } from './loci.js'
import { LocusWait } from './locus-wait.js'
import type { Machine, MachinePart } from './machine.js'
import {
  beginAsSnapshot,
  dropSnapshot,
  listSnapshots,
  retainSnapshots,
  type RetainedSnapshot,
} from './past.js'
import { sumCounters, type CounterSums } from './progress.js'
import { findProgram } from './programs.js'
import { traceOf } from './traces.js'

export type WorldStatus = ResultOf<typeof locusCalls.worldStatus>

/** How the world came to be open. */
export interface Recovery {
  /** True when there was no world before. */
  readonly created: boolean
  /** The capture the world went back to; 0: the empty world. */
  readonly capture: number
  /** Milliseconds from the start of the kernel to the world's being as it was. */
  readonly ms: number
  /** What damage to stored bytes cost, as a sentence; null for none. */
  readonly damage: string | null
}

export interface RunOptions {
  /** Name of the container and the locus; default: the program's file name without its ending. */
  readonly name?: string
  /** What the program gets as its arguments, by value. */
  readonly args?: unknown
  readonly container?: {
    readonly name?: string
    readonly size?: number
    readonly manager?: string
  }
  readonly acceptChanged?: boolean
  /** See `ResultOptions`. */
  readonly durable?: Durability
}

/** How a locus came to its end. */
export interface LocusResult {
  /** What its outermost invocation returned; bytes that are no packed value are given as they are. */
  readonly result: unknown
  /** True when the world held the locus already, ended or not. */
  readonly resumed: boolean
}

/** When what a locus returned is told: when no crash can undo it (`recoverable`, the default), or at once. */
export interface ResultOptions {
  readonly durable?: Durability
}

/** A locus a host started or found. */
export interface LocusHandle {
  readonly name: string
  readonly locus: number
  readonly resumed: boolean
  /**
   * Settles when the result is recoverable; with `durable: 'volatile'` when it is there, and a crash may undo it. Rejects with `locus_lost`,
   * `program_failed` and their like.
   */
  result(options?: ResultOptions): Promise<LocusResult>
  /** Has it stay at its next safepoint, over restarts too; answers whether it stands still already. */
  suspend(): Promise<boolean>
  /** Lets it go on. */
  resume(): Promise<void>
  /**
   * Ends it; whoever waits for its result hears `entity_gone`. One that stands still leaves all else as it is; one that runs takes
   * its containers back, with whatever depends on what is lost with it.
   */
  destroy(): Promise<void>
}

export interface RunResult {
  /** What the program returned. */
  readonly result: unknown
  /** True when the world held the locus already. */
  readonly resumed: boolean
  /** True when the locus had ended before: nothing was run. */
  readonly stored: boolean
}

interface KnownManager {
  readonly port: number
  readonly name: string
}

/** How often `run` makes what the world lost before it was ever recoverable. */
const mostTries = 20

export class World {
  readonly dir: string
  readonly shape: MachineShape
  readonly recovery: Recovery
  readonly #machine: Machine
  readonly #release: () => Promise<void>
  #held = true
  #closed: Promise<void> | null = null

  constructor(options: {
    readonly dir: string
    readonly machine: Machine
    readonly recovery: Recovery
    /** Ends the machine and lets go of the directory. */
    readonly release: () => Promise<void>
  }) {
    this.dir = options.dir
    this.#machine = options.machine
    this.shape = options.machine.region.plan.shape
    this.recovery = options.recovery
    this.#release = options.release
  }

  /**
   * Runs a program in a container and a locus of its name, making both unless the world holds them already: then the
   * locus goes on from where it was, or, if it had ended, its stored result is answered at once. Resolves when the
   * result is recoverable; with `durable: 'volatile'` when it is there. Rejects with the status of what went wrong.
   */
  async run(program: string, options: RunOptions = {}): Promise<RunResult> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#runOnce(program, options)
      } catch (error) {
        // The world went back to before container or locus were made: nothing was promised yet, so they are made again.
        if (!(error instanceof KatydidError) || !error.again || tries === mostTries) throw error
      }
    }
  }

  async #runOnce(program: string, options: RunOptions): Promise<RunResult> {
    const { durable = 'recoverable' } = options
    checkDurable(durable)
    const name = options.name ?? path.basename(program).replace(/\.[^.]+$/, '')
    const container = await this.createContainer({
      name: options.container?.name ?? name,
      program,
      ...(options.container?.size === undefined ? {} : { size: options.container.size }),
      ...(options.container?.manager === undefined ? {} : { manager: options.container.manager }),
      acceptChanged: options.acceptChanged ?? false,
    })
    const known = await findLocus(this.#machine.host, name)
    if (known?.end === 'ok' && known.recoverable)
      return { result: resultOf(known.block), resumed: true, stored: true }
    const handle = await this.startLocus(container, { name, args: options.args })
    return { ...(await handle.result({ durable })), stored: false }
  }

  /** The container of that name: found, or made, adopted and given its program. */
  async createContainer(options: {
    readonly name: string
    readonly size?: number
    readonly program?: string
    /** Name of the manager that shall keep its pages; default: the self-managing one. Of a container that is there it stays as it is. */
    readonly manager?: string
    readonly acceptChanged?: boolean
  }): Promise<Container> {
    this.#mustBeOpen()
    const program = options.program === undefined ? null : findProgram(options.program)
    const { host } = this.#machine
    const found = await findContainer(host, options.name, options.manager)
    if (found === null) {
      const size = options.size ?? defaultContainerBytes
      return makeContainer(host, options.name, size, program, options.manager ?? '')
    }
    if (program !== null) await enterProgram(host, found, program, options.acceptChanged ?? false)
    return found
  }

  /**
   * Gives whatever runs in `to` a capability for `container`, with all rights unless fewer are named. What is answered goes into
   * a program's arguments: `locus.invoke(capref)`.
   */
  async grant(
    to: Container,
    container: Container,
    granted: number = masterRights,
  ): Promise<Capref> {
    this.#mustBeOpen()
    const about = `capability for container ${container.name}`
    const { cap } = await must(this.#machine.host, about, containerCalls.capCopy, {
      cap: container.capref,
      to: to.capref,
      rights: granted,
    })
    return cap
  }

  /**
   * Maps a region of `source` into `to`: programs there reach it by a window at `at`. All numbers are multiples of the page size; for
   * reading only unless `write`. The same again is ok. It is part of every snapshot, like the containers themselves.
   */
  async map(
    to: Container,
    source: Container,
    region: {
      readonly at: number
      readonly length: number
      readonly sourceAt?: number
      readonly access?: 'read' | 'write'
    },
  ): Promise<void> {
    this.#mustBeOpen()
    const { at, length, sourceAt = 0, access = 'read' } = region
    const about = `mapping of ${source.name} into ${to.name}`
    await must(this.#machine.host, about, containerCalls.containerMap, {
      cont: to.capref,
      source: source.capref,
      at,
      length,
      sourceAt,
      rights: access === 'write' ? rights.read | rights.write : rights.read,
    })
  }

  /** The locus of that name: found as it is, or made to invoke the container with these arguments. Rejects with `bad_argument` without a name. */
  async startLocus(
    container: Container,
    options: { readonly name: string; readonly args?: unknown },
  ): Promise<LocusHandle> {
    const { name, args } = options
    checkName(name)
    this.begin()
    const { host, events } = this.#machine
    const known = await findLocus(host, name)
    const locus = known?.locus ?? (await makeLocus(host, container, name, args))
    const resumed = known !== null
    return {
      name,
      locus,
      resumed,
      result: async ({ durable = 'recoverable' } = {}) => {
        checkDurable(durable)
        const block = await new LocusWait(host, events, name, locus, durable).end()
        // What it printed comes by another way: the result is told behind it.
        if (durable === 'recoverable') await this.#machine.outputSettled()
        return { result: resultOf(block), resumed }
      },
      suspend: () => suspendLocus(host, name, locus),
      resume: () => resumeLocus(host, name, locus),
      destroy: () => destroyLocus(host, name, locus),
    }
  }

  /** Lets the loci of a world that was opened with `hold` go on. */
  begin(): void {
    this.#mustBeOpen()
    this.#held = false
    this.#machine.begin()
  }

  /**
   * Captures the world; answers the capture's number when it is recoverable (`durable`, the default) or taken. Its line is kept in a
   * world that keeps any, unless `keep` is false.
   */
  async snapshot(
    options: { readonly durable?: boolean; readonly keep?: boolean } = {},
  ): Promise<number> {
    this.#mustBeOpen()
    const durable = options.durable ?? true
    const { host } = this.#machine
    const { capture } = await must(host, 'snapshot', locusCalls.worldSnapshot, {
      durable,
      keep: options.keep ?? true,
    })
    return capture
  }

  /** The snapshots that are retained of the container, from old to new; the last is the one that a crash would bring back. */
  async snapshots(container: Container): Promise<readonly RetainedSnapshot[]> {
    this.#mustBeOpen()
    return listSnapshots(this.#machine.host, container)
  }

  /**
   * A container that shows that snapshot, for reading only: map it into another, or have it invoked. It is there until it is
   * destroyed or the world is closed. Without a name nobody else finds it.
   */
  async openSnapshot(
    container: Container,
    stateInterval: number,
    options: { readonly name?: string } = {},
  ): Promise<Container> {
    this.#mustBeOpen()
    const { name = '' } = options
    return beginAsSnapshot(this.#machine.host, container, 'open', stateInterval, name)
  }

  /**
   * A container of that name that begins as that snapshot, program and all, and goes its own way; pages are shared until one of
   * the two writes them. It is there for good once a snapshot taken after this is recoverable.
   */
  async forkSnapshot(
    container: Container,
    stateInterval: number,
    options: { readonly name: string },
  ): Promise<Container> {
    this.#mustBeOpen()
    return beginAsSnapshot(this.#machine.host, container, 'fork', stateInterval, options.name)
  }

  /** That snapshot is retained no longer. */
  async dropSnapshot(container: Container, stateInterval: number): Promise<void> {
    this.#mustBeOpen()
    await dropSnapshot(this.#machine.host, container, stateInterval)
  }

  /** So many snapshots of the container stay from now on, besides the one that a crash would bring back; at most 100. */
  async retain(container: Container, count: number): Promise<void> {
    this.#mustBeOpen()
    await retainSnapshots(this.#machine.host, container, count)
  }

  /**
   * What the container has told of intervals after that one: what taking it back there would not undo. `count` lines, or at least so many
   * when not `isCounted`; `lines` are the newest, cut after 120 characters.
   */
  async releasedOutput(
    container: Container,
    after: number,
  ): Promise<ResultOf<typeof outputCalls.outputReleased>> {
    this.#mustBeOpen()
    const about = `output of ${container.name}`
    const args = { cont: container.capref, after: asInterval(after) }
    const { count, isCounted, lines } = await must(
      this.#machine.host,
      about,
      outputCalls.outputReleased,
      args,
    )
    return { count, isCounted, lines }
  }

  /** The lines that are kept, from old to new: see `retain` of `openWorld`. */
  async lines(): Promise<readonly KeptLine[]> {
    this.#mustBeOpen()
    return listLines(this.#machine.host)
  }

  /** What `rollback` would do. Changes nothing, and rejects as that would. */
  async foretellRollback(line: number): Promise<RollbackReport> {
    this.#mustBeOpen()
    return goBackTo(this.#machine.host, this.dir, line, true)
  }

  /**
   * An administrator's decision: the whole world goes back to that kept line (the number of its capture), containers that were
   * destroyed since too; what was made since is gone, and its loci go on from where they were then. Results and answers that were told
   * as recoverable since are not undone: the report names them. The decision is on record, every container has a new incarnation, and
   * no number of an interval is used again. Handles of containers and loci from before it may name nothing any more.
   *
   * Resolves when the world is open there. A crash on the way leaves it where it was, or there. Rejects with `no_such_interval` (the
   * line is not kept), `damaged` (a snapshot of it is missing; each is named), `manager_failed`, `frozen` (try again).
   */
  async rollback(line: number): Promise<RollbackReport> {
    this.#mustBeOpen()
    return goBackTo(this.#machine.host, this.dir, line, false)
  }

  /** The container is gone for good once a snapshot taken after this is recoverable. `busy` while a locus is in it. */
  async destroyContainer({ name, capref: cont }: Container): Promise<void> {
    this.#mustBeOpen()
    await must(this.#machine.host, `container ${name}`, containerCalls.containerDestroy, { cont })
  }

  /** Containers, loci, intervals and the line, as data. */
  async status(): Promise<WorldStatus> {
    this.#mustBeOpen()
    const { containers, loci, report } = await must(
      this.#machine.host,
      'status',
      locusCalls.worldStatus,
      {},
    )
    return { containers, loci, report }
  }

  /** Sums of the machine's counters since the world was opened. */
  counters(): CounterSums {
    return sumCounters(this.#machine.region)
  }

  /** The newest trace events of every actor and locus, in Chrome's trace format. */
  trace(): ChromeTrace {
    return traceOf(this.#machine.region)
  }

  /**
   * Calls `listener` at each event of the kind. Answers what ends that. A line of `output` counts as told when it has returned; lines that
   * came before anybody listened come to the first who does, 128 of them at most.
   */
  on<K extends WorldEvent['kind']>(kind: K, listener: (event: EventOf<K>) => void): () => void {
    return this.#machine.events.on(kind, listener)
  }

  /**
   * Ends the worker of an actor wherever it is, for demonstrations and tests. Without its manager the world goes on;
   * without its kernel or disk it stops, with everything recoverable on the disk.
   */
  async crash(part: MachinePart): Promise<void> {
    this.#mustBeOpen()
    await this.#machine.crash(part)
  }

  /** Ends the worker of the manager of that name (default: the first), as `crash` does. */
  async crashManager(name?: string): Promise<void> {
    if (name === undefined) return this.crash('manager')
    const { managers } = (await this.status()).report as { managers: readonly KnownManager[] }
    const found = managers.find((each) => each.name === name)
    if (found === undefined)
      throw new KatydidError('no_manager', `The world has no manager by the name ${name}.`)
    await this.#machine.crash('manager', asPort(found.port))
  }

  /** Takes a last durable snapshot, ends every thread and lets go of the directory. Doing it twice is ok. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    if (!this.#held && this.#machine.failure === null) {
      // A world that is busy keeps its newest recoverable state: closing must not wait for a program that never rests.
      await this.#machine
        .host(locusCalls.worldSnapshot, { durable: true, keep: true })
        .catch(() => undefined)
    }
    if (this.#machine.failure === null)
      // What is not told now is told at the next opening.
      await this.#machine.outputSettled().catch(() => undefined)
    await this.#release()
  }

  #mustBeOpen(): void {
    const { failure } = this.#machine
    if (failure !== null) throw failure
    if (this.#closed !== null)
      throw new KatydidError('closed', `The world in ${this.dir} is closed. Open it again.`)
  }
}

/** A program without types may leave it out; the world's records have it as text. */
function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string' && name !== '') return
  throw new KatydidError(
    'bad_argument',
    `A locus is found again by its name: give one, not ${String(name)}.`,
  )
}

function checkDurable(durable: Durability): void {
  if (durabilities.includes(durable)) return
  throw new KatydidError('bad_argument', `Durable is ${durabilities.join(' or ')}, not ${durable}.`)
}
