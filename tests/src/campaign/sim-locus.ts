/**
 * A locus in the simulator: the life of a locus's thread as a generator that gives way at every access, trap, wait, call and
 * safepoint. Words, traps, attachments and windows are the real ones; only parking is a yield.
 */
import {
  actorPorts,
  bellBits,
  containerCalls,
  containerGates,
  containerStates,
  hereCapref,
  locusCalls,
  locusOfPort,
  locusStates,
  registerCount,
  statusOf,
  trapStates,
  waitStates,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type ContainerSlot,
  type LocusSlot,
  type PortId,
  type Reply,
  type ResultOf,
} from '@katydid/abi'
import { generationOf, ringPort, type Random, type Region, type SimEndpoint } from '@katydid/actor'
import { KeyedWait } from '@katydid/locus/keyed-wait.js'
import { AccessError, Attachment, managerOf, postTrap, ringWaiter, Window } from '@katydid/memory'
import { replayVisits } from './sim-visit.js'
import type { WholeWorld } from './whole-world.js'
import type { ModelLocus } from './world-model.js'

type Wait = 'step' | number | (() => boolean)
type Step<T> = Generator<Wait, T, void>
type Plan = ResultOf<typeof locusCalls.locusBegin>['plan']

/** The locus's thread has been ended. */
class Gone extends Error {}
/** An access missed: a trap has to be posted. */
class Missed extends Error {}

const trapPatienceMs = 10_000
/** As a locus's attachment has them. */
const rounds = 8
const roundsUnderPressure = 1000

