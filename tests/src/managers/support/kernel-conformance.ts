/**
 * A machine as the conformance suite wants it with nothing stood in for: the real kernel, the real disk, the other managers that a world has, and one
 * container under the manager to be tested, in which two loci do what they are told.
 */
import {
  actorPorts,
  asInterval,
  hereCapref,
  managerUpcalls,
  transactionCalls,
  type ContainerSlot,
  type PortId,
} from '@katydid/abi'
import { hostTable } from '@katydid/kernel/host-calls.js'
import type { ConformanceWorld } from '@katydid/managers/testing/conformance.js'
import { AccessError } from '@katydid/memory'
import type { SimLocus } from '../../campaign/sim-locus.js'
import {
  smallShape,
  WholeWorld,
  type Remains,
  type SimProgram,
  type WholeShape,
} from '../../campaign/whole-world.js'

type Steps<T> = Generator<'step' | number | (() => boolean), T, void>

const pageBytes = 4096
const pages = 96
const answerMs = 20_000
const discardMs = 500
const calmMs = 3000
/** An interval that no kernel here ever named. */
const neverNamed = 999_999
const name = 'tested'
const workers = ['first', 'second'] as const

/** What a locus is to do; it says how that ended. */
interface Task {
  readonly offset: number
  /** Nil: to read. */
  readonly value: number | null
  ended: string | number | null
}

/** A new world whose container is that manager’s; '' is the first. */
export function kernelConformance(
  manager: string,
  more: Pick<WholeShape, 'others'> = {},
): ConformanceWorld {
  const shape: WholeShape = {
    ...smallShape,
    frames: 72,
    maxContainers: 8,
    disk: { segmentBlocks: 32, capacity: 512 },
    others: [],
    ...more,
  }
  const world = new KernelConformance(1, shape)
  world.begin(manager)
  return world
}

class KernelConformance implements ConformanceWorld {
  readonly pages = pages
  readonly #world: WholeWorld
  readonly #tasks = new Map<string, Task[]>(workers.map((each) => [each, []]))

