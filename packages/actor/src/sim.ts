/**
 * The same actors on one thread, in an order chosen by a seed.
 *
 * Messages of one pair of ports keep their order; everything else that may happen next (a message of another pair, a
 * deadline, a rung bell, a step of a task) is drawn from the seed. Time is virtual: a step takes a microsecond, and the
 * clock jumps to the next deadline when nothing else can happen. Same seed, same run: `traceHash` says so. It is
 * sequentially consistent, which real threads are not: weaker orders are not its business.
 */
import {
  actorStates,
  bellBits,
  defaultShape,
  isLocusPort,
  locusOfPort,
  locusStates,
  type MachineShape,
  type PortId,
} from '@katydid/abi'
import { VirtualClock } from './clock.js'
import type { Transport } from './transport.js'
import { RunHash } from './hash.js'
import { invariant } from './invariant.js'
import { longestMessage } from './mailbox-writer.js'
import { bellWord, generationOf, isDead } from './peers.js'
import { Random } from './random.js'
import { Region } from './region.js'
import { Crashed, SimEndpoint } from './sim-endpoint.js'
import { SimPost } from './sim-post.js'

/** What a task yields: go on at any later step, go on after so many milliseconds, or when the condition holds. */
export type Yielded = 'step' | number | (() => boolean)
export type SimTask = Generator<Yielded, void, void>

export interface SimOptions {
  readonly shape?: Partial<MachineShape>
  /** Milliseconds each message takes, drawn anew for each; 0 when left out. */
  readonly delayMs?: (random: Random) => number
}

interface Actor {
  readonly endpoint: SimEndpoint
  onTurn: (() => number) | null
  wantsAt: number
  look: boolean
}

interface Running {
  readonly name: string
  readonly task: SimTask
  wait: Yielded
  since: number
  busy: boolean
}

type Choice = () => void

/** What a step takes, in virtual milliseconds. */
const stepMs = 0.001

export class Simulator {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly region: Region
  readonly #order: Random
  readonly #delayMs: (random: Random) => number
  readonly #post = new SimPost()
  readonly #actors = new Map<PortId, Actor>()
  readonly #longest = new Map<number, number>()
  readonly #hash = new RunHash()
  #tasks: Running[] = []

  /** A machine of its own, small unless `shape` says otherwise. */
  constructor(seed: number, options: SimOptions = {}) {
    this.random = new Random(seed)
    this.#order = this.random.fork()
    this.#delayMs = options.delayMs ?? (() => 0)
    this.region = Region.create({ ...defaultShape, frames: 64, maxLoci: 4, ...options.shape })
    for (const { from, to, bytes } of this.region.plan.mailboxes)
      this.#longest.set(from * 1024 + to, longestMessage(bytes))
  }

