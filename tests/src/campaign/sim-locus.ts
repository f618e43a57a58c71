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
import { generationOf, ringPort, type Messenger, type Random, type Region } from '@katydid/actor'
import {
  arrived,
  goOut,
  knock,
  mostWaitMs,
  mustWait,
  newTree,
  setOut,
  type Tree,
} from '@katydid/locus/entrance.js'
import { KeyedWait } from '@katydid/locus/keyed-wait.js'
import {
  AccessError,
  Attachment,
  AttachmentSet,
  managerOf,
  messageEpoch,
  postTrap,
  receive,
  stampOf,
  Window,
  type Trap,
  type Way,
} from '@katydid/memory'
import { supplyOf, type ModelSupply } from './mapping-model.js'
import { SimWindows, Unsure, type Bound } from './sim-windows.js'
import { replayVisits } from './sim-visit.js'
import type { WholeWorld } from './whole-world.js'
import type { ModelLocus } from './world-model.js'

type Wait = 'step' | number | (() => boolean)
type Step<T> = Generator<Wait, T, void>
type Plan = ResultOf<typeof locusCalls.locusBegin>['plan']
type Visit = NonNullable<ResultOf<typeof locusCalls.visitNext>['visit']>

/** The locus's thread has been ended. */
class Gone extends Error {}
/** An access missed: a trap has to be posted, or something waited for. */
class Missed extends Error {}

/** What an access may hear while mappings change, besides what the model says. */
const meantOfMappings: ReadonlySet<string> = new Set(['entity_gone', 'access_denied', 'no_manager'])
const trapPatienceMs = 10_000
/** As a locus's attachment has them. */
const rounds = 8
const roundsUnderPressure = 1000

