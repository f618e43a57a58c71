/**
 * The same actors on one thread, in an order chosen by a seed.
 *
 * Messages of one pair of ports keep their order; everything else that may happen next (a message of another pair, a
 * deadline, a rung bell, a step of a task) is drawn from the seed. Time is virtual: a step takes a microsecond, and the
 * clock jumps to the next deadline when nothing else can happen. Same seed, same run: `traceHash` says so. It is
 * sequentially consistent, which real threads are not: weaker orders are not its business.
 *
 * One is one machine. Alone it has an order of its own; in a `SimNetwork` several share one.
 */
import {
  actorStates,
  asMachine,
  bellBits,
  defaultShape,
  isLocusPort,
  locusOfPort,
  locusStates,
  type MachineId,
  type MachineShape,
  type PortId,
} from '@katydid/abi'
import type { VirtualClock } from './clock.js'
import type { Transport } from './transport.js'
import { invariant } from './invariant.js'
import { longestMessage } from './mailbox-writer.js'
import { bellWord, generationOf, isDead } from './peers.js'
import type { Random } from './random.js'
import { Region } from './region.js'
import { Crashed, SimEndpoint } from './sim-endpoint.js'
import type { SimNetwork } from './sim-network.js'
import { runSteps, runStepsUntil, SimOrder, type Choice, type SimSource } from './sim-order.js'
import { SimPost } from './sim-post.js'
import { SimTasks, type SimTask } from './sim-tasks.js'

export interface SimOptions {
  readonly shape?: Partial<MachineShape>
  /** Milliseconds each message takes, drawn anew for each; 0 when left out. */
  readonly delayMs?: (random: Random) => number
  /** Which machine of its network it is; 1 when left out. */
  readonly machine?: MachineId
}

interface Actor {
  readonly endpoint: SimEndpoint
  onTurn: (() => number) | null
  wantsAt: number
  look: boolean
}

export class Simulator implements SimSource {
  readonly clock: VirtualClock
  readonly random: Random
  readonly region: Region
  readonly machine: MachineId
  readonly #network: SimNetwork | null
  readonly #order: SimOrder
  readonly #delayMs: (random: Random) => number
  readonly #post = new SimPost()
  /** Where the last error came from that an actor's thread would end with; whoever deals with it sets it back. */
  threwAt: PortId | null = null
  readonly #actors = new Map<PortId, Actor>()
  readonly #longest = new Map<number, number>()
  readonly #tasks: SimTasks

  /** A machine of its own, or one of a network, small unless `shape` says otherwise. */
  constructor(seed: number | SimNetwork, options: SimOptions = {}) {
    this.#network = typeof seed === 'number' ? null : seed
    this.#order = typeof seed === 'number' ? new SimOrder(seed) : seed.order
    this.random = this.#order.random
    this.clock = this.#order.clock
    this.machine = options.machine ?? asMachine(1)
    this.#delayMs = options.delayMs ?? (() => 0)
    const shape = { ...defaultShape, frames: 64, maxLoci: 4, ...options.shape }
    this.region = Region.create(shape, this.machine)
    for (const { from, to, bytes } of this.region.plan.mailboxes)
      this.#longest.set(from * 1024 + to, longestMessage(bytes))
    this.#tasks = new SimTasks(this.clock, this.#order.hash)
    this.#order.add(this, this.machine)
    this.#order.add(this.#tasks, this.machine)
    this.#network?.enter(this.machine, this)
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
    this.#tasks.add(name, task)
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
    this.#order.hash.add(0xdead)
    this.#order.hash.add(port)
    for (const other of this.#actors.values()) other.look = true
  }

  /** All its ports die, its tasks end and it takes no part any more. */
  crashAll(): void {
    for (const port of this.#actors.keys()) this.crash(port)
    this.#order.remove(this)
    this.#order.remove(this.#tasks)
  }

  /** Does one thing that can happen next, moving the clock if it must. False: nothing will ever happen again. */
  step(untilMs = Infinity): boolean {
    return this.#order.step(untilMs)
  }

  /** Steps until nothing more happens or the clock has passed `untilMs`. */
  run(untilMs: number): void {
    runSteps(this, untilMs)
  }

  /** Steps until the condition holds. False when the world came to rest without, or `untilMs` passed. */
  runUntil(condition: () => boolean, untilMs = Infinity): boolean {
    return runStepsUntil(this, condition, untilMs)
  }

  /** What has happened so far, as a number. Equal for equal seeds. */
  traceHash(): string {
    return this.#order.hash.text()
  }

  /** What can happen on this machine now, its tasks left out. */
  choices(now: number): readonly Choice[] {
    const choices: Choice[] = []
    for (const letter of this.#post.heads()) {
      if (letter.readyAt > now) continue
      const actor = this.#actors.get(letter.to)
      if (actor === undefined) continue
      choices.push(() => {
        this.#post.take(letter)
        this.#order.hash.addBytes(letter.bytes)
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
      if (error instanceof Crashed) return
      this.threwAt = actor.endpoint.port
      throw error
    }
  }

  #rung(port: PortId): boolean {
    const bell = this.region.words.load(bellWord(this.region, port))
    return (bell & (bellBits.mail | bellBits.control)) !== 0
  }

  /** When something can next happen on this machine, its tasks left out. */
  nextTime(): number {
    let next = Infinity
    for (const { readyAt, to } of this.#post.heads())
      if (this.#actors.has(to)) next = Math.min(next, readyAt)
    for (const { endpoint, wantsAt } of this.#actors.values())
      next = Math.min(next, endpoint.nextDeadline(), endpoint.blocked ? Infinity : wantsAt)
    return next
  }

  /** Goes on with everything but who blocks, until `done`. */
  #pump(done: () => boolean): void {
    while (!done()) {
      const happened = this.#network === null ? this.step() : this.#network.step()
      invariant(happened, 'AC16: a blocked call ends at its deadline at the latest', {
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
            this.#delayMs(this.#order.order),
          )
        return true
      },
      generationOf: (of) => generationOf(this.region, of),
      isDead: (of) => isDead(this.region, of),
    }
  }
}
