/**
 * A simulated world in which loci, the couriers, go from container to container by nested invocations and write down each trip where it
 * begins, where it leads and where it comes back to. What is written down is the truth that lines, recoveries and answers are held against.
 */
import { locusCalls, type ContainerSlot } from '@katydid/abi'
import { CampaignHost } from '../campaign/host.js'
import { readAll } from '../campaign/random-program.js'
import type { SimLocus } from '../campaign/sim-locus.js'
import {
  second,
  smallShape,
  WholeWorld,
  type Remains,
  type SimProgram,
  type WholeShape,
} from '../campaign/whole-world.js'
import type { UnitPicture, WorldModel } from '../campaign/world-model.js'
import {
  countAt,
  entryAt,
  faultsIn,
  pagesOfCourier,
  papersIn,
  tripsAt,
  type ListName,
  type Papers,
} from './papers.js'

type Step<T> = Generator<'step' | number | (() => boolean), T, void>

export const homes = ['a', 'b', 'c', 'd'] as const

const isOfSecond = (name: string): boolean => name === 'c' || name === 'd'

export interface CourierShape {
  readonly couriers: number
  /** Trips of each courier that begin at its root. */
  readonly trips: number
  /** How often a courier waits until what it did is recoverable, of its trips. */
  readonly stabilises: number
  readonly world: WholeShape
}

export const courierShape: CourierShape = {
  couriers: 5,
  trips: 14,
  stabilises: 0.2,
  world: {
    ...smallShape,
    frames: 60,
    disk: { segmentBlocks: 32, capacity: 192 },
    others: [],
    snapshotEveryMs: 40,
  },
}

/** Half of the containers are another manager’s. */
export const twoManagers: CourierShape = {
  ...courierShape,
  world: { ...courierShape.world, frames: 90, others: [second] },
}

/** What outlives every life of the world: numbers given, and what somebody was told for good. */
export class CourierLedger {
  /** Trips whose being recoverable was acknowledged. */
  readonly acknowledged = new Set<number>()
  /** Couriers that were on a line: they are on every later one. */
  readonly known = new Set<string>()
  /** Couriers whose end was reported as recoverable. */
  readonly ended = new Set<string>()
  /** The line as it was announced last: each unit’s interval. */
  line: ReadonlyMap<number, number> = new Map()
  lines = 0
  /** Where the containers are, which never changes. */
  slots: ReadonlyMap<string, ContainerSlot> = new Map()
  #next = 1

  next(): number {
    return this.#next++
  }

  /** The same, for a world that goes on from here beside others. */
  copy(): CourierLedger {
    const copy = new CourierLedger()
    for (const trip of this.acknowledged) copy.acknowledged.add(trip)
    for (const name of this.known) copy.known.add(name)
    for (const name of this.ended) copy.ended.add(name)
    copy.line = this.line
    copy.lines = this.lines
    copy.slots = this.slots
    copy.#next = this.#next
    return copy
  }
}

export class CourierWorld {
  readonly shape: CourierShape
  readonly world: WholeWorld
  readonly host: CampaignHost
  readonly ledger: CourierLedger
  #events = 0
  #seenLine: ReadonlyMap<number, number> | null = null

  constructor(
    seed: number,
    ledger: CourierLedger,
    shape: CourierShape = courierShape,
    remains: Remains | null = null,
  ) {
    this.shape = shape
    this.ledger = ledger
    const programs = new Map<string, SimProgram>([
      ['courier', (locus) => this.#courier(locus)],
      ['read', readAll],
    ])
    this.world = new WholeWorld(seed, shape.world, programs, remains)
    this.host = new CampaignHost(this.world)
    const { sim } = this.world
    const before = sim.onStep
    sim.onStep = () => {
      before?.()
      this.#look()
    }
  }

  /** Makes the containers and sends the couriers out. */
  async begin(): Promise<void> {
    const { host, shape } = this
    await this.world.open()
    for (const name of homes) {
      await host.create(name, shape.couriers * pagesOfCourier)
      if (isOfSecond(name) && shape.world.others?.length === 1) await this.#adoptBySecond(name)
      else await host.adopt(name)
      await host.setProgram(name, 'courier')
    }
    // Wherever couriers go is there for good.
    await host.snapshot(true)
    const { containers } = this.world.kernel.machine
    this.ledger.slots = new Map(homes.map((name) => [name, containers.named(name)!.slot]))
    for (let courier = 0; courier < shape.couriers; courier++)
      await host.start(`courier${courier}`, homes[courier % homes.length]!)
  }

  async #adoptBySecond(name: string): Promise<void> {
    const cont = await this.host.find(name)
    await this.host.call('manage_request', { cont, manager: second.name }, 'ok')
    this.world.model.containers.get(name)!.adopted = true
  }

