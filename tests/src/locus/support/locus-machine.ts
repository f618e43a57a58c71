/**
 * A machine whose loci are real: their threads, their traps, their messages. The test plays kernel and manager on its own
 * thread, so that it decides when the gate shuts, what a capability says, which page is taken out.
 */
import { Worker } from 'node:worker_threads'
import {
  actorPorts,
  actorStates,
  asContainer,
  asFrame,
  asGeneration,
  asInterval,
  asLocus,
  asPageSet,
  capabilityTables,
  containerCalls,
  containerStates,
  defaultShape,
  entityKinds,
  hereCapref,
  inputCalls,
  isLocusPort,
  locusCalls,
  locusOfPort,
  locusPort,
  locusStates,
  makeCapref,
  managerDowncalls,
  serviceLevels,
  rights,
  semaphoreCalls,
  transactionCalls,
  type Answer,
  type ArgsOf,
  type Capref,
  type CaprefTable,
  type ContainerSlot,
  type LocusSlot,
  type ServiceLevel,
} from '@katydid/abi'
import {
  bellOf,
  Endpoint,
  later,
  Region,
  ringPort,
  systemClock,
  type PostedOrder,
} from '@katydid/actor'
import type { LocusOutcome } from '@katydid/locus'
import { Pager } from './pager.js'

export interface LocusEnd {
  readonly status: string
  readonly detail: string
  readonly block: Uint8Array
}

export interface RunningLocus {
  readonly slot: LocusSlot
  readonly logs: string[]
  /** What its thread said at the end, and what it told the kernel. */
  readonly outcome: Promise<LocusOutcome>
  readonly end: () => LocusEnd | undefined
  readonly worker: Worker
}

export interface StartOptions {
  readonly container?: number
  readonly block?: Uint8Array
  readonly resumed?: boolean
  readonly registers?: readonly number[]
  readonly name?: string
  /** Program to enter instead of the container's. */
  readonly program?: { module: string; entry: string }
  /** It runs these visits again, and what differed is pushed to `differed`. */
  readonly replay?: { readonly inputs: readonly Input[]; readonly differed: string[] }
}

export type Logged = ArgsOf<(typeof inputCalls)['inputLogged']>
export type Input = NonNullable<Logged['input']>

const pageSet = asPageSet(1)
export const testManager = actorPorts.firstManager
const kernel = actorPorts.kernel
const host = new URL('./locus-host.worker.js', import.meta.url)

export class LocusMachine {
  readonly region: Region
  readonly pager: Pager
  readonly pages: number
  /** Programs by container slot. */
  readonly programs = new Map<number, { module: string; entry: string }>()
  /** What is mapped where: a window that begins there is on the source’s pages. */
  readonly mapped: {
    readonly host: number
    readonly at: number
    readonly source: number
    readonly writable: boolean
  }[] = []
  /** How transactions end: they are on container 1, and their overlay is container 2. */
  readonly commits: ('ok' | 'conflict' | 'timed_out')[] = []
  /** The ages that transactions were begun with. */
  readonly ages: number[] = []
  aborts = 0
  /** Snapshot requests that wait for the loci to rest. */
  captures = 0
  capturedRegisters: Float64Array = new Float64Array(32)
  windowsOpened = 0
  programsAsked = 0
  /** What was logged of visits; whose turn it was then, the container's interval, and what the invoker had received of it. */
  readonly logged: (Logged & {
    readonly turn: number
    readonly interval: bigint
    readonly received: bigint
  })[] = []
  /** Refuses so many calls of input_logged. */
  refuseInputs = 0
  /** Loci that wait at a semaphore, in the order in which they came, and how each is answered. */
  readonly waiting: {
    readonly slot: LocusSlot
    readonly answer: (answer: Answer<(typeof semaphoreCalls)['semaphoreP']>) => void
  }[] = []
  readonly #endpoint: Endpoint
  readonly #plans = new Map<LocusSlot, StartOptions>()
  readonly #ends = new Map<LocusSlot, LocusEnd>()
  readonly #pending: ((turn: 'rest') => boolean)[] = []
  readonly #live = new Set<Worker>()
  #turning = true

