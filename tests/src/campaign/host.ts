/** What a host does to a simulated world, each call held against the model: its answer, and what it changes. */
import type { Capref } from '@katydid/abi'
import type { HostAnswer } from '@katydid/kernel'
import { tillName } from './sim-visit.js'
import { demandZero, deterministic, readerName, type WholeWorld } from './whole-world.js'
import type { WorldModel } from './world-model.js'

/** Containers that are given to the demand-zero manager. */
const volatileNames: readonly string[] = ['e', 'v']

/** Containers that begin as snapshots of others. */
const forkNames: readonly string[] = ['f']

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
    if (expected !== 'no_resource') this.#expect(`container_create ${name}`, answer, expected)
    if (answer.status === 'ok') this.world.model.addContainer(name, size)
  }

  /** Has a manager take the container on: of names in `volatileNames` the one that promises nothing. */
  async adopt(name: string): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    this.ready()
    const isVolatile = volatileNames.includes(name)
    const manager = isVolatile ? demandZero.name : name === tillName ? deterministic.name : ''
    const answer = await this.#call('manage_request', { cont, manager })
    const success = answer.status === 'ok' && answer['success'] === true
    if (!success)
      this.#expect(`manage_request ${name} (${String(answer['success'])})`, answer, 'accepted')
    const container = this.world.model.containers.get(name)
    if (container === undefined) return
    container.isVolatile = isVolatile
    // A manager that died between set_manager and its answer may have taken it on or not.
    const { containers } = this.world.kernel.machine
    container.adopted = success || (containers.named(name)?.manager ?? null) !== null
  }

  /** A new container begins as the oldest snapshot retained of another; nothing when none is retained. */
  async fork(source: string, name: string): Promise<void> {
    const cont = await this.find(source)
    if (typeof cont === 'string') return
    const oldest = await this.#oldest(cont)
    const home = this.world.model.containers.get(source)
    if (oldest === null || home === undefined) return
    await this.create(name, home.size / 4096)
    const target = await this.find(name)
    const made = this.world.model.containers.get(name)
    const { slot } = this.world.kernel.machine.containers.named(source) ?? { slot: -1 }
    const held = this.world.captured.get(`${slot} ${oldest}`)
    if (typeof target === 'string' || made === undefined) return
    if (held === undefined || typeof held === 'number' || held.container === null) {
      this.world.problems.push(`${source} retains ${oldest}, which never was`)
      return
    }
    this.ready()
    // Before the call: the next point of the container may be made before its answer is heard.
    for (const [offset, value] of held.container.words) made.words.set(offset, value)
    const args = { cont: target, source: cont, stateInterval: oldest }
    const answer = await this.#call('snapshot_fork', args)
    this.#expect(`snapshot_fork ${name}`, answer, 'ok', 'no_such_interval')
    this.#noteAdopted(name)
    if (!made.adopted) made.words.clear()
  }

  /** A manager that dies between set_manager and its answer may have taken a container on or not, and a picture of it may be older. */
  #noteAdopted(name: string): void {
    const container = this.world.model.containers.get(name)
    const found = this.world.kernel.machine.containers.named(name)
    if (container !== undefined) container.adopted = (found?.manager ?? null) !== null
  }

  /** The oldest snapshot retained of the container is given up. */
  async drop(name: string): Promise<void> {
    const cont = await this.find(name)
    if (typeof cont === 'string') return
    const oldest = await this.#oldest(cont)
    if (oldest === null) return
    const answer = await this.#call('snapshot_drop', { cont, stateInterval: oldest })
    this.#expect(
      `snapshot_drop ${name}`,
      answer,
      'ok',
      'no_such_interval',
      'most_recent_recoverable',
    )
  }

  async #oldest(cont: Capref): Promise<number | null> {
    this.ready()
    const listed = await this.#call('snapshot_list', { cont })
    this.#expect('snapshot_list', listed, 'ok', 'no_manager')
    if (listed.status !== 'ok') return null
    return (listed['snapshots'] as { stateInterval: number }[])[0]?.stateInterval ?? null
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
    const answer = await this.#call('container_destroy', { cont })
    this.#expect(`container_destroy ${name}`, answer, expected)
    if (answer.status !== 'ok') return
    this.world.model.containers.delete(name)
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
    const answer = await this.#call('locus_create', { cont, block: noBlock, name })
    this.#expect(`locus_create ${name} in ${container}`, answer, expected, 'no_resource')
    if (answer.status !== 'ok' && isNew && this.world.model === model) {
      if (earlier === undefined) model.loci.delete(name)
      else model.loci.set(name, earlier)
    }
    return answer.status === 'ok'
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
      .filter(({ name }) => !name.startsWith('('))
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
    const isOfFate = answer.status === 'manager_failed' || answer.status === 'frozen'
    if (isOfFate && this.world.isShaken) return
    this.world.problems.push(
      `${what}: ${answer.status} (${answer.detail}), not ${expected.join(' or ')}`,
    )
  }
}