  constructor(seed: number, shape: WholeShape, remains: Remains | null = null) {
    const programs = new Map<string, SimProgram>([['serve', (locus) => this.#serve(locus)]])
    this.#world = new WholeWorld(seed, shape, programs, remains)
    void this.#world.kernel.boot()
    this.#expect(
      this.#world.until(() => this.#world.phase === 'open'),
      'the world did not open',
    )
  }

  begin(manager: string): void {
    const { model } = this.#world
    const cont = this.#ask('container_create', { size: pages * pageBytes, name })['cont']
    model.addContainer(name, pages * pageBytes)
    this.#ask('manage_request', { cont, manager })
    model.containers.get(name)!.adopted = true
    const program = { module: 'file:///conformance.js', entry: 'serve', hash: 'serve' }
    this.#ask('set_invocation_point', { cont, program })
    for (const each of workers) {
      model.addLocus(each, name)
      this.#ask('locus_create', { cont, block: new Uint8Array(0), name: each })
    }
    // Whatever is lost from now on, the container and its loci are there.
    this.#expect(this.capture(), 'the first capture did not become recoverable')
  }

  write(page: number, value: number): string {
    return String(this.#done(this.#give(workers[0], { offset: page * pageBytes, value })))
  }

  read(page: number): number | string {
    return this.#done(this.#give(workers[0], { offset: page * pageBytes, value: null }))
  }

  writeTogether(page: number, value: number): readonly string[] {
    const offset = (nth: number): number => page * pageBytes + 4 * nth
    const tasks = workers.map((each, nth) => this.#give(each, { offset: offset(nth), value }))
    const written = tasks.map((each) => String(this.#done(each)))
    const found = workers.map((_, nth) =>
      this.#done(this.#give(workers[0], { offset: offset(nth), value: null })),
    )
    return written.map((status, nth) =>
      status === 'ok' && found[nth] !== value ? `word ${nth} reads ${found[nth]}` : status,
    )
  }

  capture(): boolean {
    return this.#asked('world_snapshot', { durable: true })?.['status'] === 'ok'
  }

  query(asked: 'line' | 'never'): string {
    const { machine } = this.#world.kernel
    const { token, intervals, manager } = this.#container
    const stateInterval = asked === 'line' ? intervals.recoverable : asInterval(neverNamed)
    const answers: string[] = []
    const args = { cont: token, stateInterval }
    machine.messenger.call(manager!, managerUpcalls.stateIntervalQuery, args, (reply) =>
      answers.push(reply.status === 'ok' ? reply.state : reply.status),
    )
    this.#world.until(() => answers.length > 0, answerMs)
    return answers[0] ?? 'no answer'
  }

  kill(): ConformanceWorld {
    const { shape } = this.#world
    return new KernelConformance(2, shape, this.#world.remains())
  }

  killManager(): void {
    this.#goesBack(() => this.#world.killManager('killed on purpose', this.#manager))
  }

  loseLocus(): void {
    const last = this.#world.lociPorts().at(-1)
    if (last !== undefined) this.#goesBack(() => this.#world.killLocus(last))
  }

  discard(count: number): number {
    const { machine } = this.#world.kernel
    const port = this.#manager
    // What the kernel asks for by itself has been given by then.
    this.#world.run(calmMs)
    // The set that its containers’ pages are in is the largest of its.
    const [largest] = machine.pageSets
      .all()
      .filter(({ manager }) => manager === port)
      .toSorted((one, other) => other.frames - one.frames)
    const frames = (): number =>
      machine.pageSets.all().find(({ id }) => id === largest!.id)?.frames ?? 0
    const before = frames()
    const args = { pageset: largest!.id, pageCount: count }
    machine.messenger.call(port, managerUpcalls.pageDiscard, args, () => {})
    this.#world.run(discardMs)
    return before - frames()
  }

  get #container() {
    const found = this.#world.kernel.machine.containers.named(name)
    if (found === null) throw new Error('the container is gone')
    return found
  }

  get #manager(): PortId {
    return this.#container.manager ?? actorPorts.firstManager
  }

  #goesBack(blow: () => void): void {
    const before = this.#world.of('rollback').length
    blow()
    const isBack = (): boolean =>
      this.#world.of('rollback').length > before && this.#world.phase === 'open'
    this.#expect(this.#world.until(isBack), 'the world did not come back')
  }

  #give(worker: string, what: Omit<Task, 'ended'>): Task {
    const task: Task = { ...what, ended: null }
    this.#tasks.get(worker)!.push(task)
    return task
  }

  #done(task: Task): string | number {
    this.#world.until(() => task.ended !== null, answerMs)
    return task.ended ?? 'no answer'
  }

  *#serve(locus: SimLocus): Steps<Uint8Array> {
    const tasks = this.#tasks.get(locus.name)!
    for (;;) {
      yield* locus.restUntil(() => tasks.length > 0)
      const task = tasks.shift()
      if (task !== undefined) task.ended = yield* this.#carryOut(locus, task)
    }
  }

  *#carryOut(locus: SimLocus, { offset, value }: Task): Steps<string | number> {
    const isSealed = this.#container.serviceLevel === 'transactional'
    try {
      if (value === null) return yield* locus.access((window, at) => window.getInt32(at), offset)
      if (isSealed) return yield* this.#commit(locus, offset, value)
      yield* locus.access((window, at) => {
        window.setInt32(at, value)
        return value
      }, offset)
      return 'ok'
    } catch (error) {
      if (error instanceof AccessError) return error.status
      throw error
    }
  }

  /** A transaction of one store; one that gives way is tried again. */
  *#commit(locus: SimLocus, offset: number, value: number): Steps<string> {
    for (let age = 0; ;) {
      const args = { cont: hereCapref, timeoutMs: 1000, age }
      const begun = yield* locus.call(transactionCalls.transactionBegin, args)
      if (begun.status !== 'ok') return begun.status
      const { transaction } = begun
      const opened = yield* locus.call(transactionCalls.transactionWindow, {
        transaction,
        base: 0,
        length: 0,
      })
      if (opened.status !== 'ok') return opened.status
      const place = { slot: begun.slot as ContainerSlot, table: opened.table, size: opened.length }
      yield* locus.elsewhere(place, () =>
        locus.access((window) => {
          window.setInt32(offset, value)
          return value
        }),
      )
      const done = yield* locus.call(transactionCalls.transactionCommit, { transaction })
      if (done.status !== 'conflict') return done.status
      age = begun.age
    }
  }

  #ask(call: string, args: object): Record<string, unknown> {
    const answer = this.#asked(call, args)
    if (answer?.['status'] !== 'ok')
      throw new Error(`${call}: ${JSON.stringify(answer ?? 'no answer')}`)
    return answer
  }

  /** A host's call, waited for by letting the world run. */
  #asked(call: string, args: object): Record<string, unknown> | null {
    const answers: Record<string, unknown>[] = []
    const { handler } = hostTable(this.#world.kernel.machine).get(call)!
    handler(args, (answer) => answers.push(answer as Record<string, unknown>))
    this.#world.until(() => answers.length > 0, answerMs)
    return answers[0] ?? null
  }

  #expect(holds: boolean, sentence: string): void {
    const { problems } = this.#world
    if (!holds) throw new Error(`${sentence}; ${problems.join('; ')}`)
  }
}
