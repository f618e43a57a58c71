/**
 * Messages between containers of different machines, as the kernels really carry them, and what is true of them: letters and invocations have ids that are given once in all lives
 * of the world, and carry money, so that a word of real pages says what was sent and taken.
 */
import { asContainer, asMachine, type ContainerSlot, type MachineId } from '@katydid/abi'
import type { Container } from '@katydid/kernel/container/container.js'
import type { Letter, Waiting } from '@katydid/kernel/machines/letters.js'
import type { WholeWorld } from '../campaign/whole-world.js'
import type { ModelContainer } from '../campaign/world-model.js'

/** Where a container is: it is there for good. */
export interface Address {
  readonly machine: MachineId
  readonly name: string
  readonly slot: ContainerSlot
  readonly generation: number
}

/** A letter or an invocation, by its id. */
export interface Posted {
  readonly id: number
  readonly from: Address
  readonly to: { readonly machine: MachineId; readonly slot: number }
  readonly amount: number
  /** Of the sender. */
  readonly identity: object
}

/** Who sent a message, and what number it has among all that happened to who sent it. */
interface Stamp {
  readonly identity: object
  readonly happened: number
}

/** The word that holds a container's money, in a page that nothing else is in. */
export const moneyAt = (pages: number): number => pages * 4096 + 128

/** What a message says: its id, the money, and how often an invocation may invoke on. */
export const blockOf = (id: number, amount: number, hops: number): Uint8Array =>
  new Uint8Array(new Int32Array([id, amount, hops]).buffer)

export function contentOf(block: Uint8Array): { id: number; amount: number; hops: number } {
  const [id = 0, amount = 0, hops = 0] = new Int32Array(block.slice().buffer)
  return { id, amount, hops }
}

export class Post {
  readonly posted = new Map<number, Posted>()
  readonly addresses: Address[] = []
  readonly #of = new Map<MachineId, readonly Address[]>()
  /** Messages that were sent: ids of letters and invocations; answers by machine and call. */
  readonly #stamps = new Map<string, Stamp>()
  /** The container that made a call, by what its answer is known by. */
  readonly #callers = new Map<string, string>()
  /** Entries of logs whose stamp was noted: by machine, container, message and its interval. */
  readonly #noted = new Set<string>()
  /** Lists that were looked at last: they are replaced when they change. */
  readonly #waiting = new WeakMap<ModelContainer, readonly Waiting[]>()
  readonly #logs = new WeakMap<ModelContainer, readonly Letter[]>()
  #next = 1

  add(address: Address): void {
    this.addresses.push(address)
    this.#of.set(address.machine, [...(this.#of.get(address.machine) ?? []), address])
  }

  addressOf(machine: MachineId, name: string): Address {
    return this.addresses.find((each) => each.machine === machine && each.name === name)!
  }

  addressAt(machine: MachineId, slot: number): Address | null {
    return this.#of.get(machine)?.find((each) => each.slot === slot) ?? null
  }

