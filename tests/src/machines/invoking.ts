/**
 * Accounts of the bank invoke each other over machines: real letters, kernels, visitors and answers, and the test is the programs. A payer gives the money with the invocation, the invoked program takes
 * it, now and then invokes a third account with a part of it before it returns, and its return is a message too. By ids the truth is kept as of all payments.
 */
import {
  asMachine,
  capabilitySlots,
  capabilityTables,
  locusCalls,
  locusOfPort,
  locusPort,
  locusStates,
  makeCapref,
  rights,
  type Capref,
  type MachineId,
  type PortId,
} from '@katydid/abi'
import type { VisitEnd, VisitPlan } from '../kernel/support/kernel-world.js'
import { paymentIn, type MachineBank } from './bank.js'
import type { Payment } from './truth.js'

interface Running {
  readonly machine: MachineId
  readonly port: PortId
  readonly unit: string
  readonly payment: Payment
  readonly visit: VisitPlan
  readonly done: (end: VisitEnd) => void
  /** It waits for an invocation of its own. */
  isWaiting: boolean
}

const empty = new Uint8Array(0)
const mostDepth = 3

export class InvokingBank {
  readonly #bank: MachineBank
  #running: Running[] = []
  /** Payments by machine and call. */
  readonly #calls = new Map<string, Payment>()
  #finishes = false

  private constructor(bank: MachineBank) {
    this.#bank = bank
  }

  /** Every account has a capability for every one of other machines, on the line. */
  static async over(bank: MachineBank): Promise<InvokingBank> {
    const invoking = new InvokingBank(bank)
    for (const from of bank.accounts.values())
      for (const to of bank.accounts.values())
        if (from.machine !== to.machine) await invoking.#give(from.unit, to.unit)
    await bank.keep()
    for (const machine of bank.machines) invoking.watch(machine)
    bank.onTaken = (unit, id) => invoking.#taken(unit, id)
    return invoking
  }

  /** Programs that run on that machine from now on are these. */
  watch(machine: MachineId): void {
    const world = this.#bank.world(machine)
    world.onVisit = (visit, port, done) => {
      const { block, container } = visit
      const guest = world.kernel.machine.guests.at(container)
      const unit =
        guest === null
          ? `${machine} ${world.kernel.machine.containers.at(container)!.name}`
          : this.#unitAt(guest.home)
      if (guest !== null) this.#see('lent')
      const payment = paymentIn(block)
      this.#see('visit')
      if (payment.to !== unit)
        this.#bank.problems.push(`payment ${payment.id} for ${payment.to} was run in ${unit}`)
      this.#running.push({ machine, port, unit, payment, visit, done, isWaiting: false })
    }
    // An answer has come from the moment in which the kernel has it, whoever waits.
    const { farCalls } = world.kernel.machine
    const take = farCalls.take.bind(farCalls)
    farCalls.take = (number) => {
      this.#answered(machine, number)
      return take(number)
    }
  }

