/**
 * A world of several whole machines in one simulator: on each the real kernel, managers, disk, console and network driver, with simulated loci. Machines are killed
 * with all that is in memory, and started again from what the disk kept.
 */
import { asMachine, rights, type MachineId, type WorldEvent } from '@katydid/abi'
import { Random } from '@katydid/actor'
import { crashImage, powerCut, SimWires, type WirePlan } from '@katydid/devices'
import { isStable } from '@katydid/kernel/state-interval/line.js'
import { CampaignHost } from '../campaign/host.js'
import { deed, deedOfContainers, programOfDeeds, readAll } from '../campaign/random-program.js'
import { WatchedNetwork } from '../campaign/watched-network.js'
import {
  WholeWorld,
  type Remains,
  type SimProgram,
  type WholeShape,
} from '../campaign/whole-world.js'
import type { SimLocus } from '../campaign/sim-locus.js'
import { Errands } from './errands.js'
import { moneyAt, Post } from './post.js'

export interface MachinesShape {
  readonly machines: number
  /** Containers of each machine. */
  readonly containers: readonly string[]
  /** Pages of each that loci use at random; one more holds money. */
  readonly pages: number
  /** Deeds of a locus, and how often one is a letter. */
  readonly deeds: number
  readonly letters: number
  /** Containers of other machines that have a capability for a container. */
  readonly acquaintances: number
  /** Loci use nothing that a machine which has lost everything can only have as it was on the line. */
  readonly isExact: boolean
  /** The longest that a locus does nothing between two deeds. */
  readonly pauseMs: number
  readonly wires: WirePlan
  readonly world: WholeShape
}

type Steps = Generator<'step' | number | (() => boolean), void, void>

/** What a machine that died leaves behind. */
interface Left {
  readonly remains: Remains
  /** Of each container the points that were on the disk, by its manager's and the kernel's word. */
  readonly stable: ReadonlyMap<string, ReadonlySet<number>>
}

/** The link notices silence after 1.2 s, so that not all of a course is waiting. */
const link = { beatMs: 300, silentBeats: 4 }

export class WholeMachines {
  readonly shape: MachinesShape
  readonly network: WatchedNetwork
  readonly wires: SimWires
  readonly random: Random
  readonly machines: readonly MachineId[]
  readonly worlds = new Map<MachineId, WholeWorld>()
  readonly post = new Post()
  readonly errands: Errands
  /** What is left of machines that died, also when they run again. */
  readonly left = new Map<MachineId, Left>()
  /** Machines whose messages are slow. */
  readonly slow = new Set<MachineId>()
  readonly problems: string[] = []
  readonly seen = new Map<string, number>()
  /** Told what happens, for whoever looks at one seed. */
  tell: (what: string) => void = () => {}
  /** Told of each machine that starts. */
  onStart: (machine: MachineId, world: WholeWorld) => void = () => {}
  operations = 0
  readonly #incarnations = new Map<MachineId, number>()
  readonly #bases = new Map<MachineId, Uint8Array>()
  #isClosing = false

  constructor(seed: number, shape: MachinesShape) {
    this.shape = shape
    this.network = new WatchedNetwork(seed)
    this.wires = new SimWires(this.network, shape.wires)
    this.random = new Random(seed ^ 0x3a3a)
    this.errands = new Errands(this.post, shape.pages)
    this.machines = Array.from({ length: shape.machines }, (_, nth) => asMachine(nth + 1))
  }

  get nowMs(): number {
    return this.network.clock.nowMs()
  }

