/**
 * A simulated machine with retained snapshots, and a naive model of it: what each container holds, what it held at each of
 * its snapshots, and what the world held at each capture, all of it as plain copies by token.
 */
import {
  asInterval,
  managerNotices,
  managerUpcalls,
  retainedUpcalls,
  type AnySignature,
  type ArgsOf,
  type Reply,
  type Token,
} from '@katydid/abi'
import { run } from '@katydid/actor'
import { SimWorld, type WorldShape } from './sim-world.js'
import { managerPort, type UserContainer } from './stand-in-kernel.js'

type Content = ReadonlyMap<number, number>

/** What outlives a kill, besides the disk. */
interface Past {
  /** What each container held at the snapshot of that name: token and interval. */
  readonly snapshots: Map<string, Content>
  /** What every container held at a capture. */
  readonly captures: Map<number, ReadonlyMap<Token, Content>>
}

const recoverableMs = 10_000

export class RetainedWorld {
  readonly world: SimWorld
  readonly past: Past
  present = new Map<Token, Content>()
  readonly problems: string[] = []

  private constructor(world: SimWorld, past: Past) {
    this.world = world
    this.past = past
  }

  static begin(seed: number, shape: WorldShape): RetainedWorld {
    const world = new SimWorld(seed, shape)
    world.begin()
    const made = new RetainedWorld(world, { snapshots: new Map(), captures: new Map() })
    for (const { token } of world.kernel.containers) made.present.set(token, new Map())
    return made
  }

  /** The process is killed; answers the world that comes back. */
  killed(seed: number): RetainedWorld {
    const { shape, file, captured } = this.world
    const world = new SimWorld(seed, shape, Uint8Array.from(file.image), captured)
    const next = new RetainedWorld(world, this.past)
    next.#backAt(world.reopen())
    return next
  }

  restartManager(): void {
    this.#backAt(this.world.restartManager())
  }

  rollBack(): void {
    this.#backAt(this.world.rollBack())
  }

  get containers(): readonly UserContainer[] {
    return this.world.kernel.containers
  }