export class SimLocus {
  readonly world: WholeWorld
  readonly port: PortId
  readonly slot: LocusSlot
  readonly random: Random
  readonly endpoint: SimEndpoint
  readonly region: Region
  name = ''
  container = ''
  containerSlot: ContainerSlot = 0 as ContainerSlot
  cap: Capref = hereCapref
  resumed = false
  #alive = true
  #window: Window | null = null
  #missed: {
    container: ContainerSlot
    offset: number
    access: 'read' | 'write' | 'execute'
  } | null = null

  constructor(world: WholeWorld, port: PortId, endpoint: SimEndpoint, random: Random) {
    this.world = world
    this.port = port
    this.slot = locusOfPort(port)
    this.endpoint = endpoint
    this.random = random
    this.region = world.sim.region
  }

  /** Its thread ends: nothing of it runs any more. */
  stop(): void {
    this.#alive = false
  }

  /** What the model knows of it. */
  get model(): ModelLocus {
    return this.world.model.loci.get(this.name)!
  }

  /** From its begin to its end. */
  *live(): Step<void> {
    try {
      const plan = yield* this.#begin()
      if (plan === null) return
      const end = plan.replay ? yield* this.#again(plan) : yield* this.#enter(plan)
      this.#leave()
      // No cut comes in between: it is neither at rest nor, to the kernel, at its end.
      if (!plan.replay) this.model.end = end.status
      const told = yield* this.call(locusCalls.locusEnd, end)
      if (told.status !== 'ok') this.problem(`locus_end: ${told.status}, ${told.detail}`)
      this.#store('state', locusStates.ended)
      this.#tellKernel()
      this.world.exited(this.port)
    } catch (error) {
      if (!(error instanceof Gone)) throw error
    }
  }

  /** Notes what must not be. */
  problem(what: string): void {
    this.world.problems.push(`locus ${this.name} (port ${this.port}): ${what}`)
  }

  /** Notes a status other than the expected one. */
  expect(what: string, status: string, expected: string): void {
    if (status !== expected) this.problem(`${what}: ${status}, not ${expected}`)
  }

  /** The word at a byte offset of its container, and in the same step what the model says. */
  *load(offset: number): Step<number> {
    return yield* this.access((window) => {
      const value = window.getInt32(offset)
      const expected = this.world.model.word(this.container, offset)
      if (value !== expected)
        this.problem(`${this.container} at ${offset} reads ${value}, not ${expected}`)
      return value
    })
  }

  *store(offset: number, value: number): Step<void> {
    yield* this.access((window) => {
      window.setInt32(offset, value)
      this.#words.set(offset, value)
      return 0
    })
  }

  /** An atomic operation; `then` is what the word holds afterwards, by the model. */
  *atomic(
    offset: number,
    deed: (window: Window) => number,
    then: (before: number) => number,
  ): Step<number> {
    return yield* this.access((window) => {
      const before = deed(window)
      const expected = this.world.model.word(this.container, offset)
      if (before !== expected)
        this.problem(`${this.container} at ${offset} held ${before}, not ${expected}`)
      this.#words.set(offset, then(expected))
      return before
    })
  }

  /** Accesses within `body` go to another page table, as those of a transaction do. */
  *elsewhere<T>(
    { slot, table, size }: { slot: ContainerSlot; table: number; size: number },
    body: () => Step<T>,
  ): Step<T> {
    const home = this.#window!
    const attachment = this.#attachmentTo(slot)
    home.attachment.detach()
    attachment.attach()
    this.#window = new Window(attachment, 0, size, table)
    try {
      return yield* body()
    } finally {
      // Of a thread that was ended the kernel takes back what it was attached to.
      if (this.#alive) {
        attachment.detach()
        home.attachment.attach()
        this.#window = home
      }
    }
  }

  /** Goes into another container, as an invocation does: not while that is captured, nor before, when its own was already. */
  *comeIn(to: ContainerSlot): Step<void> {
    if (to === this.containerSlot) return
    const { words } = this.region
    const word = (of: ContainerSlot, field: 'gate' | 'epoch'): number =>
      words.load(this.region.containerWord(of, field))
    const mustWait = (): boolean => {
      const gate = word(to, 'gate')
      if (gate !== containerGates.shut) return gate === containerGates.cutting
      return word(this.containerSlot, 'epoch') > word(to, 'epoch')
    }
    words.store(this.region.locusWord(this.slot, 'awaits'), to + 1)
    for (;;) {
      words.add(this.region.containerWord(to, 'frames'), 1)
      if (!mustWait()) {
        words.store(this.region.containerWord(to, 'ran'), 1)
        return
      }
      this.#countOut(to)
      this.#goQuiet()
      yield* this.#pause(() => !mustWait())
      this.#comeBack()
    }
  }

  goOut(to: ContainerSlot): void {
    if (to === this.containerSlot || !this.#alive) return
    this.#countOut(to)
    this.region.words.store(this.region.locusWord(this.slot, 'awaits'), 0)
  }

  #countOut(to: ContainerSlot): void {
    this.region.words.add(this.region.containerWord(to, 'frames'), -1)
    ringPort(this.region, actorPorts.kernel, bellBits.mail)
  }

  setRegister(index: number, value: bigint): void {
    this.region.i64[(this.region.locusWord(this.slot, 'registers') >> 1) + index] = value
    this.model.registers[index] = value
  }

  /** Does nothing for so many milliseconds, running. */
  *sleep(ms: number): Step<void> {
    yield* this.#pause(ms)
  }

  /** Comes to rest while the gate is shut. */
  *safepoint(): Step<void> {
    if (this.#mayRun()) return
    this.#rest()
    yield* this.#throughGate()
  }

  /** A keyed wait, resting. */
  *wait(offset: number, expected: number, forMs: number): Step<string> {
    yield* this.safepoint()
    const word = yield* this.load(offset)
    if (word !== expected) return 'not_equal'
    const { words } = this.region
    this.#store('waitContainer', this.containerSlot)
    this.region.f64[this.region.locusWord(this.slot, 'waitOffset') >> 1] = offset
    const state = this.region.locusWord(this.slot, 'waitState')
    const waiting = (this.random.below(1 << 20) << 2) | waitStates.waiting
    words.store(state, waiting)
    const holds = (yield* this.load(offset)) === expected
    const until = this.world.sim.clock.nowMs() + forMs
    if (holds) {
      this.#rest()
      yield* this.#pause(
        () => words.load(state) !== waiting || this.world.sim.clock.nowMs() >= until,
      )
    }
    const woken = words.exchange(state, waitStates.idle) !== waiting
    if (holds) yield* this.#throughGate()
    return woken ? 'ok' : holds ? 'timed_out' : 'not_equal'
  }

  notify(offset: number): number {
    return new KeyedWait(this.region, this.slot).notify(this.containerSlot, offset, Infinity)
  }

  /** A call on the kernel, quiet meanwhile. */
  *call<S extends AnySignature>(signature: S, args: ArgsOf<S>, resting = false): Step<Reply<S>> {
    const state: { reply: Reply<S> | null } = { reply: null }
    if (resting) this.#rest()
    else this.#goQuiet()
    this.endpoint.call(
      actorPorts.kernel,
      signature,
      args,
      (reply) => {
        state.reply = reply
      },
      resting ? 60_000 : 10_000,
    )
    yield* this.#pause(() => state.reply !== null)
    if (resting) yield* this.#throughGate()
    else this.#comeBack()
    this.world.operations++
    this.world.saw(signature.name, state.reply!.status)
    return state.reply!
  }

  /**
   * An access by the rules: a miss posts the trap and gives way until it is answered. As with a locus's thread, answers during which
   * pages of the container were taken out are not held against the manager: what it showed may have gone again.
   */
  *access(attempt: (window: Window) => number): Step<number> {
    this.world.operations++
    yield* this.#pause('step')
    const { words } = this.region
    for (let round = 0, all = 0; round < rounds && all < roundsUnderPressure; all++) {
      try {
        return attempt(this.#window!)
      } catch (error) {
        if (!(error instanceof Missed)) throw error
      }
      const generation = this.region.containerWord(this.#missed!.container, 'gen')
      const before = words.load(generation)
      yield* this.#resolve()
      if (words.load(generation) === before) round++
    }
    throw new AccessError('manager_failed', 'eight answers without access')
  }

  *#resolve(): Step<void> {
    const trap = this.#missed!
    const { words } = this.region
    if (words.load(this.region.containerWord(trap.container, 'state')) !== containerStates.live)
      throw new AccessError('entity_gone', 'the container was destroyed or is stopped')
    const manager = managerOf(this.region, trap.container)
    if (manager === null) throw new AccessError('no_manager', 'nobody can supply the page')
    postTrap(this.region, this.slot, { ...trap, manager })
    this.#goQuiet()
    const state = this.region.locusWord(this.slot, 'trapState')
    const generation = generationOf(this.region, manager)
    const since = this.world.sim.clock.nowMs()
    const another = (): boolean =>
      generationOf(this.region, manager) !== generation &&
      this.world.sim.clock.nowMs() >= since + 1000
    const late = (): boolean => this.world.sim.clock.nowMs() >= since + trapPatienceMs
    yield* this.#pause(() => words.load(state) === trapStates.answered || another() || late())
    const answered = words.load(state) === trapStates.answered
    const status = answered
      ? statusOf(words.load(this.region.locusWord(this.slot, 'trapStatus')))
      : 'manager_failed'
    words.store(state, trapStates.idle)
    this.#comeBack()
    if (status !== 'ok') throw new AccessError(status, `${trap.access} of offset ${trap.offset}`)
  }

  /** Quiet until then; false when it takes longer. */
  *quietUntil(ready: () => boolean, forMs: number): Step<boolean> {
    const until = this.world.sim.clock.nowMs() + forMs
    let isReady = ready()
    if (isReady) return true
    this.#goQuiet()
    yield* this.#pause(() => (isReady ||= ready()) || this.world.sim.clock.nowMs() >= until)
    this.#comeBack()
    return isReady
  }

  /** It is in that container from now on, so many invocations below its outermost. */
  moveTo(slot: ContainerSlot, name: string, depth: number): void {
    this.region.words.store(this.region.locusWord(this.slot, 'container'), slot)
    this.region.words.store(this.region.locusWord(this.slot, 'depth'), depth)
    this.containerSlot = slot
    this.container = name
  }

  /** Has visits of a logged container run again, with nothing compared but what they return. */
  *#again(plan: Plan): Step<{ status: string; detail: string; block: Uint8Array }> {
    this.containerSlot = plan.container as ContainerSlot
    this.#comeBack()
    const attachment = this.#attachmentTo(this.containerSlot)
    attachment.attach()
    const args = { cont: hereCapref, base: 0, length: plan.size }
    const opened = yield* this.call(containerCalls.windowOpen, args)
    if (opened.status === 'ok') {
      attachment.renew()
      this.#window = new Window(attachment, 0, plan.size, opened.table)
      try {
        yield* replayVisits(this)
      } catch (error) {
        if (!(error instanceof AccessError)) throw error
        return { status: error.status, detail: error.message, block: new Uint8Array(0) }
      }
    }
    const detail = opened.status === 'ok' ? '' : opened.detail
    return { status: opened.status, detail, block: new Uint8Array(0) }
  }

  *#begin(): Step<Plan | null> {
    for (;;) {
      const state: { reply: Reply<typeof locusCalls.locusBegin> | null } = { reply: null }
      this.endpoint.call(actorPorts.kernel, locusCalls.locusBegin, {}, (reply) => {
        state.reply = reply
      })
      yield* this.#pause(() => state.reply !== null)
      const reply = state.reply!
      if (reply.status === 'ok') return reply.plan
      if (reply.status === 'no_such_locus' || reply.status === 'actor_gone') return null
      yield* this.#pause(50)
    }
  }

  *#enter(plan: Plan): Step<{ status: string; detail: string; block: Uint8Array }> {
    this.name = plan.name
    this.container = this.model.container
    this.containerSlot = plan.container as ContainerSlot
    this.cap = plan.containerCap
    this.resumed = plan.resumed
    yield* this.#throughGate()
    const attachment = this.#attachmentTo(this.containerSlot)
    attachment.attach()
    try {
      this.#compareRegisters()
      const opened = yield* this.call(containerCalls.windowOpen, {
        cont: hereCapref,
        base: 0,
        length: plan.size,
      })
      if (opened.status !== 'ok')
        return { status: opened.status, detail: opened.detail, block: new Uint8Array(0) }
      attachment.renew()
      this.#window = new Window(attachment, 0, plan.size, opened.table)
      const program = this.world.programOf(plan.name, plan.program.entry)
      const block = yield* program(this)
      return { status: 'ok', detail: '', block }
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      if (!this.world.faulty && !(error.status === 'manager_failed' && this.world.isShaken))
        this.problem(`${error.status}: ${error.message}`)
      return { status: error.status, detail: error.message, block: new Uint8Array(0) }
    }
  }

  #attachmentTo(container: ContainerSlot): Attachment {
    return new Attachment(this.region, container, this.slot, {
      resolve: (trap) => {
        this.#missed = trap
        throw new Missed()
      },
    })
  }

  #compareRegisters(): void {
    const first = this.region.locusWord(this.slot, 'registers') >> 1
    for (let index = 0; index < registerCount; index++) {
      const value = this.region.i64[first + index]!
      const expected = this.model.registers[index]!
      if (value !== expected) this.problem(`register ${index} is ${value}, not ${expected}`)
    }
  }

  #leave(): void {
    if (this.#window?.attachment.attached === true) this.#window.attachment.detach()
    this.#window = null
  }

  get #words(): Map<number, number> {
    return this.world.model.containers.get(this.container)!.words
  }

  *#pause(wait: Wait): Step<void> {
    if (!this.#alive) throw new Gone()
    if (typeof wait === 'function') yield () => !this.#alive || wait()
    else yield wait
    if (!this.#alive) throw new Gone()
  }

  *#throughGate(): Step<void> {
    for (;;) {
      yield* this.#pause(() => this.#mayRun())
      this.#comeBack()
      if (this.#mayRun()) return
      this.#rest()
    }
  }

  #rest(): void {
    this.#goQuiet(locusStates.resting)
    this.#tellKernel()
  }

  #goQuiet(state: number = locusStates.quiet): void {
    this.#store('state', state)
    if (this.#window !== null) ringWaiter(this.region, this.#window.attachment.container)
  }

  #comeBack(): void {
    this.#store('state', locusStates.running)
    this.region.words.add(this.region.locusWord(this.slot, 'turns'), 1)
    this.region.words.store(this.region.containerWord(this.containerSlot, 'ran'), 1)
    this.#window?.attachment.renew()
  }

  #tellKernel(): void {
    if (this.#gate() !== 0) ringPort(this.region, actorPorts.kernel, bellBits.mail)
  }

  /** The gate is open and nobody has suspended it. */
  #mayRun(): boolean {
    const suspended = this.region.locusWord(this.slot, 'suspended')
    return this.#gate() === 0 && this.region.words.load(suspended) === 0
  }

  /** The machine’s gate, or that of its container. */
  #gate(): number {
    const { words } = this.region
    return (
      words.load(this.region.machineWord('gate')) ||
      words.load(this.region.containerWord(this.containerSlot, 'gate'))
    )
  }

  #store(field: 'state' | 'waitContainer', value: number): void {
    this.region.words.store(this.region.locusWord(this.slot, field), value)
  }
}
