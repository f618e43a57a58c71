/**
 * A bank whose accounts are containers of several machines: real kernels, disks, network drivers and wires in one simulator; the test plays loci between
 * two steps. Machines are killed with all that is in memory and started again from their disks; wires lose, delay and are cut.
 */
import { asMachine, locusStates, maxActors, type MachineId, type PortId } from '@katydid/abi'
import { Random, SimNetwork } from '@katydid/actor'
import { SimWires, type WirePlan } from '@katydid/devices'
import { contentOf } from '@katydid/kernel/machines/letters.js'
import { sendLetter, takeLetter } from '@katydid/kernel/machines/send-letter.js'
import { knownPoints } from '@katydid/kernel/recovery/known-points.js'
import { isOpen } from '@katydid/kernel/state-interval/gate.js'
import { isStable } from '@katydid/kernel/state-interval/line.js'
import { noteReceived } from '@katydid/kernel/state-interval/messages.js'
import type { HostAnswer } from '@katydid/kernel'
import type { Container } from '@katydid/kernel/container/container.js'
import { KernelWorld, type WorldOptions } from '../kernel/support/kernel-world.js'
import {
  copyOf,
  greatestChoice,
  orphansIn,
  receivedIn,
  type Candidate,
  type Payment,
  type Picture,
} from './truth.js'

export interface BankShape {
  readonly machines: number
  /** Accounts of each machine. */
  readonly accounts: number
  /** Loci, and containers, that there may be besides the accounts'. Default: none. */
  readonly room?: number
  readonly wires?: WirePlan
  readonly world?: WorldOptions
}

interface Account {
  readonly unit: string
  readonly machine: MachineId
  readonly name: string
  now: Picture
  /** Its newest point that was seen, and the session in which its open interval is. */
  newest: number
  session: number
  /** Its locus was killed, and it has not gone back since. */
  isLost: boolean
  /** The point that it went back to last. */
  backTo: number
}

const opening = 100
const stride = 1_000_000_000
const sessionOf = (interval: number): number => Math.floor((interval - 1) / stride)

export class MachineBank {
  readonly network: SimNetwork
  readonly wires: SimWires
  readonly random: Random
  readonly shape: BankShape
  readonly machines: readonly MachineId[]
  readonly worlds = new Map<MachineId, KernelWorld>()
  readonly accounts = new Map<string, Account>()
  readonly payments = new Map<number, Payment>()
  readonly problems: string[] = []
  /** How often something of a kind happened. */
  readonly seen = new Map<string, number>()
  /** What was chosen by ids at the step of the last decision, by its number. */
  expected: { readonly recovery: number; readonly choice: ReadonlyMap<string, number> } | null =
    null
  readonly #points = new Map<string, Picture>()
  /** The line that each machine has announced. */
  readonly #announced = new Map<string, number>()
  readonly #incarnations = new Map<MachineId, number>()
  readonly #remains = new Map<MachineId, KernelWorld>()
  readonly #rebooted = new Set<MachineId>()
  #next = 1

  constructor(seed: number, shape: BankShape) {
    this.shape = shape
    this.network = new SimNetwork(seed)
    this.wires = new SimWires(this.network, shape.wires ?? {})
    this.random = new Random(seed ^ 0xba7c)
    this.machines = Array.from({ length: shape.machines }, (_, nth) => asMachine(nth + 1))
  }

