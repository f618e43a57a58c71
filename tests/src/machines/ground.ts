/**
 * What must hold of a world of whole machines, against what the models beside it know: nobody has received what was not sent, nothing is received twice or lost, nobody goes back
 * further than the loss makes necessary, and the line of each machine is no higher than can be had, and at rest no lower.
 */
import type { MachineId } from '@katydid/abi'
import { isStable } from '@katydid/kernel/state-interval/line.js'
import type { ModelContainer } from '../campaign/world-model.js'
import type { WholeWorld } from '../campaign/whole-world.js'
import type { Address } from './post.js'
import type { WholeMachines } from './whole-machines.js'

/** One way in which a container can be had; Infinity: as it is now. */
interface Candidate {
  readonly interval: number
  readonly picture: ModelContainer
}

type Candidates = ReadonlyMap<string, readonly Candidate[]>
type Choice = ReadonlyMap<string, Candidate | null>

interface Expected {
  readonly recovery: number
  /** With only what was surely there, and with whatever may have been. */
  readonly least: Choice
  readonly most: Choice
}

const keyOf = ({ machine, name }: Address): string => `${machine} ${name}`

export class Ground {
  readonly #machines: WholeMachines
  #expected: Expected | null = null
  #recovery = 0
  /** What each container went back to since the last decision. */
  readonly #back = new Map<string, number>()
  readonly #announced = new Map<string, number>()
  /** Of each machine the number of the last recovery when it was open last, or started; and the one that it knew of a step ago. */
  readonly #openAt = new Map<MachineId, number>()
  readonly #knew = new Map<MachineId, number>()
  #isToBeJudged = false
  /** Whose identity it is, for people. */
  readonly #where = new WeakMap<object, string>()
  recoveries = 0
  returns = 0

  constructor(machines: WholeMachines) {
    this.#machines = machines
    machines.onStart = (id, world) => this.#watch(id, world)
    machines.network.onStep = (acted) => {
      if (acted !== null) this.#look(acted)
    }
  }