  /** A new message of this container, which is about to send it. */
  write(world: WholeWorld, name: string, to: Posted['to'], amount: number): Posted | null {
    const model = world.model.containers.get(name)
    if (model === undefined) return null
    const from = this.addressOf(world.kernel.machine.across!.self, name)
    const posted = { id: this.#next++, from, to, amount, identity: model.identity }
    this.posted.set(posted.id, posted)
    const { letters } = model
    model.letters = { ...letters, sent: new Set([...letters.sent, posted.id]) }
    return posted
  }

  /** It was not sent after all. */
  unwrite(world: WholeWorld, { id, from }: Posted): void {
    const model = world.model.containers.get(from.name)
    if (model === undefined) return
    const sent = [...model.letters.sent].filter((each) => each !== id)
    model.letters = { ...model.letters, sent: new Set(sent) }
  }

  /** The container has what the message brought; answers how much. */
  take(world: WholeWorld, name: string, block: Uint8Array): number {
    const { id, amount } = contentOf(block)
    const known = this.posted.get(id)
    world.saw('letter taken', 'ok')
    const here = this.addressOf(world.kernel.machine.across!.self, name)
    const isMeant = known?.to.machine === here.machine && known.to.slot === here.slot
    if (known?.amount !== amount || !isMeant)
      world.problems.push(`${name} was given message ${id} of ${amount}, which never was so`)
    const model = world.model.containers.get(name)
    if (model === undefined) return amount
    const { letters } = model
    if (letters.taken.has(id)) world.problems.push(`I6: ${name} was given message ${id} twice`)
    model.letters = { ...letters, taken: new Set([...letters.taken, id]) }
    return amount
  }

  /** What came to be in logs and in the mail of that machine's containers, in the step in which it did. */
  look(world: WholeWorld): void {
    if (world.phase !== 'open' && world.phase !== 'stopping') return
    const { containers, across } = world.kernel.machine
    for (const { name, slot } of this.#of.get(across!.self) ?? []) {
      const container = containers.at(asContainer(slot))
      const model = world.model.containers.get(name)
      if (container?.letters === undefined || model === undefined) continue
      const { log, waiting } = container.letters
      if (this.#logs.get(model) !== log) {
        this.#logs.set(model, log)
        this.#sent(across!.self, container, model, log)
      }
      if (this.#waiting.get(model) !== waiting) {
        this.#waiting.set(model, waiting)
        this.#arrived(world, model, waiting)
        this.#received(across!.self, container, model)
      }
    }
  }

  #sent(self: MachineId, { slot }: Container, model: ModelContainer, log: readonly Letter[]): void {
    for (const letter of log) {
      const { kind, block, call } = letter.content
      const to = Math.floor(letter.unit / 2 ** 32)
      const letterKey = keyOfLetter(self, slot, letter)
      const entry = `${letterKey} ${letter.interval}`
      if (this.#noted.has(entry)) continue
      this.#noted.add(entry)
      const stamp = { identity: model.identity, happened: ++model.happened }
      this.#stamps.set(letterKey, stamp)
      if (kind === 'invoke') this.#callers.set(answerKey(self, call), model.name)
      if (kind === 'answer') this.#stamps.set(answerKey(to, call), stamp)
      else if (kind === 'plain' || kind === 'invoke')
        this.#stamps.set(`${contentOf(block).id}`, stamp)
    }
  }

  #arrived(world: WholeWorld, model: ModelContainer, waiting: readonly Waiting[]): void {
    const ids = waiting.flatMap(({ content: { kind, block } }) =>
      kind === 'plain' || kind === 'invoke' ? [contentOf(block).id] : [],
    )
    for (const id of ids) {
      const { letters, name } = model
      if (letters.waiting.includes(id)) continue
      world.saw('letter received', 'ok')
      if (letters.taken.has(id)) world.problems.push(`I6: message ${id} came to ${name} twice`)
      if (!this.posted.has(id)) world.problems.push(`${name} received ${id}, which never was sent`)
      this.#knows(model, `${id}`)
    }
    model.letters = { ...model.letters, waiting: ids }
  }

  /** Whatever was in it, who has had a letter of a pair depends on its having been sent: the next is counted from it. */
  #received(self: MachineId, { slot, letters }: Container, model: ModelContainer): void {
    for (const { unit, sequence } of letters!.save().received) {
      const sender = asMachine(Math.floor(unit / 2 ** 32))
      const to = { unit: self * 2 ** 32 + slot, sequence }
      this.#knows(model, keyOfLetter(sender, unit % 2 ** 32, to))
    }
  }

  /** An answer to that call of the machine has come to the container that made it. */
  answered(world: WholeWorld, call: number): void {
    const key = answerKey(world.kernel.machine.across!.self, call)
    const model = world.model.containers.get(this.#callers.get(key) ?? '')
    if (model !== undefined) this.#knows(model, key)
  }

  #knows({ knows }: ModelContainer, key: string): void {
    const stamp = this.#stamps.get(key)
    if (stamp === undefined) return
    knows.set(stamp.identity, Math.max(knows.get(stamp.identity) ?? 0, stamp.happened))
  }
}

/** A letter by its pair and number, as its sender numbers them. */
const keyOfLetter = (
  sender: MachineId,
  slot: number,
  { unit, sequence }: Pick<Letter, 'unit' | 'sequence'>,
): string => `letter ${sender} ${slot} ${unit} ${sequence}`

const answerKey = (machine: number, call: number): string => `answer ${machine} ${call}`
