/**
 * A machine that this process has, over its lives. One of several that fails is started again, by itself and alone; one that was killed when
 * somebody says so. A machine alone has one life: when that is over the world is opened anew.
 */
import type { MachineId } from '@katydid/abi'
import { KatydidError } from './error.js'
import { WorldEvents } from './events.js'
import type { HostCall } from './host-call.js'
import { Machine, type MachineOptions, type NetworkOptions, type Ready } from './machine.js'
import { Restarts } from './restarts.js'

/** How the next life of the machine begins. */
export interface NextLife {
  readonly options: Omit<MachineOptions, 'events' | 'onFailed' | 'goneError' | 'network'>
  readonly network?: NetworkOptions
  /** It is ready: what must be on record then. */
  readonly onReady: () => void
}

export type MachineState = 'starting' | 'open' | 'down'

/** How long a call waits for a machine that is being started. */
const startMs = 60_000

export class HostedMachine {
  readonly machine: MachineId
  readonly events = new WorldEvents()
  /** A call on its kernel, in whatever life; one that is being started is waited for. */
  readonly host: HostCall
  readonly #isOneOfSeveral: boolean
  readonly #next: () => NextLife
  readonly #beforeLoci: (life: Machine) => Promise<void>
  readonly #restarts = new Restarts()
  #life: Machine | null = null
  /** Why nobody starts it again by itself; null: it runs, or will. */
  #down: KatydidError | null = null
  /** Settles when the start under way has come out, one way or the other; null: none is. */
  #starting: Promise<unknown> | null = null
  #mayRun = false
  #wasReady = false
  #isClosed = false
  /** Of starts: one that a later one, a kill or the end has overtaken comes to nothing. */
  #attempt = 0

  /** `beforeLoci` looks at what a new life holds before any of its loci runs; rejects when none may. */
  constructor(options: {
    readonly machine: MachineId
    readonly isOneOfSeveral: boolean
    readonly next: () => NextLife
    readonly beforeLoci: (life: Machine) => Promise<void>
  }) {
    this.machine = options.machine
    this.#isOneOfSeveral = options.isOneOfSeveral
    this.#next = options.next
    this.#beforeLoci = options.beforeLoci
    this.host = async (signature, args) => (await this.life()).host(signature, args)
  }

  get state(): MachineState {
    if (this.#starting !== null) return 'starting'
    return this.#down !== null || this.#life === null ? 'down' : 'open'
  }

  /** Why it stands still until somebody starts it; null: it does not. */
  get failure(): KatydidError | null {
    return this.#down
  }

  /** The newest life, which may be over; null before the first. */
  get newest(): Machine | null {
    return this.#life
  }

  /** Its life, once that is ready. Rejects with why it is down, or after a minute. */
  async life(): Promise<Machine> {
    const endMs = performance.now() + startMs
    while (this.#starting !== null && performance.now() < endMs)
      await Promise.race([this.#starting, patience(endMs - performance.now())])
    if (this.#down !== null) throw this.#down
    if (this.#starting === null && this.#life !== null) return this.#life
    throw new KatydidError(
      'unreachable',
      `Machine ${this.machine} is being started and waits for other machines of the world. Start those.`,
      true,
    )
  }

  /** Begins its first life, or, when it is down, the next. What it answers when it is ready; rejects with what kept it from that. */
  start(): Promise<Ready> {
    this.#down = null
    return this.#track(this.#tryToBegin())
  }

  /** As `start`, unless it runs or is being started: then that is waited for. */
  async restart(): Promise<void> {
    if (this.#down !== null) {
      this.#restarts.forget()
      await this.start()
    } else await this.life()
  }

  /** Ends all its threads at once, as a loss of power does. It stays down unless `restart`. */
  async kill(restart: boolean): Promise<void> {
    const next = restart
      ? 'It is started again.'
      : `Start it again with restartMachine(${this.machine}).`
    const sentence = `Machine ${this.machine} was killed. ${next}`
    const life = this.#life
    this.#attempt++
    this.#stopped(new KatydidError('unreachable', sentence), restart)
    await life?.kill()
    if (restart && !this.#isClosed) void this.start().catch(() => undefined)
  }

  /** Lets loci go on, in this life and each that comes. */
  begin(): void {
    this.#mayRun = true
    if (this.state === 'open') this.#life?.begin()
  }

  /** Ends it, and every wait for what happens in it. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#attempt++
    this.#down ??= new KatydidError('closed', 'The world was closed meanwhile.')
    await this.#life?.close()
    this.events.close()
  }

  #track<T>(start: Promise<T>): Promise<T> {
    const isOver = (): void => {
      if (this.#starting === settled) this.#starting = null
    }
    const settled: Promise<void> = start.then(isOver, isOver)
    this.#starting = settled
    return start
  }

  async #tryToBegin(): Promise<Ready> {
    const attempt = ++this.#attempt
    try {
      // Two lives at once would write to one disk.
      await this.#life?.close()
      if (attempt !== this.#attempt) throw this.#overtaken()
      return await this.#begin()
    } catch (error) {
      // A life that failed has told why, and another may follow. What kept it from beginning, or its loci from running, nobody has told.
      if (attempt === this.#attempt && !this.#life?.failure) {
        const isOurs = error instanceof KatydidError
        const sentence = error instanceof Error ? error.message : String(error)
        this.#stopped(isOurs ? error : new KatydidError('io_error', sentence), false)
      }
      throw error
    }
  }

  async #begin(): Promise<Ready> {
    this.#life = null
    this.events.beginAnew()
    const { options, network, onReady } = this.#next()
    const { machine, ready } = Machine.start({
      ...options,
      events: this.events,
      onFailed: (why) => this.#failed(machine, why),
      ...(network === undefined ? {} : { network, goneError: () => this.#goneError() }),
    })
    this.#life = machine
    try {
      const told = await ready
      onReady()
      this.#wasReady = true
      if (this.#mayRun) {
        await this.#beforeLoci(machine)
        machine.begin()
      }
      return told
    } catch (error) {
      await machine.close()
      throw error
    }
  }

  /** Its life has ended by itself. */
  #failed(life: Machine, why: KatydidError): void {
    if (this.#isClosed || this.#life !== life) return
    const waitMs = this.#isOneOfSeveral && this.#wasReady ? this.#restarts.next() : null
    this.#stopped(why, waitMs !== null)
    if (waitMs === null) return
    void this.#track(this.#startLater(life, waitMs)).catch(() => undefined)
  }

  async #startLater(last: Machine, waitMs: number): Promise<void> {
    const attempt = ++this.#attempt
    await Promise.all([last.close(), patience(waitMs)])
    if (attempt === this.#attempt) await this.#tryToBegin()
  }

  #stopped(why: KatydidError, restarts: boolean): void {
    this.#down = restarts ? null : why
    this.events.emit({
      kind: 'failed',
      status: why.status,
      detail: why.sentence,
      ...(this.#isOneOfSeveral ? { restarts } : {}),
    })
  }

  #overtaken(): KatydidError {
    return (
      this.#down ??
      new KatydidError('frozen', `Another start of machine ${this.machine} is under way.`, true)
    )
  }

  #goneError(): KatydidError {
    return new KatydidError(
      'actor_gone',
      `Machine ${this.machine} ended before it answered, so nobody knows whether it was done. Ask again.`,
      true,
    )
  }
}

const patience = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
