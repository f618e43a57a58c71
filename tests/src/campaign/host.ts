/** What a host does to a simulated world, each call held against the model: its answer, and what it changes. */
import type { Capref, Status } from '@katydid/abi'
import type { HostAnswer } from '@katydid/kernel'
import { demandZero, managerOf, readerName, transactional, type WholeWorld } from './whole-world.js'
import type { WorldModel } from './world-model.js'

/** Containers that begin as snapshots of others. */
const forkNames: readonly string[] = ['f', 'g', 'o', 'p']

type Take = 'snapshot_fork' | 'snapshot_open'

const noBlock = new Uint8Array(0)

export class CampaignHost {
  readonly world: WholeWorld
  #modelAtCall: WorldModel | null = null

  constructor(world: WholeWorld) {
    this.world = world
  }

  /** A capability for the container of that name, or the status of the refusal. */
  async find(name: string): Promise<Capref | string> {
    this.ready()
    const { model } = this.world
    const isThere = model.containers.has(name)
    const found = await this.#call('container_find', { name })
    this.#expect(`container_find ${name}`, found, isThere ? 'ok' : 'no_such_container')
    return found.status === 'ok' ? (found['cont'] as Capref) : found.status
  }

  /** What the container has told of later intervals than that one. */
  async released(name: string, after: number): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    const answer = await this.#call('output_released', { cont, after })
    this.#expect(`output_released ${name}`, answer, 'ok')
    const lines = answer['lines'] as readonly unknown[]
    if (Number(answer['count']) < lines.length) throw new Error('fewer were told than there are')
  }

  /** All that can be told has been: what is not is of intervals that are not on the line. */
  async outputSettled(): Promise<void> {
    this.ready()
    const answer = await this.#call('output_settled', {})
    if (answer.status !== 'busy' || !this.world.isShaken)
      this.#expect('output_settled', answer, 'ok')
  }

  /** Makes a container; a name that is taken is refused. */
  async create(name: string, pages: number): Promise<void> {
    this.ready()
    const { model, shape } = this.world
    const expected = model.containers.has(name)
      ? 'bad_argument'
      : model.containers.size + this.#buried >= shape.maxContainers - 1
        ? 'no_resource'
        : 'ok'
    const size = pages * 4096
    const answer = await this.#call('container_create', { size, name })
    const isFull = answer.status === 'no_resource' && this.#ofLoci > 0
    if (expected !== 'no_resource' && !isFull)
      this.#expect(`container_create ${name}`, answer, expected)
    if (answer.status === 'ok') this.world.model.addContainer(name, size)
  }

  /** Has the manager take the container on whose it is by the world's shape. */
  async adopt(name: string): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    this.ready()
    const manager = managerOf(this.world.shape, name)
    const answer = await this.#call('manage_request', { cont, manager })
    const success = answer.status === 'ok' && answer['success'] === true
    if (!success)
      this.#expect(`manage_request ${name} (${String(answer['success'])})`, answer, 'accepted')
    const container = this.world.model.containers.get(name)
    if (container === undefined) return
    container.isVolatile = manager === demandZero.name
    container.isSealed = manager === transactional.name
    // A manager that died between set_manager and its answer may have taken it on or not.
    const { containers } = this.world.kernel.machine
    container.adopted = success || (containers.named(name)?.manager ?? null) !== null
  }

  /** A new container begins as a snapshot retained of another; nothing when none is retained. */
  fork(source: string, name: string, which = 0): Promise<void> {
    return this.#take('snapshot_fork', source, name, which)
  }

  /** A new container shows a snapshot retained of another. */
  openSnapshot(source: string, name: string, which = 0): Promise<void> {
    return this.#take('snapshot_open', source, name, which)
  }

  async #take(call: Take, source: string, name: string, which: number): Promise<void> {
    const cont = await this.find(source)
    if (typeof cont === 'string') return
    const home = this.world.model.containers.get(source)
    const stateInterval = this.#nth(await this.#retained(source, cont), which)
    if (stateInterval === null || home === undefined) return
    if (this.world.model.containers.has(name)) return
    await this.create(name, home.size / 4096)
    const target = await this.find(name)
    const made = this.world.model.containers.get(name)
    const { slot } = this.world.kernel.machine.containers.named(source) ?? { slot: -1 }
    const held = this.world.captured.get(`${slot} ${stateInterval}`)
    if (typeof target === 'string' || made === undefined) return
    if (held === undefined || typeof held === 'number' || held.container === null) {
      this.world.problems.push(`${source} retains ${stateInterval}, which never was`)
      return
    }
    this.ready()
    // Before the call: the next point of the container may be made before its answer is heard.
    for (const [offset, value] of held.container.words) made.words.set(offset, value)
    made.isOpened = call === 'snapshot_open'
    if (made.isOpened) this.world.openedHere.add(made.identity)
    const args = { cont: target, source: cont, stateInterval }
    const answer = await this.#call(call, args)
    this.#expect(`${call} ${name}`, answer, 'ok', 'no_such_interval')
    this.#noteAdopted(name)
    if (made.adopted) return
    made.words.clear()
    made.isOpened = false
  }

  /** A manager that dies between set_manager and its answer may have taken a container on or not, and a picture of it may be older. */
  #noteAdopted(name: string): void {
    const container = this.world.model.containers.get(name)
    const found = this.world.kernel.machine.containers.named(name)
    if (container === undefined) return
    container.adopted = (found?.manager ?? null) !== null
    container.isSealed = found?.serviceLevel === 'transactional'
  }

  /** A snapshot retained of the container is given up: not the one that a crash would bring back. */
  async drop(name: string, which = 0): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    const stateInterval = this.#nth(await this.#retained(name, cont), which)
    if (stateInterval === null) return
    const answer = await this.#call('snapshot_drop', { cont, stateInterval })
    this.#expect(
      `snapshot_drop ${name}`,
      answer,
      'ok',
      'no_such_interval',
      'most_recent_recoverable',
    )
  }

  /** So many snapshots of the container stay from now on; of a manager that keeps none that is refused. */
  async retain(name: string, count: number): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    this.ready()
    const answer = await this.#call('snapshot_retain', { cont, count })
    const expected = this.#keeps(name) ?? (count > 100 ? 'bad_argument' : 'ok')
    this.#expect(`snapshot_retain ${count} of ${name}`, answer, expected)
  }

  /** What is listed rises, and each of it was a point of the container. */
  async listed(name: string): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont !== 'string') await this.#retained(name, cont)
  }

  async #retained(name: string, cont: Capref): Promise<readonly number[]> {
    this.ready()
    const { slot } = this.world.kernel.machine.containers.named(name) ?? { slot: -1 }
    const listed = await this.#call('snapshot_list', { cont })
    this.#expect('snapshot_list', listed, this.#keeps(name) ?? 'ok')
    if (listed.status !== 'ok') return []
    const snapshots = listed['snapshots'] as { stateInterval: number; state: string }[]
    const intervals = snapshots.map(({ stateInterval }) => stateInterval)
    for (const [at, interval] of intervals.entries()) {
      const isPoint = interval === 0 || this.world.captured.has(`${slot} ${interval}`)
      if (!isPoint || interval <= (intervals[at - 1] ?? -1))
        this.world.problems.push(`the snapshots of ${name} are ${intervals.join()}`)
    }
    return intervals
  }

  #nth(intervals: readonly number[], which: number): number | null {
    return intervals[which % Math.max(1, intervals.length)] ?? null
  }

  /** Why no snapshot of the container is kept; null when some are. */
  #keeps(name: string): string | null {
    const container = this.world.model.containers.get(name)
    if (container?.adopted !== true) return 'no_manager'
    return container.isVolatile ? 'not_supported' : null
  }

  /** What another process had opened is gone as soon as nobody is in it. */
  async closedWithTheProcess(): Promise<void> {
    this.ready()
    const { world } = this
    const { containers } = world.model
    world.run(300)
    this.ready()
    for (const { name, isLeftOpen } of Array.from(containers.values()))
      if (isLeftOpen && !world.model.isInUse(name) && world.model.containers === containers)
        world.problems.push(`${name} was opened by another process, and is still there`)
  }

  async setProgram(name: string, entry: string): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    this.ready()
    const program = { module: 'file:///campaign.js', entry, hash: entry }
    const answer = await this.#call('set_invocation_point', { cont, program })
    this.#expect('set_invocation_point', answer, 'ok')
    const container = this.world.model.containers.get(name)
    if (container !== undefined) container.hasProgram = true
  }

  async removeProgram(name: string): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    this.ready()
    this.#expect(
      'remove_invocation_point',
      await this.#call('remove_invocation_point', { cont }),
      'ok',
    )
    const container = this.world.model.containers.get(name)
    if (container !== undefined) container.hasProgram = false
  }

  async destroy(name: string): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    this.ready()
    this.#letEndsArrive()
    const expected = this.world.model.isInUse(name) ? 'busy' : 'ok'
    // A locus of another container may be in it, and may have come or gone meanwhile.
    const before = this.world.isVisited(name)
    const answer = await this.#call('container_destroy', { cont })
    const also = before || this.world.isVisited(name) ? ['busy'] : []
    this.#expect(`container_destroy ${name}`, answer, expected, ...also)
    if (answer.status !== 'ok') return
    this.world.model.containers.delete(name)
    this.world.mappingChanges++
    const again = await this.#call('container_destroy', { cont })
    this.#expect(`container_destroy of what is gone`, again, 'entity_gone', 'invalid_capref')
  }

  /** Starts a locus; answers whether it runs. */
  async start(name: string, container: string): Promise<boolean> {
    const cont = await this.find(container)
    if (typeof cont === 'string') return false
    this.ready()
    const { model } = this.world
    const home = model.containers.get(container)
    if (home === undefined) return false
    if (forkNames.includes(container)) this.#noteAdopted(container)
    const earlier = model.loci.get(name)
    const expected = !home.hasProgram
      ? 'no_invocation_point'
      : !home.adopted
        ? 'no_manager'
        : earlier !== undefined && earlier.end === null
          ? 'bad_argument'
          : 'ok'
    // The model knows it before its thread can begin.
    const isNew = expected === 'ok'
    if (isNew) model.addLocus(name, container)
    // One that has done its last deed has ended when the kernel has heard so.
    const isEnding = this.#runs(name) && earlier !== undefined && earlier.end !== null
    const answer = await this.#call('locus_create', { cont, block: noBlock, name })
    const others: Status[] = isEnding ? ['no_resource', 'bad_argument'] : ['no_resource']
    this.#expect(`locus_create ${name} in ${container}`, answer, expected, ...others)
    if (answer.status !== 'ok' && isNew && this.world.model === model) {
      if (earlier === undefined) model.loci.delete(name)
      else model.loci.set(name, earlier)
    }
    return answer.status === 'ok'
  }

  /** Whether the kernel has a locus of that name whose end it has not heard. */
  #runs(name: string): boolean {
    const { loci } = this.world.kernel.machine
    return [...loci.all()].some((each) => each.name === name && each.end === null)
  }

  /** Captures the world; durable: answered when it is recoverable. Answers the capture or null. */
  async snapshot(durable: boolean): Promise<number | null> {
    this.ready()
    const answer = await this.#call('world_snapshot', { durable })
    this.#expect('world_snapshot', answer, 'ok', 'busy', 'frozen')
    return answer.status === 'ok' ? (answer['capture'] as number) : null
  }

  /** Reads back all that can be read, by loci; answers whether they came to their ends. */
  async readBack(): Promise<boolean> {
    const { world } = this
    for (const { name, adopted, hasProgram } of Array.from(world.model.containers.values())) {
      if (!adopted || !hasProgram) continue
      const reader = `${readerName} ${name}`
      if (!(await this.start(reader, name))) continue
      const hasEnded = (): boolean => world.model.loci.get(reader)?.end !== null
      const done = world.until(() => hasEnded() || world.phase === 'failed', 120_000)
      if (world.phase === 'failed') return false
      this.#letEndsArrive()
      if (done) continue
      world.problems.push(`${reader} did not come to its end`)
      return false
    }
    return true
  }

  async findLocus(name: string): Promise<void> {
    this.ready()
    const locus = this.world.model.loci.get(name)
    const answer = await this.#call('locus_find', { name })
    this.#expect(`locus_find ${name}`, answer, locus === undefined ? 'no_such_locus' : 'ok')
  }

  /** Containers as the kernel lists them are those of the model. */
  async compareStatus(): Promise<void> {
    this.ready()
    const { model } = this.world
    const answer = await this.#call('world_status', {})
    if (this.world.model !== model) return
    const listed = (answer['containers'] as { name: string; size: number }[])
      // Those without a name are of loci, for as long as a deed of theirs takes.
      .filter(({ name }) => name !== '' && !name.startsWith('('))
      .map(({ name, size }) => `${name} ${size}`)
      .sort()
    const known = [...model.containers.values()].map(({ name, size }) => `${name} ${size}`).sort()
    if (listed.join() !== known.join())
      this.world.problems.push(`the world has ${listed.join()}; the model ${known.join()}`)
  }

  /** A locus that is at its end is in its container until the supervisor has seen its thread's. */
  #letEndsArrive(): void {
    this.world.run(20)
  }

  /** A call during a recovery is answered after it, of a world that is another by then: waits for that first. */
  ready(): void {
    this.world.until(() => this.world.phase === 'open' || this.world.phase === 'failed')
    this.world.forgetClosed()
  }

  /** Containers that loci have made, or destroyed a moment ago. */
  get #ofLoci(): number {
    return this.world.kernel.machine.containers.all().filter(({ name }) => name === '').length
  }

  get #buried(): number {
    return this.world.kernel.machine.graves.length
  }

  /** Makes a call and holds its status against those expected. */
  async call(name: string, args: object, ...expected: string[]): Promise<HostAnswer> {
    const answer = await this.#call(name, args)
    this.#expect(name, answer, ...expected)
    return answer
  }

  async #call(name: string, args: object): Promise<HostAnswer> {
    this.world.operations++
    this.#modelAtCall = this.world.model
    const answer = await this.world.call(name, args)
    this.world.saw(name, answer.status)
    return answer
  }

  #expect(what: string, answer: HostAnswer, ...expected: string[]): void {
    if (expected.includes(answer.status) || this.world.faulty) return
    // The world went back while it was asked: the answer is about another world than the one expected of.
    if (this.world.model !== this.#modelAtCall) return
    if (answer.status === 'manager_failed' && this.world.isShaken) return
    if (answer.status === 'frozen' && this.world.isAboutToGoBack) return
    this.world.problems.push(
      `${what}: ${answer.status} (${answer.detail}), not ${expected.join(' or ')}`,
    )
  }
}