  get isDone(): boolean {
    const { model, phase } = this.world
    return phase === 'open' && [...model.loci.values()].every(({ end }) => end !== null)
  }

  /** Waits for the ends of all and reads everything back. */
  async finish(): Promise<readonly string[]> {
    const { world } = this
    // What was killed at the last moment is noticed, and undone, before anything is read.
    for (let looks = 0; looks < 3; looks++) {
      if (!world.until(() => this.isDone || world.phase === 'failed', 300_000))
        return [...world.problems, `not all couriers came to their ends: ${this.#still()}`]
      world.run(500)
    }
    await this.host.readBack()
    world.problems.push(...faultsIn(this.papers(), true))
    const { couriers, trips } = this.shape
    for (let courier = 0; courier < couriers; courier++) {
      // One that was on no line when the world went back never was.
      if (!world.model.loci.has(`courier${courier}`)) continue
      const home = homes[courier % homes.length]!
      const made = world.model.word(home, tripsAt(courier))
      if (made !== trips) world.problems.push(`courier ${courier} made ${made} trips, not ${trips}`)
    }
    return world.problems
  }

  /** Asks for a durable snapshot; what was whole when it was asked for is acknowledged. */
  async acknowledge(): Promise<void> {
    const { world, host } = this
    host.ready()
    const { model } = world
    const whole = this.papers().flatMap(({ returned }) => [...returned])
    const capture = await host.snapshot(true)
    if (capture !== null && world.model === model)
      for (const trip of whole) this.ledger.acknowledged.add(trip)
  }

  /** What each container holds now, by the model, which every load is held against. */
  papers(model: WorldModel = this.world.model): Papers[] {
    return homes.map((name) => papersIn((offset) => model.word(name, offset), this.shape.couriers))
  }

