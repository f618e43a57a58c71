/**
 * Letters between containers of different machines, as loci send and take them: by ids that are given once in all lives of the world. A letter carries money, so that
 * a word of real pages says what was sent and taken.
 */
import { asContainer, type MachineId } from '@katydid/abi'
import type { Waiting } from '@katydid/kernel/machines/letters.js'
import { sendLetter, takeLetter } from '@katydid/kernel/machines/send-letter.js'
import type { SimLocus } from '../campaign/sim-locus.js'
import type { WholeWorld } from '../campaign/whole-world.js'
import type { ModelContainer } from '../campaign/world-model.js'

type Steps = Generator<'step' | number | (() => boolean), void, void>

/** Where a container is: it is there for good. */
export interface Address {
  readonly machine: MachineId
  readonly name: string
  readonly slot: number
  readonly generation: number
}

export interface PostedLetter {
  readonly id: number
  readonly from: Address
  readonly to: Address
  readonly amount: number
  /** Of the sender, as the model counts what happened to it. */
  readonly identity: object
  readonly happened: number
}

/** The word that holds a container's money, in a page that nothing else is in. */
export const moneyAt = (pages: number): number => pages * 4096 + 128

export class Post {
  readonly letters = new Map<number, PostedLetter>()
  readonly addresses: Address[] = []
  /** Containers to which letters go that are not there, or will not be. */
  readonly dead: Address[] = []
  readonly #of = new Map<MachineId, readonly Address[]>()
  /** What waited in a container when it was looked at last: the list is replaced when it changes. */
  readonly #looked = new WeakMap<ModelContainer, readonly Waiting[]>()
  #next = 1

  add(address: Address): void {
    this.addresses.push(address)
    this.#of.set(address.machine, [...(this.#of.get(address.machine) ?? []), address])
  }

  addressOf(machine: MachineId, name: string): Address {
    return this.addresses.find((each) => each.machine === machine && each.name === name)!
  }

  /** The locus's container sends some money to one of another machine; the word and the letter change in one step. */
  *pay(locus: SimLocus, pages: number): Steps {
    const { world, random } = locus
    const { across } = world.kernel.machine
    const from = this.addressOf(across!.self, locus.container)
    const others = this.addresses.filter(({ machine }) => machine !== from.machine)
    const to = others[random.below(others.length)]!
    const amount = random.below(100)
    let isSent = false
    yield* locus.atomic(
      moneyAt(pages),
      (window, at) => {
        // The page is there from now on.
        window.add(at, 0)
        isSent = this.#send(world, from, to, amount)
        return window.add(at, isSent ? -amount : 0)
      },
      (before) => (isSent ? (before - amount) | 0 : before),
    )
    world.saw('letter sent', isSent ? 'ok' : 'refused')
  }

  #send(world: WholeWorld, from: Address, to: Address, amount: number): boolean {
    const { machine } = world.kernel
    const container = machine.containers.named(from.name)
    const model = world.model.containers.get(from.name)
    if (container === null || model === undefined) return false
    const id = this.#next
    const block = new Uint8Array(new Int32Array([id, amount]).buffer)
    const sent = sendLetter(machine, container, to, block)
    if (sent.status !== 'ok') return false
    this.#next++
    const { identity, letters } = model
    this.letters.set(id, { id, from, to, amount, identity, happened: ++model.happened })
    model.letters = { ...letters, sent: new Set([...letters.sent, id]) }
    return true
  }

  /** The locus's container takes a letter, if one waits. */
  *take(locus: SimLocus, pages: number): Steps {
    const { world } = locus
    const { machine } = world.kernel
    let amount = 0
    yield* locus.atomic(
      moneyAt(pages),
      (window, at) => {
        window.add(at, 0)
        const container = machine.containers.named(locus.container)
        const letter = container === null ? null : takeLetter(machine, container)
        amount = letter === null ? 0 : this.#took(world, locus.container, letter.block)
        return window.add(at, amount)
      },
      (before) => (before + amount) | 0,
    )
  }

  #took(world: WholeWorld, name: string, block: Uint8Array): number {
    const { id, amount } = contentOf(block)
    const known = this.letters.get(id)
    world.saw('letter taken', 'ok')
    if (known === undefined || known.amount !== amount || known.to.name !== name)
      world.problems.push(`${name} was given letter ${id} of ${amount}, which never was so`)
    const model = world.model.containers.get(name)
    if (model === undefined) return amount
    const { letters } = model
    if (letters.taken.has(id)) world.problems.push(`I6: ${name} was given letter ${id} twice`)
    const waiting = letters.waiting.filter((each) => each !== id)
    model.letters = { ...letters, taken: new Set([...letters.taken, id]), waiting }
    return amount
  }

  /** Letters that have come are noted, in the step in which they do. */
  noteArrived(world: WholeWorld): void {
    const { containers } = world.kernel.machine
    if (world.phase !== 'open' && world.phase !== 'stopping') return
    for (const { name, slot } of this.#of.get(world.kernel.machine.across!.self) ?? []) {
      const waiting = containers.at(asContainer(slot))?.letters?.waiting
      if (waiting === undefined) continue
      const model = world.model.containers.get(name)
      if (model === undefined || this.#looked.get(model) === waiting) continue
      this.#looked.set(model, waiting)
      const ids = waiting.map(({ block }) => contentOf(block).id)
      for (const id of ids) this.#arrived(world, model, id)
      model.letters = { ...model.letters, waiting: ids }
    }
  }

  #arrived(world: WholeWorld, model: ModelContainer, id: number): void {
    const { letters, knows, name } = model
    if (letters.waiting.includes(id)) return
    world.saw('letter received', 'ok')
    if (letters.taken.has(id)) world.problems.push(`I6: letter ${id} came to ${name} twice`)
    const letter = this.letters.get(id)
    if (letter === undefined) world.problems.push(`${name} received ${id}, which was never sent`)
    else
      knows.set(letter.identity, Math.max(knows.get(letter.identity) ?? 0, letter.happened))
  }
}

function contentOf(block: Uint8Array): { readonly id: number; readonly amount: number } {
  const [id, amount] = new Int32Array(block.slice().buffer)
  return { id: id!, amount: amount! }
}