  /** A bank whose accounts are all on the line, with 100 each. */
  static async open(seed: number, shape: BankShape): Promise<MachineBank> {
    const bank = new MachineBank(seed, shape)
    for (const machine of bank.machines) bank.start(machine)
    if (!bank.until(() => bank.allOpen)) throw new Error('the machines did not open')
    for (const machine of bank.machines)
      for (let nth = 0; nth < shape.accounts; nth++) await bank.#account(machine, `a${nth}`)
    for (const world of bank.worlds.values())
      world.settle(world.kernel.call('world_snapshot', { durable: true })).catch(() => {})
    if (!bank.until(() => [...bank.accounts.values()].every((each) => bank.#lineOf(each) > 0)))
      throw new Error('the accounts did not come to be on the line')
    return bank
  }

  world(machine: MachineId): KernelWorld {
    return this.worlds.get(machine)!
  }

  /** Starts a machine that does not run, from its disk if it has one. */
  start(machine: MachineId): void {
    const incarnation = (this.#incarnations.get(machine) ?? 0) + 1
    this.#incarnations.set(machine, incarnation)
    const earlier = this.#remains.get(machine)
    const { network, wires, machines } = this
    const world = KernelWorld.begin({
      ...this.shape.world,
      shape: {
        maxLoci: this.shape.accounts + (this.shape.room ?? 0),
        maxContainers: this.shape.accounts + (this.shape.room ?? 0) + 2,
      },
      beyond: { network, wires, machine, machines, incarnation },
      ...(earlier === undefined ? {} : { earlier }),
    })
    this.worlds.set(machine, world)
  }

  /** The machine loses everything in memory. */
  crash(machine: MachineId): void {
    const world = this.worlds.get(machine)
    if (world === undefined) return
    this.#saw('crash')
    this.#remains.set(machine, world)
    this.worlds.delete(machine)
    this.network.crash(machine)
    this.#rebooted.add(machine)
  }

  /** The machine is killed, and started again after so long. */
  restart(machine: MachineId, afterMs = 100): void {
    this.crash(machine)
    this.run(afterMs)
    this.start(machine)
  }

  /** A locus dies between two safepoints. */
  killLocus(unit: string): void {
    const account = this.accounts.get(unit)!
    const port = this.#port(account)
    const world = this.worlds.get(account.machine)
    if (port === null || world === undefined || !world.loci.has(port)) return
    this.#saw('kill')
    account.isLost = true
    world.die(port)
  }

  get allOpen(): boolean {
    return (
      this.worlds.size === this.machines.length &&
      [...this.worlds.values()].every(
        ({ kernel: { machine } }) => machine.phase === 'open' && machine.recoveryWanted === null,
      )
    )
  }

  /** Whether nothing is being recovered, anywhere, and all machines know of it. */
  get agrees(): boolean {
    const numbers = new Set(
      [...this.worlds.values()].map((each) => each.kernel.machine.across!.recovery),
    )
    return this.allOpen && numbers.size === 1
  }

  /** One thing happens, and all is looked at. */
  step(): boolean {
    const happened = this.network.step()
    this.look()
    return happened
  }

  until(condition: () => boolean, forMs = 120_000): boolean {
    const untilMs = this.network.clock.nowMs() + forMs
    while (!condition()) {
      if (this.network.clock.nowMs() > untilMs) return false
      this.step()
    }
    return true
  }

  run(forMs: number): void {
    const untilMs = this.network.clock.nowMs() + forMs
    // Where no machine runs nothing happens, and time passes all the same.
    while (this.network.clock.nowMs() < untilMs) if (!this.step()) this.network.clock.advance(1)
  }

  /** A locus pays another account, on its machine or another. */
  pay(from: string, to: string, amount = this.random.below(10)): boolean {
    const payer = this.accounts.get(from)!
    const payee = this.accounts.get(to)!
    const source = this.#playable(payer)
    if (source === null || from === to || amount > payer.now.balance) return false
    const id = this.#next++
    const payment = { id, from, to, amount }
    if (payer.machine === payee.machine) {
      const target = this.#playable(payee)
      const { machine } = this.world(payer.machine).kernel
      if (
        target === null ||
        machine.containers.epoch(source.slot) !== machine.containers.epoch(target.slot)
      )
        return false
      // A call and its answer: each has received something of the other.
      noteReceived(machine, target.slot, source.slot)
      noteReceived(machine, source.slot, target.slot)
      const answer = { id: this.#next++, from: to, to: from, amount: 0 }
      this.payments.set(answer.id, answer)
      const { balance, sent, taken } = payee.now
      this.#set(payee, {
        ...payee.now,
        balance: balance + amount,
        taken: new Set([...taken, id]),
        sent: new Set([...sent, answer.id]),
      })
      this.#set(payer, { ...payer.now, taken: new Set([...payer.now.taken, answer.id]) })
    } else {
      const target = this.#container(payee)
      const block = new TextEncoder().encode(JSON.stringify(payment))
      const { slot, generation } = target ?? {
        slot: Number(payee.name.slice(1)) + 1,
        generation: 1,
      }
      const address = this.#addresses.get(to) ?? { slot, generation }
      const sent = sendLetter(
        this.world(payer.machine).kernel.machine,
        source,
        { machine: payee.machine, ...address },
        contentOf('plain', { block }),
      )
      if (sent.status !== 'ok') return false
    }
    this.payments.set(id, payment)
    this.#saw(payer.machine === payee.machine ? 'local' : 'letter')
    this.#set(payer, {
      ...payer.now,
      balance: payer.now.balance - amount,
      sent: new Set([...payer.now.sent, id]),
    })
    return true
  }

  /** A locus takes a letter that its container has. */
  take(unit: string): boolean {
    const account = this.accounts.get(unit)!
    const container = this.#playable(account)
    if (container === null) return false
    const letter = takeLetter(this.world(account.machine).kernel.machine, container)
    if (letter === null) return false
    const { id, amount, to } = paymentIn(letter.content.block)
    if (to !== unit) this.problems.push(`${unit} was given payment ${id}, which is for ${to}`)
    if (account.now.taken.has(id)) this.problems.push(`I6: ${unit} was given payment ${id} twice`)
    this.#saw('taken')
    this.#set(account, {
      ...account.now,
      balance: account.now.balance + amount,
      taken: new Set([...account.now.taken, id]),
    })
    return true
  }

  /** What can happen by chance: payments, takings, reports of managers, ticks. */
  act(): void {
    const units = [...this.accounts.keys()]
    const one = (): string => units[this.random.below(units.length)]!
    if (this.random.chance(0.5)) this.pay(one(), one())
    else this.take(one())
    if (this.random.chance(0.3)) this.stabilise(one())
  }

  /** All that is under way arrives and is taken, everything is captured, and nothing is left to be done. */
  settle(): boolean {
    const isDone = (): boolean =>
      this.agrees &&
      [...this.accounts.values()].every((each) => {
        this.take(each.unit)
        return receivedIn(each.now).length === each.now.taken.size
      }) &&
      this.inTransit() === 0
    return this.until(isDone)
  }

  /** Its manager makes the oldest snapshot stable that is not. */
  stabilise(unit: string): void {
    const account = this.accounts.get(unit)!
    const world = this.worlds.get(account.machine)
    const container = this.#container(account)
    if (world?.manager?.managed.has(container?.token ?? -1) !== true) return
    const image = [...container!.intervals.points].find(
      ([, { stable, discarded }]) => !stable && !discarded,
    )
    if (image !== undefined) world.manager.stabilise(container!.token, image[0] as never)
  }

  /** The machine captures what has happened in it. */
  snapshot(machine: MachineId): void {
    const world = this.worlds.get(machine)
    if (world?.kernel.machine.phase === 'open')
      void world.kernel.call('world_snapshot', { durable: false })
    // What is still may have been cut at once.
    this.look()
  }

  /** Whether the line has come to the present, everywhere; asks for snapshots where it has not. */
  isRecoverable(): boolean {
    if (!this.agrees) return false
    const behind = [...this.accounts.values()].filter((each) => {
      const line = this.#points.get(`${each.unit} ${this.#lineOf(each)}`)
      return (
        line === undefined ||
        !isSame(line.sent, each.now.sent) ||
        !isSame(line.taken, each.now.taken)
      )
    })
    const nowMs = this.network.clock.nowMs()
    for (const unit of this.accounts.keys()) this.stabilise(unit)
    if (behind.length > 0 && nowMs > this.#askedMs + 100) {
      this.#askedMs = nowMs
      for (const machine of this.machines) this.snapshot(machine)
    }
    return behind.length === 0
  }

  #askedMs = 0

  /** What was sent and not received. */
  inTransit(): number {
    const received = new Set([...this.accounts.values()].flatMap(({ now }) => receivedIn(now)))
    return [...this.accounts.values()]
      .flatMap(({ now }) => [...now.sent])
      .filter((id) => !received.has(id)).length
  }

  /** All there is in accounts and on the way. */
  sum(): number {
    let sum = 0
    const taken = new Set([...this.accounts.values()].flatMap(({ now }) => [...now.taken]))
    for (const { now } of this.accounts.values()) {
      sum += now.balance
      for (const id of now.sent) if (!taken.has(id)) sum += this.payments.get(id)!.amount
    }
    return sum
  }

  get expectedSum(): number {
    return this.accounts.size * opening
  }

  /** Points are pictured, accounts that went back are what they were, and nothing is as it must not be. */
  look(): void {
    for (const account of this.accounts.values()) this.#lookAt(account)
    this.#lookForDecision()
    this.#lookAtLines()
    if (this.agrees && this.#changed) {
      this.#changed = false
      this.problems.push(...orphansIn(this.#now(), this.payments).map((each) => `I1: ${each}`))
      if (this.sum() !== this.expectedSum)
        this.problems.push(`the sum is ${this.sum()}, not ${this.expectedSum}`)
      this.#compare()
    }
  }

  /**
   * What is wrong with the lines that were announced, against the one that is greatest over all that is durable, by ids. `exactly`: nothing is
   * on its way, so that they are to be equal.
   */
  lineProblems(exactly: boolean): string[] {
    if (this.worlds.size < this.machines.length) return []
    const candidates = new Map(
      [...this.accounts.values()].map((each) => [each.unit, this.#durable(each)]),
    )
    const line = greatestChoice(candidates, this.payments)
    return [...this.accounts.values()].flatMap((account) => {
      const { unit } = account
      const announced = this.#lineOf(account)
      const best = line.get(unit)?.interval ?? 0
      if (best < announced)
        return [`I1: the line of ${unit} is ${announced}, and only ${best} can be had`]
      return exactly && best > announced
        ? [`I3: the line of ${unit} is ${announced}, and could be ${best}`]
        : []
    })
  }

  readonly #addresses = new Map<string, { readonly slot: number; readonly generation: number }>()
  #changed = false

  #now(): Map<string, Picture> {
    return new Map([...this.accounts.values()].map(({ unit, now }) => [unit, now]))
  }

  #saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  async #account(machine: MachineId, name: string): Promise<void> {
    const world = this.world(machine)
    const cont = await world.container(name)
    const port = await world.locus(cont, `in ${name}`)
    world.setState(port, 'resting')
    const container = world.kernel.machine.containers.named(name)!
    const unit = `${machine} ${name}`
    const none: Picture = { balance: 0, sent: new Set(), taken: new Set(), waiting: new Set() }
    const session = sessionOf(world.kernel.machine.containers.interval(container.slot))
    const account: Account = {
      unit,
      machine,
      name,
      now: none,
      newest: 0,
      session,
      isLost: false,
      backTo: 0,
    }
    this.accounts.set(unit, account)
    this.#addresses.set(unit, { slot: container.slot, generation: container.generation })
    this.#set(account, { ...none, balance: opening })
  }

  /** A call of the host on the kernel of that machine. */
  async host(on: MachineId, name: string, args: object): Promise<HostAnswer> {
    const box: { answer: HostAnswer | null } = { answer: null }
    void this.world(on)
      .kernel.call(name, args)
      .then((told) => (box.answer = told))
    for (let nth = 0; box.answer === null && nth < 50_000; nth++) {
      await Promise.resolve()
      this.step()
    }
    if (box.answer === null) throw new Error(`${name} was not answered`)
    return box.answer
  }

  /** Everything there is is on the line, of all machines. */
  async keep(): Promise<void> {
    const asked = this.machines.map((machine) =>
      this.host(machine, 'world_snapshot', { durable: true }),
    )
    for (const { status, detail } of await Promise.all(asked))
      if (status !== 'ok') throw new Error(`${status}: ${detail}`)
  }

  /** The payments of invocations are seen, and this is told of each that is no longer waiting. */
  onTaken: ((unit: string, id: number) => void) | null = null

  /** The account’s container, when its locus may run in it now. */
  playable(unit: string): Container | null {
    return this.#playable(this.accounts.get(unit)!)
  }

  /** Changes what an account is. */
  change(unit: string, change: (now: Picture) => Partial<Picture>): void {
    const account = this.accounts.get(unit)!
    account.now = { ...account.now, ...change(account.now) }
    this.#changed = true
    const port = this.#port(account)
    if (port !== null) this.world(account.machine).setRegister(port, 0, BigInt(account.now.balance))
  }

  /** A payment that is new. */
  newPayment(from: string, to: string, amount: number): Payment {
    const payment = { id: this.#next++, from, to, amount }
    this.payments.set(payment.id, payment)
    return payment
  }

  /** The kernel’s record of an account’s container. */
  container(unit: string): Container {
    return this.#container(this.accounts.get(unit)!)!
  }

  /** The account’s interval on the announced line. */
  line(unit: string): number {
    return this.#lineOf(this.accounts.get(unit)!)
  }

  #container({ machine, name }: Account): Container | null {
    return this.worlds.get(machine)?.kernel.machine.containers.named(name) ?? null
  }

  #port({ machine, name }: Account): PortId | null {
    const slot = this.worlds.get(machine)?.kernel.machine.loci.named(`in ${name}`)?.slot ?? null
    return slot === null ? null : ((slot + maxActors) as PortId)
  }

  /** Its container, when its locus may run in it now. */
  #playable(account: Account): Container | null {
    const world = this.worlds.get(account.machine)
    const container = this.#container(account)
    const port = this.#port(account)
    if (world === undefined || container === null || port === null || account.isLost) return null
    const { machine } = world.kernel
    if (machine.phase !== 'open' || machine.recoveryWanted !== null || !world.loci.has(port))
      return null
    if (!isOpen(machine, container.slot) || world.word(port, 'state') !== locusStates.resting)
      return null
    return container
  }

  #set(account: Account, now: Picture): void {
    account.now = now
    this.world(account.machine).setRegister(this.#port(account)!, 0, BigInt(now.balance))
  }

  #lookAt(account: Account): void {
    const world = this.worlds.get(account.machine)
    const container = this.#container(account)
    if (world === undefined || container === null) return
    const { machine } = world.kernel
    const port = this.#port(account)
    if (port !== null && world.loci.has(port) && world.word(port, 'state') === locusStates.running)
      world.setState(port, 'resting')
    const session = sessionOf(machine.containers.interval(container.slot))
    const newest = container.intervals.history.newest?.interval ?? 0
    if (session !== account.session) {
      account.session = session
      account.newest = newest
      account.isLost = false
      this.#wentBack(account, newest)
    }
    const waiting = new Set(
      (container.letters?.waiting ?? []).flatMap(({ content }) =>
        content.kind === 'plain' || (content.kind === 'invoke' && this.onTaken !== null)
          ? [paymentIn(content.block).id]
          : [],
      ),
    )
    for (const id of account.now.waiting) if (!waiting.has(id)) this.onTaken?.(account.unit, id)
    if (!isSame(waiting, account.now.waiting)) {
      for (const id of waiting)
        if (account.now.taken.has(id))
          this.problems.push(`I6: payment ${id} came to ${account.unit} twice`)
      account.now = { ...account.now, waiting }
      this.#changed = true
    }
    if (newest === account.newest) return
    account.newest = newest
    this.#points.set(`${account.unit} ${newest}`, copyOf(account.now))
  }

  #wentBack(account: Account, to: number): void {
    this.#saw('back')
    account.backTo = to
    this.#changed = true
    const picture = this.#points.get(`${account.unit} ${to}`)
    if (picture === undefined) {
      this.problems.push(`${account.unit} went back to ${to}, which is no point that was seen`)
      return
    }
    account.now = copyOf(picture)
  }

  #lineOf(account: Account): number {
    const container = this.#container(account)
    const { captures } = this.world(account.machine).kernel.machine
    return container === null ? 0 : (captures.vector.get(container.slot) ?? 0)
  }

  /** Points that are on the disk, rising. */
  #durable(account: Account): Candidate[] {
    const { machine } = this.world(account.machine).kernel
    const container = this.#container(account)!
    const { base, newer } = container.intervals.history
    const points = [...(base === null ? [] : [base]), ...newer].filter(
      (point) => point === base || isStable(machine, container.slot, point),
    )
    return points.map(({ interval }) => ({
      interval,
      picture: this.#points.get(`${account.unit} ${interval}`)!,
    }))
  }

  /** In the step in which a recovery is decided, what it must have decided. */
  #lookForDecision(): void {
    const numbers = [...this.worlds.values()].map(({ kernel }) => kernel.machine.across!.recovery)
    const recovery = Math.max(0, ...numbers)
    if (recovery <= (this.expected?.recovery ?? 0)) return
    this.#saw('recovery')
    // One that died after it had joined is not what was decided about.
    const isThere = ({ kernel: { machine } }: KernelWorld): boolean =>
      machine.lost === 'world' || machine.phase !== 'booting'
    const areAll = this.worlds.size === this.machines.length
    if (!areAll || ![...this.worlds.values()].every(isThere)) {
      this.expected = { recovery, choice: new Map() }
      return
    }
    const candidates = new Map<string, Candidate[]>()
    for (const account of this.accounts.values()) {
      const { machine } = this.world(account.machine).kernel
      const isWhole = machine.lost === 'world'
      if (isWhole) {
        const { slot } = this.#addresses.get(account.unit)!
        const known = (
          machine.bootPoints.length > 0 ? machine.bootPoints : knownPoints(machine)
        ).filter(({ unit }) => unit === slot)
        candidates.set(
          account.unit,
          known
            .map(({ interval }) => ({
              interval,
              picture: this.#points.get(`${account.unit} ${interval}`)!,
            }))
            .toSorted((a, b) => a.interval - b.interval),
        )
      } else {
        const present = { interval: Infinity, picture: account.now }
        const { slot } = this.#addresses.get(account.unit)!
        // With pages on another machine that died, which nobody but its manager knows of.
        const isLostElsewhere = this.#lends && machine.lost !== 'world' && machine.lost.has(slot)
        candidates.set(account.unit, [
          ...this.#durable(account),
          ...(account.isLost || isLostElsewhere ? [] : [present]),
        ])
      }
    }
    const choice = greatestChoice(candidates, this.payments)
    this.expected = {
      recovery,
      choice: new Map([...choice].map(([unit, each]) => [unit, each?.interval ?? 0])),
    }
    this.#before = new Map([...this.accounts.values()].map((each) => [each.unit, each.session]))
  }

  get #lends(): boolean {
    return this.shape.world?.behaviour?.elsewhere !== undefined
  }

  #before: ReadonlyMap<string, number> = new Map()

  /** Everything is open again: is it what had to be? */
  #compare(): void {
    const { expected } = this
    if (expected === null || expected.choice.size === 0) return
    const recovery = this.world(this.machines[0]!).kernel.machine.across!.recovery
    if (recovery !== expected.recovery) return
    for (const account of this.accounts.values()) {
      const to = expected.choice.get(account.unit)!
      const isBack = account.session !== this.#before.get(account.unit)
      if (to === Infinity && isBack)
        this.problems.push(
          `I16: ${account.unit} went back and need not have (recovery ${recovery})`,
        )
      if (to !== Infinity && !isBack)
        this.problems.push(
          `I16: ${account.unit} had to go back to ${to} and did not (recovery ${recovery})`,
        )
      else if (to !== Infinity && account.backTo !== to)
        this.problems.push(`I16: ${account.unit} went back to ${account.backTo}, not to ${to}`)
    }
    this.expected = { recovery, choice: new Map() }
  }

  #lookAtLines(): void {
    for (const account of this.accounts.values()) {
      const world = this.worlds.get(account.machine)
      if (world === undefined || world.kernel.machine.phase !== 'open') continue
      const line = this.#lineOf(account)
      const before = this.#announced.get(account.unit) ?? 0
      if (line < before)
        this.problems.push(`I2: the line of ${account.unit} fell from ${before} to ${line}`)
      this.#announced.set(account.unit, line)
    }
  }
}

export const paymentIn = (block: Uint8Array): Payment =>
  JSON.parse(new TextDecoder().decode(block)) as Payment

const isSame = (one: ReadonlySet<number>, other: ReadonlySet<number>): boolean =>
  one.size === other.size && [...one].every((each) => other.has(each))