  #still(): string {
    return [...this.world.model.loci.values()]
      .flatMap(({ name, end }) => (end === null ? [name] : []))
      .join(', ')
  }

  *#courier(locus: SimLocus): Step<Uint8Array> {
    const { random } = locus
    const courier = Number(locus.name.slice('courier'.length))
    while (locus.model.registers[0]! < BigInt(this.shape.trips)) {
      yield* locus.safepoint()
      yield* this.#trip(locus, courier, random.below(3))
      const trips = Number(locus.model.registers[0]) + 1
      yield* locus.store(tripsAt(courier), trips)
      if (random.chance(0.5)) yield* locus.sleep(random.below(20) / 10)
      locus.setRegister(0, BigInt(trips))
      if (random.chance(this.shape.stabilises)) yield* this.#stabilise(locus, courier)
      if (random.chance(0.3)) yield* locus.sleep(random.below(15))
    }
    return Uint8Array.of(courier)
  }

  /** There, perhaps further, and back. */
  *#trip(locus: SimLocus, courier: number, further: number): Step<void> {
    const { random } = locus
    const others = homes.filter((each) => each !== locus.container)
    const name = others[random.below(others.length)]!
    const trip = this.ledger.next()
    yield* this.#note(locus, courier, 'sent', trip)
    const arrive = (): Step<void> => this.#arrive(locus, courier, trip, further)
    yield* locus.invoke(name, this.#slotOf(name), arrive)
    yield* this.#note(locus, courier, 'returned', trip)
  }

  *#arrive(locus: SimLocus, courier: number, trip: number, further: number): Step<void> {
    yield* this.#note(locus, courier, 'received', trip)
    if (locus.random.chance(0.2)) yield* locus.sleep(locus.random.below(30))
    if (further > 0) yield* this.#trip(locus, courier, further - 1)
  }

  *#note(locus: SimLocus, courier: number, list: ListName, trip: number): Step<void> {
    const count = yield* locus.load(countAt(courier, list))
    yield* locus.store(entryAt(courier, list, count), trip)
    yield* locus.store(countAt(courier, list), count + 1)
  }

  *#stabilise(locus: SimLocus, courier: number): Step<void> {
    const { model } = this.world
    const whole = homes.flatMap((name) => {
      const count = model.word(name, countAt(courier, 'returned'))
      return Array.from({ length: count }, (_, index) =>
        model.word(name, entryAt(courier, 'returned', index)),
      )
    })
    const reply = yield* locus.call(locusCalls.locusStabilise, {}, true)
    if (reply.status === 'ok') for (const trip of whole) this.ledger.acknowledged.add(trip)
    else if (reply.status !== 'busy' && reply.status !== 'frozen' && !this.world.isShaken)
      locus.problem(`locus_stabilise: ${reply.status}`)
  }

  #slotOf(name: string): ContainerSlot {
    return this.ledger.slots.get(name)!
  }

  /** After each step: is there a new line, or has something gone back? */
  #look(): void {
    const { world } = this
    const { promisedLine } = world
    if (promisedLine !== this.#seenLine) {
      this.#seenLine = promisedLine
      this.#judgeLine(promisedLine)
    }
    for (const event of world.events.slice(this.#events)) {
      this.#events++
      if (event.kind === 'rollback' || event.kind === 'ready') this.#judgePresent(event.kind)
      if (event.kind === 'locus_ended' && event.recoverable && event.status === 'ok')
        this.ledger.ended.add(event.name)
    }
  }

  /** An announced line: no lower than the last, each trip whole, each courier as far as it wrote down, and all that was acknowledged there. */
  #judgeLine(line: ReadonlyMap<number, number>): void {
    const { ledger } = this
    ledger.lines++
    for (const [unit, interval] of ledger.line)
      if ((line.get(unit) ?? 0) < interval)
        this.#wrong(`the line of unit ${unit} fell from ${interval} to ${line.get(unit) ?? 0}`)
    ledger.line = line
    const pictures = [...line].flatMap(([unit, interval]) => {
      const picture = this.world.captured.get(`${unit} ${interval}`)
      if (picture === undefined) this.#wrong(`unit ${unit} never was at ${interval}`)
      return picture === undefined || typeof picture === 'number' ? [] : [picture]
    })
    this.#judge('a line', pictures)
  }

  /** What runs after something has gone back: nobody alive remembers what was undone. */
  #judgePresent(what: string): void {
    const { model } = this.world
    for (const fault of faultsIn(this.papers(), false)) this.#wrong(`after ${what}: ${fault}`)
    this.#missing(
      `after ${what}`,
      this.papers().flatMap(({ returned }) => [...returned]),
    )
    this.#muster(`after ${what}`, new Set(model.loci.keys()))
    for (const name of this.ledger.ended)
      if (model.loci.get(name)?.end !== 'ok')
        this.#wrong(`after ${what}: ${name} had ended, and has not`)
  }

  #judge(what: string, pictures: readonly UnitPicture[]): void {
    const { couriers } = this.shape
    const papers = pictures.map(({ container }) =>
      papersIn((offset) => container?.words.get(offset) ?? 0, couriers),
    )
    for (const fault of faultsIn(papers, true)) this.#wrong(`${what}: ${fault}`)
    this.#missing(
      what,
      papers.flatMap(({ returned }) => [...returned]),
    )
    const seen = new Set<string>()
    for (const { container, loci } of pictures)
      for (const { name, registers } of loci) {
        if (seen.has(name)) this.#wrong(`${what}: ${name} is in two containers`)
        seen.add(name)
        if (!name.startsWith('courier')) continue
        const courier = Number(name.slice('courier'.length))
        const written = container?.words.get(tripsAt(courier)) ?? 0
        if (BigInt(written) !== registers[0])
          this.#wrong(`${what}: ${name} made ${registers[0]} trips and wrote down ${written}`)
      }
    this.#muster(what, seen)
    for (const name of seen) this.ledger.known.add(name)
  }

  #muster(what: string, there: ReadonlySet<string>): void {
    for (const name of this.ledger.known)
      if (name.startsWith('courier') && !there.has(name)) this.#wrong(`${what}: ${name} is nowhere`)
  }

  #missing(what: string, trips: readonly number[]): void {
    const there = new Set(trips)
    const gone = [...this.ledger.acknowledged].filter((trip) => !there.has(trip))
    if (gone.length > 0) this.#wrong(`${what}: acknowledged and not there: ${gone.join(' ')}`)
  }

  #wrong(what: string): void {
    this.world.problems.push(what)
  }
}