  /** The machine runs, from its disk if it has one. */
  start(machine: MachineId): WholeWorld {
    const incarnation = (this.#incarnations.get(machine) ?? 0) + 1
    this.#incarnations.set(machine, incarnation)
    const { network, wires, machines, shape, slow } = this
    const delayMs = (random: Random): number =>
      slow.has(machine) ? random.below(30) : shape.world.delayMs(random)
    const programs = new Map<string, SimProgram>([
      ['machine', this.#program()],
      ['read', readAll],
    ])
    const world = new WholeWorld(
      this.random.next(),
      { ...shape.world, delayMs },
      programs,
      this.left.get(machine)?.remains ?? null,
      { network, wires, machine, machines, incarnation, link },
    )
    const before = world.sim.onStep
    world.sim.onStep = () => {
      this.post.look(world)
      before?.()
    }
    world.visited = (locus, block) => this.errands.visited(locus, block)
    const { farCalls } = world.kernel.machine
    const take = farCalls.take.bind(farCalls)
    // An answer has come from the moment in which the kernel has it, whoever waits.
    farCalls.take = (call) => {
      this.post.answered(world, call)
      return take(call)
    }
    world.heard = (event) => this.#tellEvent(machine, event)
    this.worlds.set(machine, world)
    this.onStart(machine, world)
    world.begin()
    return world
  }

  #tellEvent(machine: MachineId, event: WorldEvent): void {
    if (['captured', 'recoverable', 'drained', 'output'].includes(event.kind)) return
    this.tell(`${this.nowMs.toFixed(1)} machine ${machine}: ${JSON.stringify(event)}`)
  }

  /** Everything in the memory of the machine is gone; of writes that no barrier covers each sector is there or not. */
  crash(machine: MachineId): void {
    const world = this.worlds.get(machine)
    if (world === undefined) return
    this.#count(world)
    this.tell(`${this.nowMs.toFixed(1)} machine ${machine} is killed`)
    const base = this.#bases.get(machine) ?? new Uint8Array(0)
    const cut = powerCut(base, world.disk.journal.entries)
    const density = this.random.fraction()
    const image = crashImage(cut, () => this.random.chance(density))
    this.#bases.set(machine, image)
    this.left.set(machine, { remains: world.remains(image), stable: stableIn(world) })
    this.worlds.delete(machine)
    this.network.crash(machine)
  }

  /** All machines are open and nothing is being recovered, and all know of the last recovery. */
  get agrees(): boolean {
    if (this.worlds.size < this.machines.length) return false
    let number = -1
    for (const { kernel } of this.worlds.values()) {
      const { phase, recoveryWanted, across } = kernel.machine
      if (phase !== 'open' || recoveryWanted !== null) return false
      if (number === -1) number = across!.recovery
      if (across!.recovery !== number) return false
    }
    return true
  }

  /** Steps until it holds; false when it does not within that time. */
  until(condition: () => boolean, forMs: number): boolean {
    const untilMs = this.nowMs + forMs
    while (!condition()) {
      if (this.nowMs > untilMs) return false
      if (!this.network.step(untilMs)) this.network.clock.advance(1)
    }
    return true
  }

  run(forMs: number): void {
    const untilMs = this.nowMs + forMs
    while (this.nowMs < untilMs) if (!this.network.step(untilMs)) this.network.clock.advance(1)
  }

  /** Makes the world: all machines open, with their containers on the line and a locus in each. */
  async begin(): Promise<void> {
    const { containers, pages } = this.shape
    for (const machine of this.machines) this.start(machine)
    if (!this.until(() => this.agrees, 60_000)) throw new Error('the machines did not open')
    await this.#each(async (host, machine) => {
      for (const name of containers) {
        await host.create(name, pages + 1)
        await host.adopt(name)
        await host.setProgram(name, 'machine')
      }
      const { kernel } = host.world
      for (const name of containers) {
        const { slot, generation } = kernel.machine.containers.named(name)!
        this.post.add({ machine, name, slot, generation })
      }
    })
    this.post.addresses.sort((a, b) => a.machine - b.machine || a.slot - b.slot)
    await this.#each((host, machine) => this.#introduce(host, machine))
    await this.#each(async (host) => {
      for (const name of containers) await host.start(`l${name}`, name)
    })
  }

  /** Some containers of other machines come to have capabilities for those of this one, which are on the line then. */
  async #introduce(host: CampaignHost, machine: MachineId): Promise<void> {
    const { addresses } = this.post
    const others = addresses.filter((each) => each.machine !== machine)
    for (const name of this.shape.containers) {
      const cap = await host.find(name)
      for (let nth = 0; nth < this.shape.acquaintances; nth++) {
        const to = others[this.random.below(others.length)]!
        const into = await new CampaignHost(this.worlds.get(to.machine)!).find(to.name)
        const args = { cap, machine: to.machine, to: into, rights: rights.invoke }
        await host.call('cap_give', args, 'ok')
      }
    }
    await host.snapshot(true)
  }

  /** Everything of all machines is read, and held against the models. */
  async readBack(): Promise<void> {
    await this.#each(async (host) => void (await host.readBack()))
  }

  /** Loci come to their ends at the next deed. */
  close(): void {
    this.#isClosing = true
  }

  /** What was counted, of machines that run too. */
  finish(): void {
    for (const world of this.worlds.values()) this.#count(world)
  }

  #count(world: WholeWorld): void {
    const id = world.kernel.machine.across!.self
    this.operations += world.operations
    world.operations = 0
    this.problems.push(...world.problems.splice(0).map((each) => `machine ${id}: ${each}`))
    for (const [call, times] of world.seen) this.seen.set(call, (this.seen.get(call) ?? 0) + times)
    world.seen.clear()
  }

  async #each(deeds: (host: CampaignHost, machine: MachineId) => Promise<void>): Promise<void> {
    await Promise.all(
      [...this.worlds].map(([machine, world]) => deeds(new CampaignHost(world), machine)),
    )
  }

  #program(): SimProgram {
    const { deeds, pages, letters, pauseMs } = this.shape
    const { errands } = this
    const local = this.shape.isExact ? deedOfContainers : deed
    function* next(locus: SimLocus): Steps {
      if (!locus.random.chance(letters)) yield* local(locus, pages)
      else yield* errands.next(locus)
      if (locus.random.chance(0.5)) yield* locus.sleep(locus.random.below(pauseMs))
    }
    return programOfDeeds(() => (this.#isClosing ? 0 : deeds), next)
  }

  /** All money that there is in words of pages. */
  get money(): number {
    let sum = 0
    for (const { model } of this.worlds.values())
      for (const { words } of model.containers.values())
        sum += words.get(moneyAt(this.shape.pages)) ?? 0
    return sum
  }
}

/** Of each container the points that its manager has, whose records are on the disk. */
function stableIn({ kernel: { machine } }: WholeWorld): Map<string, ReadonlySet<number>> {
  const stable = new Map<string, ReadonlySet<number>>()
  for (const { slot, name, selfManaged, intervals } of machine.containers.live()) {
    if (selfManaged || name === '') continue
    const { base, newer } = intervals.history
    const points = newer.filter((point) => isStable(machine, slot, point))
    stable.set(
      name,
      new Set([...(base === null ? [] : [base]), ...points].map((each) => each.interval)),
    )
  }
  return stable
}