  write(container: UserContainer, page: number, value: number): string {
    const status = this.world.write(this.#index(container), page, value)
    if (status === 'ok')
      this.present.set(container.token, new Map(this.#held(container)).set(page, value))
    return status
  }

  read(container: UserContainer, page: number): { status: string; value: number } {
    return this.world.read(this.#index(container), page)
  }

  /** Captures everything and waits until that is recoverable; answers the capture, null when it is not. */
  capture(): number | null {
    const capture = this.beginCapture()
    if (capture === null) return null
    const { sim, kernel } = this.world
    sim.runUntil(() => kernel.line >= capture, sim.clock.nowMs() + recoverableMs)
    return kernel.line >= capture ? capture : null
  }

  /** Captures everything. */
  beginCapture(): number | null {
    const held = this.containers.filter(({ opened }) => !opened)
    const names = held.map((each) => ({ each, key: `${each.token} ${each.interval}` }))
    const content = new Map(held.map((each) => [each.token, this.#held(each)]))
    const capture = this.world.capture()
    if (capture === null) return null
    for (const { each, key } of names) this.past.snapshots.set(key, content.get(each.token)!)
    this.past.captures.set(capture, content)
    return capture
  }

  /** Lets so many things happen. */
  step(count: number): void {
    const { sim } = this.world
    for (let i = 0; i < count; i++) sim.step(sim.clock.nowMs() + 5)
  }

  /** What can be opened of the container, from old to new. */
  list(container: UserContainer) {
    const reply = this.call(retainedUpcalls.retainedList, { cont: container.token })
    if (reply.status !== 'ok') throw new Error(`${reply.status}: ${reply.detail}`)
    return reply.snapshots
  }

  open(source: UserContainer, interval: number): UserContainer | string {
    return this.#take(source, interval, false)
  }

  fork(source: UserContainer, interval: number): UserContainer | string {
    return this.#take(source, interval, true)
  }

  /** Asks for a fork and does not wait for it. */
  beginFork(source: UserContainer, interval: number): void {
    const script = this.world.kernel.take(source.token, interval, true)
    run(this.world.kernel.messenger, script, () => {})
  }

  drop(container: UserContainer, interval: number): string {
    const args = { cont: container.token, stateInterval: asInterval(interval) }
    return this.call(retainedUpcalls.retainedDrop, args).status
  }

  retain(container: UserContainer, count: number): string {
    return this.call(retainedUpcalls.retainedKeep, { cont: container.token, count }).status
  }

  /** The container is gone, and its manager told. */
  destroy(container: UserContainer): void {
    this.present.delete(container.token)
    this.world.kernel.destroy(this.#index(container))
    this.world.runUntilIdle(50)
  }

  /** What does not read as the model says, of every container there is, opened ones too. */
  differences(): string[] {
    const found = [...this.problems, ...this.world.reports.filter((each) => !isGiveWay(each))]
    for (const container of this.containers)
      for (let page = 0; page < this.world.shape.pages; page++) {
        const { status, value } = this.read(container, page)
        const expected = this.#held(container).get(page) ?? 0
        if (status !== 'ok' || value !== expected)
          found.push(`${container.token} page ${page}: ${status} ${value}, not ${expected}`)
      }
    return found
  }

  /** Opens each snapshot that can be, compares all of it with what the container held then, and closes it. */
  lookBack(container: UserContainer): string[] {
    const found: string[] = []
    for (const { stateInterval, pages } of this.list(container)) {
      const opened = this.open(container, stateInterval)
      if (typeof opened === 'string') {
        found.push(`${container.token} at ${stateInterval} does not open: ${opened}`)
        continue
      }
      const held = this.past.snapshots.get(`${container.token} ${stateInterval}`)
      if (held?.size !== pages)
        found.push(`${container.token} at ${stateInterval}: ${pages} pages, not ${held?.size}`)
      found.push(...this.differences().map((each) => `with ${stateInterval} open: ${each}`))
      this.destroy(opened)
    }
    return found
  }

  /** Calls the manager as the kernel. */
  call<S extends AnySignature>(signature: S, args: ArgsOf<S>): Reply<S> {
    const heard: Reply<S>[] = []
    this.world.kernel.messenger.call(managerPort, signature, args, (reply) => heard.push(reply))
    this.#until(() => heard.length > 0)
    return heard[0]!
  }

  /** These are the container's snapshots that belong to kept lines. */
  keep(container: UserContainer, intervals: readonly number[]): string {
    const snapshots = intervals.map((each) => ({
      cont: container.token,
      stateInterval: asInterval(each),
    }))
    return this.call(managerNotices.snapshotsKept, { snapshots }).status
  }

  /** Whether `stateIntervalQuery` still says that the line can be gone back to. */
  isLineThere(container: UserContainer): boolean {
    const stateInterval = asInterval(Math.max(0, ...container.stable))
    const reply = this.call(managerUpcalls.stateIntervalQuery, {
      cont: container.token,
      stateInterval,
    })
    return reply.status === 'ok' && (reply.state === 'stable' || reply.state === 'recoverable')
  }

  #take(source: UserContainer, interval: number, writable: boolean): UserContainer | string {
    const heard: (UserContainer | string)[] = []
    const script = this.world.kernel.take(source.token, interval, writable)
    run(this.world.kernel.messenger, script, (answer) => heard.push(answer))
    this.#until(() => heard.length > 0)
    const taken = heard[0]!
    if (typeof taken === 'string') return taken
    const held = this.past.snapshots.get(`${source.token} ${interval}`)
    if (held === undefined)
      this.problems.push(`${source.token} has no snapshot ${interval}, and it opens`)
    this.present.set(taken.token, held ?? new Map())
    return taken
  }

  #until(condition: () => boolean): void {
    const { sim } = this.world
    if (!sim.runUntil(condition, sim.clock.nowMs() + 60_000))
      throw new Error(`no answer; ${this.world.reports.join(' ')}`)
  }

  #backAt(line: number): void {
    const held = this.past.captures.get(line)
    this.present = new Map(
      this.containers.map(({ token }) => [token, held?.get(token) ?? new Map()]),
    )
  }

  #held({ token }: UserContainer): Content {
    return this.present.get(token) ?? new Map()
  }

  #index(container: UserContainer): number {
    return this.containers.findIndex(({ token }) => token === container.token)
  }
}

const isGiveWay = (report: string): boolean => report.includes('retained no longer')

/** Writes some pages of each version, and captures each. Answers the world's one container. */
export function versions(world: RetainedWorld, count: number, from = 0): UserContainer {
  const container = world.containers[0]!
  for (let version = from; version < from + count; version++) {
    for (let i = 0; i < 5; i++)
      world.write(container, (version * 3 + i) % 24, version * 100 + i + 1)
    world.capture()
    world.world.runUntilIdle(50)
  }
  return container
}