  /** Something by chance; false: nothing was done. */
  act(): boolean {
    const { random } = this.#bank
    this.#forget()
    this.#lookAtCalls()
    if (this.#running.length > 0 && random.chance(0.5)) {
      this.#goOn(this.#running[random.below(this.#running.length)]!)
      return true
    }
    if (!random.chance(0.4)) return false
    const units = [...this.#bank.accounts.keys()]
    const one = (): string => units[random.below(units.length)]!
    return this.#invoke(one(), one())
  }

  /** Whatever runs, or is begun from now on, returns as soon as it can. */
  finishAll(): void {
    this.#finishes = true
    this.#bank.network.task('programs', this.#finish())
  }

  *#finish() {
    for (;;) {
      yield 1
      this.#forget()
      this.#lookAtCalls()
      for (const each of this.#running) if (!each.isWaiting) this.#goOn(each)
    }
  }

  /** The locus of an account invokes another, with a payment. */
  #invoke(from: string, to: string): boolean {
    const { random, accounts } = this.#bank
    const payer = accounts.get(from)!
    if (this.#bank.playable(from) === null || payer.machine === accounts.get(to)!.machine)
      return false
    const { machine } = this.#bank.world(payer.machine).kernel
    const slot = machine.loci.named(`in ${payer.name}`)!.slot!
    const amount = Math.min(payer.now.balance, random.below(10))
    return this.#send(payer.machine, locusPort(slot), from, to, amount, () => {})
  }

  #send(
    machine: MachineId,
    port: PortId,
    from: string,
    to: string,
    amount: number,
    over: () => void,
    tree: Pick<VisitPlan, 'epoch' | 'mixed'> | null = null,
  ): boolean {
    const world = this.#bank.world(machine)
    const cap = this.#capFor(from, to)
    const endpoint = world.loci.get(port)
    if (cap === null || endpoint === undefined) return false
    const { region } = world.sim
    const inside = region.words.load(region.locusWord(locusOfPort(port), 'container'))
    const present = region.words.load(region.containerWord(inside as never, 'epoch'))
    const { epoch, mixed } = tree ?? { epoch: present, mixed: false }
    const before = world.word(port, 'state')
    const payment = this.#bank.newPayment(from, to, amount)
    const answer = { id: -payment.id, from: to, to: from, amount: 0 }
    this.#bank.payments.set(answer.id, answer)
    const block = new TextEncoder().encode(JSON.stringify(payment))
    const pay = (by: number) =>
      this.#bank.change(from, ({ balance, sent }) => ({
        balance: balance - by * payment.amount,
        sent:
          by > 0
            ? new Set([...sent, payment.id])
            : new Set([...sent].filter((id) => id !== payment.id)),
      }))
    pay(1)
    world.setState(port, 'quiet')
    const args = { cap, block, epoch, mixed: mixed || epoch !== present, deadlineMs: 5_000 }
    endpoint.call(
      0 as PortId,
      locusCalls.remoteInvoke,
      args,
      (reply) => {
        if (world.loci.get(port) !== endpoint || this.#bank.worlds.get(machine) !== world) return
        this.#see(reply.status === 'ok' ? reply.end : reply.status)
        // Nothing was sent, so it is the payer's again.
        const isSent = reply.status === 'ok' || /nobody knows/.test(reply.detail)
        if (!isSent) pay(-1)
        world.setState(port, before === locusStates.running ? 'running' : 'resting')
        over()
      },
      Infinity,
    )
    return true
  }

  /** Returns, or invokes on. */
  #goOn(each: Running): void {
    if (each.isWaiting) return
    const { random, accounts } = this.#bank
    const { machine, port, unit, visit, done } = each
    const others = [...accounts.keys()].filter((to) => accounts.get(to)!.machine !== machine)
    const isLent = visit.lent
    if (!isLent && !this.#finishes && this.#running.length < mostDepth && random.chance(0.3)) {
      const to = others[random.below(others.length)]!
      each.isWaiting = true
      const over = (): void => {
        each.isWaiting = false
      }
      const { balance } = accounts.get(unit)!.now
      if (this.#send(machine, port, unit, to, Math.min(balance, random.below(5)), over, visit))
        return this.#see('nested')
      each.isWaiting = false
    }
    this.#running = this.#running.filter((other) => other !== each)
    done({ status: 'ok', detail: '', block: empty })
  }

  /** The kernel has taken the letter, and sent the answer, in one step. */
  #taken(unit: string, id: number): void {
    const payment = this.#bank.payments.get(id)!
    if (!this.#bank.payments.has(-id)) return
    const { taken } = this.#bank.accounts.get(unit)!.now
    if (taken.has(id)) this.#bank.problems.push(`I6: payment ${id} was run in ${unit} twice`)
    this.#bank.change(unit, ({ balance, taken: before, sent }) => ({
      balance: balance + payment.amount,
      taken: new Set([...before, id]),
      sent: new Set([...sent, -id]),
    }))
  }

  #answered(machine: MachineId, number: number): void {
    this.#lookAtCalls()
    const payment = this.#calls.get(`${machine} ${number}`)
    if (payment === undefined) return
    this.#bank.change(payment.from, ({ taken }) => ({ taken: new Set([...taken, -payment.id]) }))
  }

  /** Which call is which payment stands in the letters. */
  #lookAtCalls(): void {
    for (const [machine, world] of this.#bank.worlds)
      for (const { letters } of world.kernel.machine.containers.all())
        for (const { content } of letters?.log ?? [])
          if (content.kind === 'invoke')
            this.#calls.set(`${machine} ${content.call}`, paymentIn(content.block))
  }

  /** Programs whose thread was ended do nothing more. */
  #forget(): void {
    this.#running = this.#running.filter(({ machine, port, unit }) => {
      const world = this.#bank.worlds.get(machine)
      if (world === undefined || !world.loci.has(port)) return false
      const visiting = [...world.kernel.machine.visits.visitors].find(
        ({ slot }) => slot !== null && locusPort(slot) === port,
      )
      const borrowed = visiting?.visitor.borrowed ?? null
      if (borrowed !== null) return this.#unitAt(borrowed.guest.home) === unit
      const at = visiting?.visitor.visit?.container
      return at !== undefined && `${machine} ${at.name}` === unit
    })
  }

  #unitAt({ machine, slot }: { readonly machine: MachineId; readonly slot: number }): string {
    const found = [...this.#bank.accounts.values()].find(
      (each) => each.machine === machine && this.#addresses.get(each.unit) === slot,
    )
    return found?.unit ?? `slot ${slot} of machine ${machine}`
  }

  #capFor(from: string, to: string): Capref | null {
    const { machine: at, name } = this.#bank.accounts.get(from)!
    const { machine } = this.#bank.world(at).kernel
    const container = machine.containers.named(name)
    if (container === null) return null
    const table = capabilityTables.ofContainer(machine.region.plan.shape, container.slot)
    const wanted = this.#bank.accounts.get(to)!
    const there = this.#addresses.get(to)!
    for (let index = 0; index < capabilitySlots; index++) {
      const { far, stamp } = machine.capabilities.read(table, index)
      if (far?.machine === wanted.machine && far.slot === there)
        return makeCapref('host_container', index, stamp)
    }
    return null
  }

  readonly #addresses = new Map<string, number>()

  async #give(to: string, from: string): Promise<void> {
    const [source, target] = [this.#bank.accounts.get(from)!, this.#bank.accounts.get(to)!]
    this.#addresses.set(from, this.#bank.container(from).slot)
    const cap = await this.#bank.host(source.machine, 'container_find', { name: source.name })
    const into = await this.#bank.host(target.machine, 'container_find', { name: target.name })
    const given = await this.#bank.host(source.machine, 'cap_give', {
      cap: cap['cont'],
      machine: asMachine(target.machine),
      to: into['cont'],
      rights: rights.invoke,
    })
    if (given.status !== 'ok') throw new Error(`${given.status}: ${given.detail}`)
  }

  #see(what: string): void {
    const { seen } = this.#bank
    seen.set(`invoke ${what}`, (seen.get(`invoke ${what}`) ?? 0) + 1)
  }
}