export class SimLocus {
  readonly world: WholeWorld
  readonly port: PortId
  readonly slot: LocusSlot
  readonly random: Random
  readonly messenger: Messenger
  readonly region: Region
  name = ''
  container = ''
  containerSlot: ContainerSlot = 0 as ContainerSlot
  cap: Capref = hereCapref
  resumed = false
  /** The answer of a durable invoke that was saved with it; null: none is under way. */
  held: Plan['answer'] = null
  #alive = true
  /** What the invocation uses translations of, and its windows on them; null before it begins and after its end. */
  #uses: AttachmentSet | null = null
  #windows: SimWindows | null = null
  /** The page table of a transaction, and its window, while one is open. */
  #inside: AttachmentSet | null = null
  #elsewhere: Window | null = null
  /** The nested invocation under way. */
  #tree: Tree | null = null
  /** The containers from which that was made, outermost first. */
  readonly #from: string[] = []
  /** What an access waits for. */
  #held: (() => boolean) | null = null
  #missed: {
    container: ContainerSlot
    offset: number
    access: 'read' | 'write' | 'execute'
  } | null = null

  constructor(world: WholeWorld, port: PortId, messenger: Messenger, random: Random) {
    this.world = world
    this.port = port
    this.slot = locusOfPort(port)
    this.messenger = messenger
    this.random = random
    this.region = world.sim.region
  }

  /** Its thread ends: nothing of it runs any more. */
  stop(): void {
    this.#alive = false
  }

  /** How many invocations below its outermost it is. */
  get depth(): number {
    return this.region.words.load(this.region.locusWord(this.slot, 'depth'))
  }

  /** The containers that it is in: its own, and those in which its invocations are under way. */
  get standsIn(): ReadonlySet<string> {
    return new Set([...this.#from, this.container])
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
      if (plan.visitor) {
        yield* this.#serveVisits()
        this.world.exited(this.port)
        return
      }
      // Destroyed as it was about to begin: what it should do was in the mail.
      if (this.world.destroyedAtRest.has(plan.name) && !this.world.model.loci.has(plan.name)) return
      const end = plan.replay ? yield* this.#again(plan) : yield* this.#enter(plan)
      this.#leave()
      // No cut comes in between: it is neither at rest nor, to the kernel, at its end.
      if (!plan.replay) this.model.end = end.status
      // What a program that failed has left in its container is nothing to go on with.
      if (!plan.replay && end.status !== 'ok') this.world.lost.add(this.container)
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
    const look = (window: Window, at: number): number => window.getInt32(at)
    return yield* this.#deed('read', offset, look, (value, { container, offset: there }) => {
      const expected = container.words.get(there) ?? 0
      if (value !== expected) this.problem(`${this.#place(offset)} reads ${value}, not ${expected}`)
      this.world.model.read(this.container, container, there)
    })
  }

  *store(offset: number, value: number): Step<void> {
    const put = (window: Window, at: number): number => {
      window.setInt32(at, value)
      return value
    }
    yield* this.#deed('write', offset, put, (_, { container, offset: there }) => {
      this.world.model.wrote(this.container, container, there, value)
    })
  }

  /** An atomic operation; `then` is what the word holds afterwards, by the model. */
  *atomic(
    offset: number,
    deed: (window: Window, at: number) => number,
    then: (before: number) => number,
  ): Step<number> {
    return yield* this.#deed('write', offset, deed, (before, { container, offset: there }) => {
      const expected = container.words.get(there) ?? 0
      if (before !== expected)
        this.problem(`${this.#place(offset)} held ${before}, not ${expected}`)
      this.world.model.wrote(this.container, container, there, then(expected))
    })
  }

  /** What the model says of a word of its container, by way of mappings; 0 where nothing can be read. */
  word(offset: number): number {
    const supply = this.#supply(offset)
    return supply === 'entity_gone' ? 0 : (supply.container.words.get(supply.offset) ?? 0)
  }

  #supply(offset: number): ModelSupply | 'entity_gone' {
    const { model } = this.world
    return supplyOf(model, model.containers.get(this.container)!, offset)
  }

  #place(offset: number): string {
    const supply = this.#supply(offset)
    const there =
      supply === 'entity_gone' || supply.container.name === this.container
        ? ''
        : ` (${supply.container.name} at ${supply.offset})`
    return `${this.container} at ${offset}${there}`
  }

  /**
   * A deed at an offset of its container, on the page of whoever supplies it. What the model says cannot be done is refused with the status that it says, and
   * nothing else is, unless what is mapped has changed meanwhile.
   */
  *#deed(
    access: 'read' | 'write',
    offset: number,
    deed: (window: Window, at: number) => number,
    after: (result: number, supply: ModelSupply) => void,
  ): Step<number> {
    const before = this.world.mappingChanges
    try {
      return yield* this.access((window, at, bound) => {
        // The window first: it says when what it is bound to is no longer so.
        const result = deed(window, at)
        const supply = this.#supplyBy(bound, offset)
        if (supply !== null) after(result, supply)
        return result
      }, offset)
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      if (this.#refusal(access, offset) === error.status) return 0
      // It may have been true when the kernel was asked.
      const hasChanged = this.world.mappingChanges !== before || this.world.phase !== 'open'
      if (!hasChanged || !meantOfMappings.has(error.status)) throw error
      return 0
    }
  }

  /** What the model has there, which must be of the supplier that the window is bound to; null: while the world goes back that is not known. */
  #supplyBy(bound: Bound, offset: number): ModelSupply | null {
    const { containers } = this.world.kernel.machine
    const name = containers.at(bound.supplier)?.name ?? ''
    const container = this.world.model.containers.get(name)
    if (this.world.phase !== 'open') {
      const { writable } = bound.window
      return container === undefined
        ? null
        : { container, offset: bound.origin + offset - bound.base, writable }
    }
    const meant = this.#supply(offset)
    const isMeant =
      meant !== 'entity_gone' &&
      meant.container === container &&
      meant.offset === bound.origin + offset - bound.base
    if (isMeant) return meant
    const is = `“${name}” at ${bound.origin + offset - bound.base}`
    const should =
      meant === 'entity_gone' ? 'nobody' : `“${meant.container.name}” at ${meant.offset}`
    this.problem(`${this.container} at ${offset} is supplied by ${is}, not by ${should}`)
    return null
  }

  /** The status with which the model says that an access is refused; null when it is not. */
  #refusal(access: 'read' | 'write', offset: number): string | null {
    const supply = this.#supply(offset)
    if (supply === 'entity_gone') return supply
    const isStore = access === 'write'
    if (isStore && !supply.writable) return 'access_denied'
    if (!supply.container.adopted) return 'no_manager'
    const { isOpened, isSealed } = supply.container
    return isStore && (isOpened || isSealed) ? 'access_denied' : null
  }

  /** Accesses within `body` go to another page table, as those of a transaction do. */
  *elsewhere<T>(
    { slot, table, size }: { slot: ContainerSlot; table: number; size: number },
    body: () => Step<T>,
  ): Step<T> {
    const attachment = this.#attachmentTo(slot)
    this.#uses!.detach()
    this.#inside = new AttachmentSet(attachment)
    this.#inside.attach()
    this.#elsewhere = new Window(attachment, 0, size, table)
    try {
      return yield* body()
    } finally {
      // Of a thread that was ended the kernel takes back what it was attached to.
      if (this.#alive) {
        this.#inside.detach()
        this.#inside = this.#elsewhere = null
        this.#uses!.attach()
      }
    }
  }

  /**
   * An invocation of another container: `body` runs in there, and it comes back whatever that comes to. The words are those of a locus's
   * thread; only the wait at the entrance is a yield. Nothing, if the container is gone by the time that it is let in.
   */
  *invoke(name: string, to: ContainerSlot, body: () => Step<void>): Step<void> {
    const { region, slot, containerSlot: from } = this
    const was = region.words.load(region.containerWord(to, 'generation'))
    const tree = this.#tree ?? newTree(region, from)
    const home = {
      name: this.container,
      slot: from,
      uses: this.#uses!,
      windows: this.#windows!,
      tree: this.#tree,
    }
    setOut(region, slot, tree, { from, to })
    while (!knock(region, tree, to)) yield* this.#waitOutside(tree, to)
    // Counted first, then a look once more, as a thread does: of what was ended meanwhile nothing is received.
    if (!this.#isStill(to, was)) {
      arrived(this)
      goOut(region, to)
      return
    }
    const stamp = stampOf(region, from)
    const uses = new AttachmentSet(this.#attachmentTo(to))
    const windows = new SimWindows(uses, (container) => this.#attachmentAcross(container))
    this.#from.push(home.name)
    this.#move({ name, slot: to, uses, windows, tree }, 1)
    arrived(this)
    receive(region, to, stamp)
    this.#noteMessage(home.name, name, to)
    try {
      yield* body()
    } finally {
      // Of a thread that was ended the kernel takes back where it stood.
      if (this.#alive) {
        const back = stampOf(region, to)
        this.#move(home, -1)
        this.#from.pop()
        receive(region, from, back)
        this.#noteMessage(name, home.name, to)
        arrived(this)
        goOut(region, to)
      }
    }
  }

  /** Whether the slot has the container that it had in that generation, and it is in use. */
  #isStill(slot: ContainerSlot, generation: number): boolean {
    const { words } = this.region
    const live = words.load(this.region.containerWord(slot, 'state')) === containerStates.live
    return live && words.load(this.region.containerWord(slot, 'generation')) === generation
  }

  /** An invocation of a container of another machine: the kernel has it run there. Quiet meanwhile, and not at rest. */
  *remoteInvoke(
    cap: Capref,
    block: Uint8Array,
    deadlineMs: number,
  ): Step<Reply<typeof locusCalls.remoteInvoke>> {
    const { region, containerSlot } = this
    const tree = this.#tree ?? newTree(region, containerSlot)
    const mixed = tree.mixed || messageEpoch(region, containerSlot) !== tree.epoch
    const args = { cap, block, epoch: tree.epoch, mixed, deadlineMs }
    return yield* this.call(locusCalls.remoteInvoke, args, false, deadlineMs + 10_000)
  }

  /** What other machines invoke is run, one after the other, until the kernel has nothing more for it. */
  *#serveVisits(): Step<void> {
    let done: ArgsOf<typeof locusCalls.visitNext>['done'] = null
    for (;;) {
      const state: { reply: Reply<typeof locusCalls.visitNext> | null } = { reply: null }
      const { kernel } = actorPorts
      const noted = (reply: Reply<typeof locusCalls.visitNext>): void => void (state.reply = reply)
      const args = { done, leaves: false }
      this.messenger.call(kernel, locusCalls.visitNext, args, noted, 60_000)
      yield* this.#pause(() => state.reply !== null)
      const reply: Reply<typeof locusCalls.visitNext> = state.reply!
      if (reply.status !== 'ok' || reply.visit === null) return
      done = yield* this.#visit(reply.visit)
    }
  }

  *#visit({
    number,
    container,
    block,
    epoch,
    mixed,
  }: Visit): Step<NonNullable<ArgsOf<typeof locusCalls.visitNext>['done']>> {
    const slot = container as ContainerSlot
    this.container = this.world.kernel.machine.containers.at(slot)!.name
    this.containerSlot = slot
    this.#tree = { epoch, mixed }
    this.#comeBack()
    this.#uses = new AttachmentSet(this.#attachmentTo(slot))
    this.#windows = new SimWindows(this.#uses, (other) => this.#attachmentAcross(other))
    this.#store('container', slot)
    this.#store('depth', 1)
    this.#uses.attach()
    const end = { number, status: 'ok', detail: '', block: new Uint8Array(0) as Uint8Array }
    try {
      end.block = yield* this.world.visited(this, block)
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      Object.assign(end, { status: error.status, detail: error.message })
    }
    this.#leave()
    this.#tree = null
    this.container = ''
    this.#goQuiet(locusStates.starting)
    return end
  }

  /** In the model; not when what was invoked is gone, and its name perhaps another's. */
  #noteMessage(from: string, to: string, invoked: ContainerSlot): void {
    const { world } = this
    const name = world.kernel.machine.containers.at(invoked)?.name
    if (name === from || name === to) world.model.message(from, to)
  }

  *#waitOutside(tree: Tree, to: ContainerSlot): Step<void> {
    const since = this.world.sim.clock.nowMs()
    const isLate = (): boolean => this.world.sim.clock.nowMs() >= since + mostWaitMs
    this.#goQuiet()
    yield* this.#pause(() => !mustWait(this.region, tree, to) || isLate())
    this.#comeBack()
    if (mustWait(this.region, tree, to)) tree.mixed = true
  }

  #move(
    to: {
      readonly name: string
      readonly slot: ContainerSlot
      readonly uses: AttachmentSet
      readonly windows: SimWindows
      readonly tree: Tree | null
    },
    deeper: 1 | -1,
  ): void {
    const { words } = this.region
    this.#uses!.detach()
    this.container = to.name
    this.containerSlot = to.slot
    this.#uses = to.uses
    this.#windows = to.windows
    this.#tree = to.tree
    words.store(this.region.locusWord(this.slot, 'container'), to.slot)
    words.add(this.region.locusWord(this.slot, 'depth'), deeper)
    words.store(this.region.containerWord(to.slot, 'ran'), 1)
    to.uses.attach()
  }

  /** Goes into another container, as an invocation does: not while that is captured, nor before, when its own was already. */
  *comeIn(to: ContainerSlot): Step<void> {
    if (to === this.containerSlot) return
    const { words } = this.region
    const word = (of: ContainerSlot, field: 'gate' | 'epoch'): number =>
      words.load(this.region.containerWord(of, field))
    const isShut = (): boolean => {
      const gate = word(to, 'gate')
      if (gate !== containerGates.shut) return gate === containerGates.cutting
      return word(this.containerSlot, 'epoch') > word(to, 'epoch')
    }
    words.store(this.region.locusWord(this.slot, 'awaits'), to + 1)
    for (;;) {
      words.add(this.region.containerWord(to, 'frames'), 1)
      if (!isShut()) {
        words.store(this.region.containerWord(to, 'ran'), 1)
        return
      }
      this.#countOut(to)
      this.#goQuiet()
      yield* this.#pause(() => !isShut())
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

  /** At rest until then, as in a wait for somebody. */
  *restUntil(ready: () => boolean): Step<void> {
    this.#rest()
    yield* this.#pause(ready)
    yield* this.#throughGate()
  }

  /** Comes to rest while the gate is shut. */
  *safepoint(): Step<void> {
    if (this.#mayRun()) return
    this.#rest()
    yield* this.#throughGate()
  }

  /** A keyed wait, resting. */
  *wait(offset: number, expected: number, forMs: number): Step<string> {
    const status = yield* this.#waited(offset, expected, forMs)
    this.world.saw('wait', status)
    return status
  }

  *#waited(offset: number, expected: number, forMs: number): Step<string> {
    yield* this.safepoint()
    const word = yield* this.load(offset)
    if (word !== expected) return 'not_equal'
    const { words } = this.region
    const key = this.#keyOf(offset)
    if (key === null) return 'not_equal'
    this.#store('waitContainer', key.container)
    this.region.f64[this.region.locusWord(this.slot, 'waitOffset') >> 1] = key.offset
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
    this.world.saw('notify', 'ok')
    const key = this.#keyOf(offset)
    if (key === null) return 0
    return new KeyedWait(this.region, this.slot).notify(key.container, key.offset, Infinity)
  }

  /** Waiting and waking are keyed by the page's supplier; null where no window is open any more. */
  #keyOf(offset: number): { container: ContainerSlot; offset: number } | null {
    const bound = this.#windows!.find(offset)
    if (bound === null) return null
    return { container: bound.supplier, offset: bound.origin + offset - bound.base }
  }

  /** A call on the kernel, quiet meanwhile. */
  *call<S extends AnySignature>(
    signature: S,
    args: ArgsOf<S>,
    resting = false,
    forMs = resting ? 60_000 : 10_000,
  ): Step<Reply<S>> {
    const state: { reply: Reply<S> | null } = { reply: null }
    if (resting) this.#rest()
    else this.#goQuiet()
    this.messenger.call(
      actorPorts.kernel,
      signature,
      args,
      (reply) => {
        state.reply = reply
      },
      forMs,
    )
    yield* this.#pause(() => state.reply !== null)
    if (resting) yield* this.#throughGate()
    else this.#comeBack()
    this.world.operations++
    return state.reply!
  }

  /**
   * An access by the rules: a miss posts the trap and gives way until it is answered. As with a locus's thread, answers during which
   * pages of the container were taken out are not held against the manager: what it showed may have gone again.
   */
  *access(attempt: (window: Window, at: number, bound: Bound) => number, offset = 0): Step<number> {
    this.world.operations++
    yield* this.#pause('step')
    const { words } = this.region
    for (let round = 0, all = 0; round < rounds && all < roundsUnderPressure; all++) {
      const bound = this.#inTransaction() ?? (yield* this.#reach(offset))
      try {
        const result = attempt(bound.window, offset - bound.base, bound)
        this.world.touched(this.container)
        return result
      } catch (error) {
        if (error instanceof Unsure) {
          this.#windows!.drop(bound)
          continue
        }
        if (!(error instanceof Missed)) throw error
      }
      if (this.#held !== null) {
        yield* this.#waitFor(this.#held)
        continue
      }
      const generation = this.region.containerWord(this.#missed!.container, 'gen')
      const before = words.load(generation)
      yield* this.#resolve()
      if (words.load(generation) === before) round++
    }
    throw new AccessError('manager_failed', 'eight answers without access')
  }

  /** What it uses translations of at this moment. */
  get #present(): AttachmentSet | null {
    return this.#inside ?? this.#uses
  }

  *#waitFor(done: () => boolean): Step<void> {
    this.#held = null
    this.#goQuiet()
    yield* this.#pause(done)
    this.#comeBack()
  }

  #inTransaction(): Bound | null {
    const window = this.#elsewhere
    if (window === null) return null
    return { window, supplier: window.attachment.container, base: 0, origin: 0 }
  }

  /** A window on whoever supplies the page of the offset, opened when none is. */
  *#reach(offset: number): Step<Bound> {
    const windows = this.#windows!
    const known = windows.find(offset)
    if (known !== null) return known
    const { mappings } = windows
    const base = offset - (offset % this.region.plan.shape.pageBytes)
    const opened = yield* this.call(containerCalls.windowOpen, {
      cont: hereCapref,
      base,
      length: 0,
    })
    if (opened.status !== 'ok') throw new AccessError(opened.status, opened.detail)
    return windows.bind(base, opened, mappings)
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
    this.world.saw('container_fault', status)
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
    this.#uses = new AttachmentSet(this.#attachmentTo(this.containerSlot))
    this.#uses.attach()
    const args = { cont: hereCapref, base: 0, length: plan.size }
    const opened = yield* this.call(containerCalls.windowOpen, args)
    if (opened.status === 'ok') {
      const place = { slot: this.containerSlot, table: opened.table, size: plan.size }
      try {
        yield* this.elsewhere(place, () => replayVisits(this))
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
      this.messenger.call(actorPorts.kernel, locusCalls.locusBegin, {}, (reply) => {
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
    this.held = plan.answer
    yield* this.#throughGate()
    this.#uses = new AttachmentSet(this.#attachmentTo(this.containerSlot))
    this.#windows = new SimWindows(this.#uses, (container) => this.#attachmentAcross(container))
    this.#uses.attach()
    try {
      this.#compareRegisters()
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

  #attachmentTo(container: ContainerSlot, way: Way | null = null): Attachment {
    const resolve = (trap: Trap): void => {
      this.#missed = trap
      throw new Missed()
    }
    return new Attachment(this.region, container, this.slot, { resolve }, way)
  }

  #attachmentAcross(supplier: ContainerSlot): Attachment {
    const hold = (done: () => boolean): boolean => {
      this.#held = done
      throw new Missed()
    }
    return this.#attachmentTo(supplier, { host: this.containerSlot, hold })
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
    this.#uses?.detach()
    this.#uses = this.#windows = null
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
    if (state === locusStates.resting) this.#present?.settleReceipts()
    this.#store('state', state)
    this.#present?.ringWaiters()
  }

  #comeBack(): void {
    this.#store('state', locusStates.running)
    this.region.words.add(this.region.locusWord(this.slot, 'turns'), 1)
    this.region.words.store(this.region.containerWord(this.containerSlot, 'ran'), 1)
    this.#present?.renew()
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

  #store(field: 'state' | 'waitContainer' | 'container' | 'depth', value: number): void {
    this.region.words.store(this.region.locusWord(this.slot, field), value)
  }
}
