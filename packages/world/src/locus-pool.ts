/**
 * The threads of loci: one pooled worker a live locus, kept a while when idle because a worker takes 30 ms to make.
 *
 * A locus is never queued. Its end is told only when no instruction of it can run any more: its function has
 * returned, or its worker's `exit` has been seen. The pool itself restarts nothing.
 */
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import {
  locusOfPort,
  maxLociLimit,
  type Ending,
  type Generation,
  type LifeEvent,
  type Order,
  type PortId,
} from '@katydid/abi'
import { invariant, Region, type PostedOrder, type RegionHandle } from '@katydid/actor'
import { Piscina } from 'piscina'
import { systemCode, systemWords } from './error.js'

/** What the pool's worker is given for each locus. */
export interface LocusTask {
  readonly region: RegionHandle
  readonly port: PortId
  readonly generation: Generation
}

export interface LocusPoolOptions {
  readonly region: RegionHandle
  /** Module whose default export runs one locus and returns when that has ended. */
  readonly worker: URL
  /** Heap limits of a locus's worker; page memory does not count. */
  readonly resourceLimits?: ResourceLimits
  readonly onEnding: (ending: Ending) => void
  /** What a locus's thread orders; a locus only reports. */
  readonly onOrder?: (order: Order) => void
}

interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number
  readonly maxYoungGenerationSizeMb?: number
  readonly stackSizeMb?: number
}

interface Running {
  readonly generation: Generation
  readonly abort: AbortController
}

const idleMs = 10_000
/**
 * How long a locus may take to load a module before it is ended all the same, and how often it is looked at. What takes longer runs code
 * of the module, which may be ended at any time; what must not be ended is Node's own part, which is short.
 */
const mostLoadMs = 5_000
const lookMs = 2

export class LocusPool {
  readonly #options: LocusPoolOptions
  readonly #region: Region
  readonly #pool: Piscina
  readonly #running = new Map<PortId, Running>()
  readonly #exits = new Map<Worker, Promise<unknown>>()
  #closing = false

  constructor(options: LocusPoolOptions) {
    this.#options = options
    this.#region = new Region(options.region)
    this.#pool = new Piscina({
      filename: fileURLToPath(new URL('./pool-entry.cjs', import.meta.url)),
      minThreads: 0,
      // Above the machine's limit of loci: a worker that is being ended must not keep its successor in a queue.
      maxThreads: 2 * maxLociLimit,
      idleTimeout: idleMs,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      recordTiming: false,
      ...(options.resourceLimits ? { resourceLimits: options.resourceLimits } : {}),
    })
    this.#pool.on('message', (posted: PostedOrder | null | undefined) => {
      if (posted?.order !== undefined) options.onOrder?.(posted.order)
    })
    this.#pool.on('error', () => {
      // A worker that fails while idle has no locus; the pool has already dropped it.
    })
  }

  /** How many loci have a thread. */
  get live(): number {
    return this.#running.size
  }

  /** Starts the locus's thread; its end is told to `onEnding`. */
  start(port: PortId, generation: Generation): void {
    if (this.#closing) return
    const before = this.#running.get(port)
    invariant(before === undefined, 'WO4: one worker a live locus', { port, generation })
    invariant(
      this.#running.size < this.#options.region.shape.maxLoci,
      'WO4: a locus beyond the limit of the machine is refused before it gets here',
      { live: this.#running.size },
    )
    const abort = new AbortController()
    this.#running.set(port, { generation, abort })
    const task: LocusTask = { region: this.#options.region, port, generation }
    const module = this.#options.worker.href
    const run = this.#pool.run({ ...task, module }, { signal: abort.signal }) as Promise<unknown>
    this.#watchExits()
    void run.then(
      () => this.#ended(port, generation, 'exit', ''),
      async (error: unknown) => {
        const [event, detail] = classify(error, abort.signal)
        await this.#removedHaveExited()
        this.#ended(port, generation, event, detail)
      },
    )
  }

  /** Ends the locus's worker. Nothing happens when that generation is not running. */
  stop(port: PortId, generation: Generation, reason: string): void {
    const running = this.#running.get(port)
    if (running === undefined || running.generation !== generation) return
    this.#watchExits()
    void this.#mayEnd(port).then(() => running.abort.abort(reason))
  }

  /** Ends every worker and waits until each has exited. */
  async close(): Promise<void> {
    this.#closing = true
    this.#watchExits()
    await Promise.all([...this.#running.keys()].map((port) => this.#mayEnd(port)))
    for (const { abort } of this.#running.values()) abort.abort('the world closes')
    await this.#pool.destroy()
    await Promise.all(this.#exits.values())
  }

  /**
   * Settles when the locus is not loading a module, at its start or for a nested invocation, and will not begin to. A worker that is
   * terminated inside Node's synchronous load of an ES module takes the whole process down with it (Node 20.20).
   */
  async #mayEnd(port: PortId): Promise<void> {
    const { words } = this.#region
    const slot = locusOfPort(port)
    // Before the look: a locus stores `loading` before it looks at this.
    words.store(this.#region.locusWord(slot, 'ending'), 1)
    const loading = this.#region.locusWord(slot, 'loading')
    for (let waited = 0; waited < mostLoadMs && words.load(loading) !== 0; waited += lookMs)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
  }

  #ended(port: PortId, generation: Generation, event: LifeEvent, detail: string): void {
    this.#running.delete(port)
    this.#options.onEnding({ event, port, generation, detail })
  }

  /** Notes the exit of every worker there is: once the pool has dropped one, nobody else can tell when it is gone. */
  #watchExits(): void {
    for (const worker of this.#pool.threads) {
      if (this.#exits.has(worker)) continue
      const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      this.#exits.set(worker, gone)
      void gone.then(() => this.#exits.delete(worker))
    }
  }

  /** Settles when every worker that the pool has dropped has exited. Which of them ran the locus the pool does not say. */
  async #removedHaveExited(): Promise<void> {
    const kept = new Set(this.#pool.threads)
    await Promise.all(
      [...this.#exits].filter(([worker]) => !kept.has(worker)).map(([, gone]) => gone),
    )
  }
}

function classify(error: unknown, signal: AbortSignal): readonly [LifeEvent, string] {
  if (signal.aborted) return ['signal', String(signal.reason)]
  const words = systemWords(error)
  if (systemCode(error) === 'ERR_WORKER_OUT_OF_MEMORY') return ['hwerr', words]
  return words.startsWith('worker exited with code') ? ['exit', words] : ['core', words]
}