  /** Starts an incarnation at a port. `onTurn` runs after each thing that happens to it, as in `serveForever`. */
  endpoint(port: PortId, onTurn: (() => number) | null = null): SimEndpoint {
    const { words } = this.region
    const present = this.#actors.get(port)
    invariant(
      present === undefined || isDead(this.region, port),
      'AC7: an incarnation begins after the end of the last',
      { port },
    )
    if (isLocusPort(port)) {
      const slot = locusOfPort(port)
      if (generationOf(this.region, port) === 0 || isDead(this.region, port))
        words.add(this.region.locusWord(slot, 'generation'), 1)
      words.store(this.region.locusWord(slot, 'state'), locusStates.starting)
    } else {
      words.add(this.region.actorWord(port, 'generation'), 1)
      words.store(this.region.actorWord(port, 'state'), actorStates.running)
    }
    const endpoint = new SimEndpoint(port, this.clock, this.#transport(port), (done) =>
      this.#pump(done),
    )
    this.#actors.set(port, {
      endpoint,
      onTurn,
      wantsAt: onTurn === null ? Infinity : 0,
      look: false,
    })
    return endpoint
  }

  /** Sets what runs after each thing that happens to the port. */
  onTurn(port: PortId, onTurn: () => number): void {
    const actor = this.#actors.get(port)
    invariant(actor !== undefined, 'AC16: a turn belongs to an endpoint', { port })
    actor.onTurn = onTurn
    actor.wantsAt = this.clock.nowMs()
  }

  /** Adds a thread of code that gives way at each yield. */
  task(name: string, task: SimTask): void {
    this.#tasks.push({ name, task, wait: 'step', since: 0, busy: false })
  }

  /** The port dies now: its mail is dropped, its callers see `actor_gone`. Start it again with `endpoint`. */
  crash(port: PortId): void {
    const actor = this.#actors.get(port)
    if (actor === undefined) return
    const { words } = this.region
    if (isLocusPort(port))
      words.store(this.region.locusWord(locusOfPort(port), 'state'), locusStates.dead)
    else words.store(this.region.actorWord(port, 'state'), actorStates.dead)
    words.store(bellWord(this.region, port), 0)
    actor.endpoint.crash()
    this.#actors.delete(port)
    this.#post.dropTo(port)
    this.#hash.add(0xdead)
    this.#hash.add(port)
    for (const other of this.#actors.values()) other.look = true
  }

  /** Does one thing that can happen next, moving the clock if it must. False: nothing will ever happen again. */
  step(untilMs = Infinity): boolean {
    const choices = this.#choices()
    if (choices.length === 0) {
      const next = this.#nextTime()
      if (next === Infinity || next > untilMs) return false
      this.clock.advance(Math.max(0, next - this.clock.nowMs()))
      return true
    }
    this.clock.advance(stepMs)
    const chosen = this.#order.below(choices.length)
    this.#hash.add(chosen)
    choices[chosen]!()
    return true
  }

  /** Steps until nothing more happens or the clock has passed `untilMs`. */
  run(untilMs: number): void {
    while (this.clock.nowMs() < untilMs && this.step(untilMs)) {
      // Each step is the whole work.
    }
  }

  /** Steps until the condition holds. False when the world came to rest without, or `untilMs` passed. */
  runUntil(condition: () => boolean, untilMs = Infinity): boolean {
    while (!condition()) {
      if (this.clock.nowMs() >= untilMs || !this.step(untilMs)) return false
    }
    return true
  }

  /** What has happened so far, as a number. Equal for equal seeds. */
  traceHash(): string {
    return this.#hash.text()
  }

  #choices(): Choice[] {
    const now = this.clock.nowMs()
    const choices: Choice[] = []
    for (const letter of this.#post.heads()) {
      if (letter.readyAt > now) continue
      const actor = this.#actors.get(letter.to)
      if (actor === undefined) continue
      choices.push(() => {
        this.#post.take(letter)
        this.#hash.addBytes(letter.bytes)
        this.#within(actor, () => actor.endpoint.arrive(letter.from, letter.bytes))
      })
    }
    for (const [port, actor] of this.#actors) {
      const { endpoint } = actor
      if (endpoint.blocked) continue
      if (endpoint.hasAside) choices.push(() => this.#within(actor, () => endpoint.handleAside()))
      if (actor.look || endpoint.nextDeadline() <= now)
        choices.push(() => {
          actor.look = false
          this.#within(actor, () => void endpoint.expire())
        })
      if (actor.onTurn !== null && (actor.wantsAt <= now || this.#rung(port)))
        choices.push(() => {
          this.region.words.store(bellWord(this.region, port), 0)
          this.#within(actor, () => {})
        })
    }
    for (const running of this.#tasks) {
      if (!running.busy && this.#ready(running, now)) choices.push(() => this.#resume(running))
    }
    return choices
  }

  /** Does something in an actor, then its turn, as the loop does. */
  #within(actor: Actor, deed: () => void): void {
    try {
      deed()
      if (actor.onTurn !== null && !actor.endpoint.blocked) {
        actor.wantsAt = Infinity
        const wantsMs = actor.onTurn()
        actor.wantsAt = this.clock.nowMs() + wantsMs
      }
    } catch (error) {
      if (!(error instanceof Crashed)) throw error
    }
  }

  #resume(running: Running): void {
    running.busy = true
    this.#hash.addBytes(Buffer.from(running.name))
    try {
      const { done, value } = running.task.next()
      running.wait = value ?? 'step'
      running.since = this.clock.nowMs()
      if (done === true) this.#tasks = this.#tasks.filter((other) => other !== running)
    } catch (error) {
      this.#tasks = this.#tasks.filter((other) => other !== running)
      if (!(error instanceof Crashed)) throw error
    }
    running.busy = false
  }

  #ready({ wait, since }: Running, now: number): boolean {
    if (wait === 'step') return true
    return typeof wait === 'number' ? now >= since + wait : wait()
  }

  #rung(port: PortId): boolean {
    const bell = this.region.words.load(bellWord(this.region, port))
    return (bell & (bellBits.mail | bellBits.control)) !== 0
  }

  #nextTime(): number {
    let next = Infinity
    for (const { readyAt, to } of this.#post.heads())
      if (this.#actors.has(to)) next = Math.min(next, readyAt)
    for (const { endpoint, wantsAt } of this.#actors.values())
      next = Math.min(next, endpoint.nextDeadline(), endpoint.blocked ? Infinity : wantsAt)
    for (const { wait, since, busy } of this.#tasks)
      if (!busy && typeof wait === 'number') next = Math.min(next, since + wait)
    return next
  }

  /** Goes on with everything but who blocks, until `done`. */
  #pump(done: () => boolean): void {
    while (!done()) {
      invariant(this.step(), 'AC16: a blocked call ends at its deadline at the latest', {
        now: this.clock.nowMs(),
      })
    }
  }

  #transport(port: PortId): Transport {
    return {
      send: (to, bytes) => {
        const longest = this.#longest.get(port * 1024 + to)
        invariant(longest !== undefined, 'AC2: a mailbox joins the two ports of a message', {
          from: port,
          to,
        })
        if (bytes.length > longest) return false
        if (!isDead(this.region, to))
          this.#post.post(
            port,
            to,
            new Uint8Array(bytes),
            this.clock.nowMs(),
            this.#delayMs(this.#order),
          )
        return true
      },
      generationOf: (of) => generationOf(this.region, of),
      isDead: (of) => isDead(this.region, of),
    }
  }
}