  #watch(id: MachineId, world: WholeWorld): void {
    this.#openAt.set(id, this.#recovery)
    this.#knew.set(id, 0)
    world.wentBack = (to) => {
      this.#isToBeJudged = true
      for (const [name, interval] of to) {
        this.returns++
        this.#machines.tell(
          `${this.#machines.nowMs.toFixed(1)} ${id} ${name} is back at ${interval}`,
        )
        this.#back.set(`${id} ${name}`, interval)
      }
    }
  }

  /** Something has happened on that machine. */
  #look(id: MachineId): void {
    const { machines } = { machines: this.#machines }
    const world = machines.worlds.get(id)
    if (world === undefined) return
    const recovery = world.kernel.machine.across!.recovery
    if (recovery > this.#recovery) {
      this.#recovery = recovery
      this.#decided(recovery)
    }
    this.#knew.set(id, recovery)
    if (world.phase === 'open') this.#openAt.set(id, recovery)
    if (this.#isToBeJudged && machines.agrees) {
      this.#isToBeJudged = false
      machines.problems.push(...this.orphans())
      this.#compare(recovery)
    }
    this.#lookAtLine(id, world)
  }

  #lookAtLine(id: MachineId, { kernel: { machine }, phase }: WholeWorld): void {
    if (phase !== 'open') return
    for (const [slot, interval] of machine.captures.vector) {
      const key = `${id} ${slot}`
      const before = this.#announced.get(key) ?? 0
      if (interval === before) continue
      if (interval < before)
        this.#machines.problems.push(
          `I2: the line of unit ${slot} of machine ${id} fell from ${before} to ${interval}`,
        )
      this.#announced.set(key, interval)
    }
  }

  /** In the step in which a recovery is decided: what it must have decided. */
  #decided(recovery: number): void {
    const { worlds, machines: all } = this.#machines
    this.recoveries++
    this.#machines.tell(`${this.#machines.nowMs.toFixed(1)} recovery ${recovery} is decided`)
    this.#back.clear()
    this.#expected = null
    this.#isToBeJudged = true
    // One that died after it had joined is not what was decided about.
    const isThere = ({ kernel: { machine } }: WholeWorld): boolean =>
      machine.lost === 'world' || machine.phase === 'open' || machine.phase === 'recovering'
    if (worlds.size < all.length || ![...worlds.values()].every(isThere)) return
    // One that has carried out another decision and has not opened since is not where its model is.
    if (all.some((id) => this.#knew.get(id)! > this.#openAt.get(id)!)) return
    const least = new Map<string, Candidate[]>()
    const most = new Map<string, Candidate[]>()
    for (const address of this.#machines.post.addresses) {
      const { sure, possible } = this.#candidatesOf(address)
      least.set(keyOf(address), sure)
      most.set(keyOf(address), possible)
    }
    // Also of one that nothing is sure of it has to be known who it is: nobody can have what that did.
    const who = whoIsIn(most)
    this.#expected = {
      recovery,
      least: this.#greatest(least, who),
      most: this.#greatest(most, who),
    }
  }

  #candidatesOf(address: Address): { sure: Candidate[]; possible: Candidate[] } {
    const world = this.#machines.worlds.get(address.machine)!
    const { machine } = world.kernel
    const all = pointsOf(world, address)
    if (machine.lost !== 'world') {
      const known = durableOf(world, address)
      const sure = all.filter(({ interval }) => known.has(interval))
      const model = world.model.containers.get(address.name)
      const isThere = model !== undefined && !world.lost.has(address.name)
      const present = isThere ? [{ interval: Infinity, picture: model }] : []
      return { sure: [...sure, ...present], possible: [...all, ...present] }
    }
    const left = this.#machines.left.get(address.machine)?.stable.get(address.name)
    const line = world.promisedLine.get(address.slot) ?? 0
    const isSure = ({ interval }: Candidate): boolean =>
      this.#machines.shape.isExact ? left?.has(interval) === true : interval === line
    return { sure: all.filter(isSure), possible: all }
  }

  /** The greatest choice in which nobody knows of another what that has not done. */
  #greatest(candidates: Candidates, who = whoIsIn(candidates)): Choice {
    const chosen = new Map([...candidates].map(([key, list]) => [key, list.length - 1]))
    const happened = (): Map<object, ModelContainer | null> => {
      const by = new Map<object, ModelContainer | null>()
      for (const [key, list] of candidates) {
        const identity = who.get(key)
        if (identity !== undefined) by.set(identity, list[chosen.get(key)!]?.picture ?? null)
      }
      return by
    }
    for (let again = true; again;) {
      again = false
      const by = happened()
      for (const [key, list] of candidates) {
        const at = chosen.get(key)!
        const picture = list[at]?.picture
        if (picture === undefined || this.#lacks(picture, by) === null) continue
        chosen.set(key, at - 1)
        again = true
      }
    }
    return new Map([...candidates].map(([key, list]) => [key, list[chosen.get(key)!] ?? null]))
  }

  /** What the container knows of another that this has not done; null: nothing. */
  #lacks(
    { knows, letters }: ModelContainer,
    by: ReadonlyMap<object, ModelContainer | null>,
  ): string | null {
    for (const [identity, number] of knows) {
      const other = by.get(identity)
      if (other !== undefined && (other === null || other.happened < number))
        return `${this.#where.get(identity)} at ${number}, which has ${other?.happened ?? 'nothing'}`
    }
    for (const id of [...letters.taken, ...letters.waiting]) {
      const letter = this.#machines.post.posted.get(id)
      const sender = by.get(letter?.identity ?? this)
      if (sender === null || sender?.letters.sent.has(id) === false) return `letter ${id}`
    }
    return null
  }

  /** Everything is open again: is it what had to be? */
  #compare(recovery: number): void {
    const { problems } = this.#machines
    const expected = this.#expected
    if (expected === null || expected.recovery !== recovery) return
    this.#expected = null
    for (const [key, least] of expected.least) {
      const most = expected.most.get(key)!
      const back = this.#back.get(key) ?? Infinity
      const [from, to] = [least?.interval ?? 0, most?.interval ?? 0]
      if (back < from)
        problems.push(
          `I16: ${key} went back to ${back}, and could be had at ${from} (recovery ${recovery})`,
        )
      if (back > to)
        problems.push(
          `I1: ${key} is at ${back}, and can be had at ${to} at most (recovery ${recovery})`,
        )
    }
  }

  /** Containers that have received what was not sent. */
  orphans(): string[] {
    const by = new Map<object, ModelContainer>()
    const where = this.#where
    for (const [id, { model }] of this.#machines.worlds)
      for (const each of model.containers.values()) {
        by.set(each.identity, each)
        where.set(each.identity, `${id} ${each.name}`)
      }
    return [...by.values()].flatMap((each) => {
      const lack = this.#lacks(each, by)
      return lack === null ? [] : [`I1, I8: ${where.get(each.identity)} knows ${lack}`]
    })
  }

  /** What is wrong with lines; `exactly`: nothing is on its way, so that they are as high as can be. */
  lineProblems(exactly: boolean): string[] {
    const { post, worlds } = this.#machines
    const candidates = new Map<string, Candidate[]>()
    for (const address of post.addresses) {
      const world = worlds.get(address.machine)!
      const known = durableOf(world, address)
      candidates.set(
        keyOf(address),
        pointsOf(world, address).filter(({ interval }) => known.has(interval)),
      )
    }
    const best = this.#greatest(candidates)
    return post.addresses.flatMap((address) => {
      const { machine } = worlds.get(address.machine)!.kernel
      const line = machine.captures.vector.get(address.slot) ?? 0
      const most = best.get(keyOf(address))?.interval ?? 0
      if (most < line)
        return [`I1: the line of ${keyOf(address)} is ${line}, and only ${most} can be had`]
      return exactly && most > line
        ? [`I3: the line of ${keyOf(address)} is ${line}, and could be ${most}`]
        : []
    })
  }

  /** Letters that were sent by what there is and are nowhere; and received ones. */
  inTransit(): number[] {
    const containers = [...this.#machines.worlds.values()].flatMap(({ model }) => [
      ...model.containers.values(),
    ])
    const received = new Set(
      containers.flatMap(({ letters }) => [...letters.taken, ...letters.waiting]),
    )
    return containers.flatMap(({ letters }) => [...letters.sent]).filter((id) => !received.has(id))
  }

  /** What all money comes to, in words and in letters that nobody has taken. */
  sum(): number {
    const { worlds, post, money } = this.#machines
    const containers = [...worlds.values()].flatMap(({ model }) => [...model.containers.values()])
    const taken = new Set(containers.flatMap(({ letters }) => [...letters.taken]))
    const open = containers
      .flatMap(({ letters }) => [...letters.sent])
      .filter((id) => !taken.has(id))
    return money + open.reduce((sum, id) => sum + post.posted.get(id)!.amount, 0)
  }
}

/** All points of the container that ever were and are not below its line, rising. */
function pointsOf({ captured, promisedLine }: WholeWorld, { slot }: Address): Candidate[] {
  const line = promisedLine.get(slot) ?? 0
  const points: Candidate[] = []
  for (const [key, picture] of captured) {
    const [unit, interval] = key.split(' ').map(Number)
    if (unit !== slot || interval! < line || typeof picture === 'number') continue
    if (picture.container !== null) points.push({ interval: interval!, picture: picture.container })
  }
  return points.sort((a, b) => a.interval - b.interval)
}

/** Intervals of its points that are on the disk. */
function durableOf({ kernel: { machine } }: WholeWorld, { name, slot }: Address): Set<number> {
  const history = machine.containers.named(name)?.intervals.history
  const { base = null, newer = [] } = history ?? {}
  const stable = newer.filter((point) => isStable(machine, slot, point))
  return new Set([...(base === null ? [] : [base]), ...stable].map(({ interval }) => interval))
}

/** Who each container is. */
const whoIsIn = (candidates: Candidates): ReadonlyMap<string, object | undefined> =>
  new Map([...candidates].map(([key, list]) => [key, list[0]?.picture.identity]))