  constructor(options: { pages?: number; frames?: number; containers?: number; maxLoci?: number }) {
    const { pages = 64, frames = 64, containers = 1, maxLoci = 8 } = options
    this.pages = pages
    this.region = Region.create({ ...defaultShape, frames, maxLoci, tableBytes: 4 * 1024 * 1024 })
    const { words, plan } = this.region
    for (let slot = 0; slot < containers; slot++) this.#makeContainer(asContainer(slot))
    const first = plan.firstFrame / plan.shape.pageBytes
    const all = Array.from({ length: frames }, (_, i) => asFrame(first + i))
    for (const frame of all) words.store(this.region.frameWord(frame, 'owner'), pageSet)
    for (const port of [kernel, testManager]) {
      words.store(this.region.actorWord(port, 'generation'), 1)
      words.store(this.region.actorWord(port, 'state'), actorStates.running)
    }
    this.pager = new Pager(this.region, testManager, pageSet, all)
    this.#endpoint = new Endpoint({
      region: this.region,
      port: kernel,
      clock: systemClock,
      bell: bellOf(this.region, kernel),
    })
    this.#serve()
    void this.#turn()
  }

  /** Puts a capability into a table and answers its Capref, as the holder of that table says it. */
  grant(
    table: CaprefTable,
    of: number,
    index: number,
    to: { container: number; rights: number; generation?: number },
  ): Capref {
    const { words, plan } = this.region
    const owner =
      table === 'own'
        ? capabilityTables.ofLocus(plan.shape, of)
        : capabilityTables.ofContainer(plan.shape, of)
    const stamp = 7 + index
    const word = (field: 'kind' | 'slot' | 'generation' | 'rights'): number =>
      this.region.capabilityWord(owner, index, field)
    words.store(word('slot'), to.container)
    words.store(word('generation'), to.generation ?? 1)
    words.store(word('rights'), (stamp << 8) | to.rights)
    words.store(word('kind'), entityKinds.container)
    return makeCapref(table, index, stamp)
  }

  /** Starts a locus on a thread of its own. */
  start(slot: number, options: StartOptions = {}): RunningLocus {
    const { words } = this.region
    const locus = asLocus(slot)
    const generation = words.add(this.region.locusWord(locus, 'generation'), 1) + 1
    const container = options.container ?? 0
    this.#plans.set(locus, options)
    this.#ends.delete(locus)
    for (let i = 0; i < 32; i++)
      this.region.f64[(this.region.locusWord(locus, 'registers') >> 1) + i] =
        options.registers?.[i] ?? 0
    words.store(this.region.locusWord(locus, 'container'), container)
    words.store(this.region.locusWord(locus, 'depth'), 0)
    words.store(this.region.locusWord(locus, 'locks'), 0)
    words.store(this.region.locusWord(locus, 'state'), locusStates.starting)
    const port = locusPort(locus)
    const task = { region: this.region.handle, port, generation: asGeneration(generation) }
    const worker = new Worker(host, { workerData: task, stderr: true })
    this.#live.add(worker)
    const logs: string[] = []
    const outcome = new Promise<LocusOutcome>((resolve, reject) => {
      worker.on('message', (message: { outcome: LocusOutcome } | PostedOrder) => {
        if ('outcome' in message) return resolve(message.outcome)
        const { order } = message
        if (order.order === 'report' && order.event.kind === 'log') logs.push(order.event.text)
      })
      worker.once('error', reject)
      worker.once('exit', (code) => {
        this.#live.delete(worker)
        reject(new Error(`the worker exited with ${code} before the locus had ended`))
      })
    })
    return { slot: locus, logs, outcome, end: () => this.#ends.get(locus), worker }
  }

  /** Starts one locus and waits for its end. */
  async run(slot: number, options: StartOptions = {}): Promise<LocusEnd & { logs: string[] }> {
    const locus = this.start(slot, options)
    const outcome = await locus.outcome
    const end = locus.end()
    return { ...(end ?? { ...outcome, block: new Uint8Array(0) }), logs: locus.logs }
  }

  /** Shuts the gate, waits until every locus in `slots` is at rest, and runs `body` then; opens the gate again. */
  async atRest(slots: readonly number[], body: () => void): Promise<void> {
    await new Promise<void>((resolve) => this.#capture(slots, body, resolve))
  }

  /** What the container’s quality of service is from now on. */
  setLevel(container: number, level: ServiceLevel): void {
    const word = this.region.containerWord(asContainer(container), 'level')
    this.region.words.store(word, serviceLevels.indexOf(level))
  }

  state(slot: number): number {
    return this.region.words.load(this.region.locusWord(asLocus(slot), 'state'))
  }

  register(slot: number, index: number): number {
    return this.region.f64[(this.region.locusWord(asLocus(slot), 'registers') >> 1) + index]!
  }

  async close(): Promise<void> {
    this.#turning = false
    await Promise.all([...this.#live].map((worker) => worker.terminate()))
  }

  #capture(slots: readonly number[], body: () => void, done: () => void): void {
    const { words } = this.region
    const gate = this.region.machineWord('gate')
    words.store(gate, 1)
    for (const slot of slots) ringPort(this.region, locusPort(asLocus(slot)), 1)
    this.#pending.push(() => {
      const resting: readonly number[] = [
        locusStates.resting,
        locusStates.ended,
        locusStates.starting,
      ]
      if (!slots.every((slot) => resting.includes(this.state(slot)))) return false
      body()
      this.captures++
      for (let slot = 0; slot < this.region.plan.shape.maxContainers; slot++)
        for (const word of ['capture', 'epoch'] as const)
          words.add(this.region.containerWord(asContainer(slot), word), 1)
      words.store(gate, 0)
      for (const slot of slots) ringPort(this.region, locusPort(asLocus(slot)), 1)
      done()
      return true
    })
  }

  async #turn(): Promise<void> {
    while (this.#turning) {
      let busy = this.pager.turn() + this.#endpoint.poll()
      if (this.#pending.length > 0 && this.#pending[0]!('rest'))
        busy += this.#pending.splice(0, 1).length
      await new Promise((resolve) => (busy > 0 ? setImmediate(resolve) : setTimeout(resolve, 1)))
    }
  }

  #makeContainer(slot: ContainerSlot): void {
    const { region, pages } = this
    const { words, plan } = region
    const directory = plan.tables + slot * 64
    words.store(directory >> 2, plan.tables + 4096 + slot * pages * 4)
    region.f64[region.containerWord(slot, 'size') >> 1] = pages * plan.shape.pageBytes
    Atomics.store(region.i64, region.containerWord(slot, 'interval') >> 1, 100n * BigInt(slot + 1))
    words.store(region.containerWord(slot, 'directory'), directory)
    words.store(region.containerWord(slot, 'slabs'), 1)
    words.store(region.containerWord(slot, 'manager'), testManager)
    words.store(region.containerWord(slot, 'generation'), 1)
    words.store(region.containerWord(slot, 'incarnation'), 1)
    words.store(region.containerWord(slot, 'state'), containerStates.live)
  }

  #inside(locus: LocusSlot): ContainerSlot {
    return asContainer(this.region.words.load(this.region.locusWord(locus, 'container')))
  }

  #serve(): void {
    const { region } = this
    this.#endpoint.serveSome(locusCalls, {
      locusBegin: (_args, call) => {
        const slot = locusOfPort(call.from)
        const plan = this.#plans.get(slot)
        if (plan === undefined) return { status: 'no_such_locus', detail: 'no plan' }
        const container = plan.container ?? 0
        const program = plan.program ?? this.programs.get(container)!
        return {
          status: 'ok',
          plan: {
            container,
            containerCap: this.grant('own', slot, 63, { container, rights: 255 }),
            size: this.pages * region.plan.shape.pageBytes,
            program: { ...program, hash: '' },
            block: plan.block ?? new Uint8Array(0),
            resumed: plan.resumed ?? false,
            name: plan.name ?? '',
            answer: null,
            visitor: false,
            replay: plan.replay !== undefined,
          },
        }
      },
      locusEnd: ({ status, detail, block }, call) => {
        this.#ends.set(locusOfPort(call.from), { status, detail, block })
        return { status: 'ok' }
      },
    })
    this.#endpoint.serveSome(containerCalls, {
      windowOpen: ({ cont, base, length }, call) => {
        if (cont !== hereCapref) return { status: 'invalid_capref', detail: 'not here' }
        const inside = this.#inside(locusOfPort(call.from))
        const { pageBytes } = region.plan.shape
        const mapping = this.mapped.find((each) => each.host === inside && each.at === base)
        const slot = mapping === undefined ? inside : asContainer(mapping.source)
        const origin = mapping === undefined ? base : 0
        if (base % pageBytes !== 0) return { status: 'misaligned', detail: `base ${base}` }
        if (origin + length > this.pages * pageBytes)
          return { status: 'out_of_window', detail: 'beyond the container' }
        this.windowsOpened++
        const table = region.words.load(
          region.words.load(region.containerWord(slot, 'directory')) >> 2,
        )
        return {
          status: 'ok',
          table: table + (origin / pageBytes) * 4,
          slot,
          writable: mapping?.writable ?? true,
          origin,
          length: length === 0 ? this.pages * pageBytes - origin : length,
        }
      },
      getInvocationPoint: ({ cont }, call) => {
        this.programsAsked++
        const from = locusOfPort(call.from)
        const of = cont === hereCapref ? this.#inside(from) : this.#targetOf(cont, from)
        const program = this.programs.get(of)
        return { status: 'ok', program: program === undefined ? null : { ...program, hash: '' } }
      },
    })
    this.#endpoint.serveSome(semaphoreCalls, {
      semaphoreP: (_args, call) => {
        const answer = call.reply.bind(call)
        this.waiting.push({ slot: locusOfPort(call.from), answer })
        return later
      },
    })
    this.#serveTransactions()
    this.#serveInputs()
    this.#endpoint.serveSome(managerDowncalls, {
      snapshotRequest: (_args, call) => {
        const slots = isLocusPort(call.from) ? [locusOfPort(call.from)] : []
        this.#capture(
          slots,
          () => {
            const at = region.locusWord(slots[0]!, 'registers') >> 1
            this.capturedRegisters = Float64Array.from(region.f64.subarray(at, at + 32))
          },
          () => call.reply({ status: 'ok', stateInterval: asInterval(41 + this.captures) }),
        )
        return later
      },
    })
  }

  #serveInputs(): void {
    const { region } = this
    const given = new Map<LocusSlot, number>()
    this.#endpoint.serveSome(inputCalls, {
      inputLogged: (args) => {
        const cont = asContainer(args.cont)
        const turn = region.words.load(region.containerWord(cont, 'turn'))
        const at = region.containerWord(cont, 'interval') >> 1
        const received =
          args.input === null
            ? 0n
            : Atomics.load(region.i64, region.dependencyIndex(asContainer(args.input.sender), cont))
        this.logged.push({ ...args, turn, received, interval: Atomics.add(region.i64, at, 1n) })
        if (this.refuseInputs === 0) return { status: 'ok', point: args.input !== null }
        this.refuseInputs--
        return { status: 'bad_argument', detail: 'as the test wants it' }
      },
      replayNext: ({ problem }, call) => {
        const slot = locusOfPort(call.from)
        const { inputs, differed } = this.#plans.get(slot)!.replay!
        if (problem !== null) differed.push(problem)
        const next = given.get(slot) ?? 0
        given.set(slot, next + 1)
        return { status: 'ok', input: problem === null ? (inputs[next] ?? null) : null }
      },
    })
  }

  #serveTransactions(): void {
    const { region } = this
    let number = 0
    this.#endpoint.serveSome(transactionCalls, {
      transactionBegin: ({ age }) => {
        number++
        this.ages.push(age)
        const place = { transaction: number, overlay: 1, slot: 2, below: 1 }
        return { status: 'ok', age: age === 0 ? number : age, ...place }
      },
      transactionWindow: ({ length }) => {
        const directory = region.words.load(region.containerWord(asContainer(2), 'directory'))
        const table = region.words.load(directory >> 2)
        return { status: 'ok', table, length: length === 0 ? 4096 : length }
      },
      transactionCommit: () => {
        const answer = this.commits.shift() ?? 'ok'
        return answer === 'ok'
          ? { status: 'ok', pageCount: 1 }
          : { status: answer, detail: 'as the test wants it' }
      },
      transactionAbort: () => {
        this.aborts++
        return { status: 'ok', fate: 'open' }
      },
    })
  }

  #targetOf(cont: Capref, from: LocusSlot): number {
    const { plan, words } = this.region
    const table =
      cont >>> 31 === 1
        ? capabilityTables.ofContainer(plan.shape, this.#inside(from))
        : capabilityTables.ofLocus(plan.shape, from)
    return words.load(this.region.capabilityWord(table, cont & 0xff, 'slot'))
  }
}

export const allRights = 255
export const invokeOnly = rights.invoke
