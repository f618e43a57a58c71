/** Invocations over machines in the simulator: accounts invoke each other's containers, and the test says what runs there. */
import {
  asMachine,
  capabilitySlots,
  capabilityTables,
  containerCalls,
  locusCalls,
  locusOfPort,
  makeCapref,
  maxActors,
  rights,
  type Capref,
  type MachineId,
  type PortId,
  type Reply,
} from '@katydid/abi'
import type { HostAnswer } from '@katydid/kernel'
import type { Box, VisitPlan, VisitEnd } from '../kernel/support/kernel-world.js'
import { MachineBank, type BankShape } from './bank.js'

export const [one, two, three] = [asMachine(1), asMachine(2), asMachine(3)]

type Invoked = Reply<typeof locusCalls.remoteInvoke>

export interface Ran {
  readonly machine: MachineId
  readonly visit: VisitPlan
  readonly port: PortId
  readonly done: (end: VisitEnd) => void
}

export const ok = (...bytes: number[]): VisitEnd => ({
  status: 'ok',
  detail: '',
  block: Uint8Array.from(bytes),
})

export class VisitsBench {
  readonly bank: MachineBank
  /** Invocations that were begun and wait for the test to say how they end. */
  readonly running: Ran[] = []
  begun = 0

  private constructor(bank: MachineBank) {
    this.bank = bank
    for (const machine of bank.machines) this.watch(machine)
  }

  static async open(seed: number, shape: Partial<BankShape> = {}): Promise<VisitsBench> {
    const whole = { machines: 2, accounts: 1, room: 4, ...shape }
    return new VisitsBench(await MachineBank.open(seed, whole))
  }

  /** What runs on that machine from now on is the test's. */
  watch(machine: MachineId): void {
    this.bank.world(machine).onVisit = (visit, port, done) => {
      this.begun++
      this.running.push({ machine, visit, port, done })
    }
  }

  restart(machine: MachineId): void {
    this.bank.restart(machine)
    this.watch(machine)
  }

  /** A call of the host on the kernel of that machine. */
  host(on: MachineId, name: string, args: object): Promise<HostAnswer> {
    return this.bank.host(on, name, args)
  }

  async cap(on: MachineId, name: string): Promise<Capref> {
    return (await this.host(on, 'container_find', { name }))['cont'] as Capref
  }

  /** Gives the account a capability for another's container; answers it as its locus names it. */
  async give(
    from: string,
    to: string,
    given: number = rights.invoke | rights.copy | rights.write,
  ): Promise<Capref> {
    const [source, target] = [this.place(from), this.place(to)]
    const told = await this.host(source.machine, 'cap_give', {
      cap: await this.cap(source.machine, source.name),
      machine: target.machine,
      to: await this.cap(target.machine, target.name),
      rights: given,
    })
    if (told.status !== 'ok') throw new Error(`${told.status}: ${told.detail}`)
    return told['cap'] as Capref
  }

  place(unit: string): { readonly machine: MachineId; readonly name: string } {
    const { machine, name } = this.bank.accounts.get(unit)!
    return { machine, name }
  }

  kernel(machine: MachineId) {
    return this.bank.world(machine).kernel.machine
  }

  port(unit: string): PortId {
    const { machine, name } = this.place(unit)
    return (this.kernel(machine).loci.named(`in ${name}`)!.slot! + maxActors) as PortId
  }

  /** The account's locus invokes; it is quiet until the answer is there. */
  invoke(unit: string, cap: Capref, block = new Uint8Array(0), deadlineMs = 60_000): Box<Invoked> {
    return this.invokeFrom(this.place(unit).machine, this.port(unit), cap, block, deadlineMs)
  }

  invokeFrom(
    machine: MachineId,
    port: PortId,
    cap: Capref,
    block = new Uint8Array(0),
    deadlineMs = 60_000,
    tree: { readonly epoch: number; readonly mixed: boolean } | null = null,
  ): Box<Invoked> {
    const world = this.bank.world(machine)
    const { region } = world.sim
    const inside = region.words.load(region.locusWord(locusOfPort(port), 'container'))
    const present = region.words.load(region.containerWord(inside as never, 'epoch'))
    const { epoch, mixed } = tree ?? { epoch: present, mixed: false }
    world.setState(port, 'quiet')
    const box: Box<Invoked> = { reply: null }
    const args = { cap, block, epoch, mixed: mixed || epoch !== present, deadlineMs }
    const depth = region.words.load(region.locusWord(locusOfPort(port), 'depth'))
    world.loci.get(port)!.call(
      0 as PortId,
      locusCalls.remoteInvoke,
      args,
      (reply) => {
        box.reply = reply
        world.setState(port, depth === 0 ? 'resting' : 'running')
      },
      Infinity,
    )
    return box
  }

  /** What runs invokes on. */
  invokeOn(
    { machine, port, visit }: Ran,
    cap: Capref,
    block: Uint8Array<ArrayBuffer>,
  ): Box<Invoked> {
    return this.invokeFrom(machine, port, cap, block, 60_000, visit)
  }

  /** A call of the account's locus. */
  copy(unit: string, cap: Capref, to: Capref): Box<Reply<typeof containerCalls.capCopy>> {
    const world = this.bank.world(this.place(unit).machine)
    const args = { cap, to, rights: rights.invoke | rights.copy }
    return world.ask(world.loci.get(this.port(unit))!, containerCalls.capCopy, args)
  }

  /** The next invocation that was begun. */
  next(): Ran {
    if (!this.bank.until(() => this.running.length > 0, 30_000)) throw new Error('nothing runs')
    return this.running.shift()!
  }

  answered(box: Box<Invoked>, forMs = 120_000): Invoked {
    if (!this.bank.until(() => box.reply !== null, forMs)) throw new Error('no answer')
    return box.reply!
  }

  /** A reference to the one capability of the container that names another machine's. */
  farCap(unit: string): Capref {
    const { machine, name } = this.place(unit)
    const kernel = this.kernel(machine)
    const { slot } = kernel.containers.named(name)!
    const table = capabilityTables.ofContainer(kernel.region.plan.shape, slot)
    for (let index = 0; index < capabilitySlots; index++) {
      const held = kernel.capabilities.read(table, index)
      if (held.far !== undefined) return makeCapref('host_container', index, held.stamp)
    }
    throw new Error(`${unit} has no capability of another machine`)
  }
}
