/** What loci of a world of machines do besides local deeds: they send money in letters, take it, and invoke containers of other machines with it. */
import {
  capabilitySlots,
  capabilityTables,
  makeCapref,
  type Capref,
  type MachineId,
} from '@katydid/abi'
import { contentOf as letterOf } from '@katydid/kernel/machines/letters.js'
import { sendLetter, takeLetter } from '@katydid/kernel/machines/send-letter.js'
import { invocation } from '../campaign/locus-calls.js'
import type { SimLocus } from '../campaign/sim-locus.js'
import { blockOf, contentOf, moneyAt, type Post, type Posted } from './post.js'

type Step<T> = Generator<'step' | number | (() => boolean), T, void>

export class Errands {
  readonly #post: Post
  readonly #pages: number

  constructor(post: Post, pages: number) {
    this.#post = post
    this.#pages = pages
  }

  /** One of them, drawn. */
  *next(locus: SimLocus): Step<void> {
    const { random } = locus
    const kind = random.below(10)
    if (kind < 3) yield* this.#pay(locus)
    else if (kind < 7) yield* this.#take(locus)
    else yield* this.#invoke(locus, random.below(3))
  }

  /** The word changes by what `by` answers, in the step in which that is asked. */
  *#change(locus: SimLocus, by: () => number): Step<void> {
    let amount = 0
    yield* locus.atomic(
      moneyAt(this.#pages),
      (window, at) => {
        // The page is there from now on.
        window.add(at, 0)
        amount = by()
        return window.add(at, amount)
      },
      (before) => (before + amount) | 0,
    )
  }

  /** The locus's container sends some money to one of another machine; the word and the letter change in one step. */
  *#pay(locus: SimLocus): Step<void> {
    const { world, random } = locus
    const { across } = world.kernel.machine
    const others = this.#post.addresses.filter(({ machine }) => machine !== across!.self)
    const to = others[random.below(others.length)]!
    const amount = random.below(100)
    yield* this.#change(locus, () => {
      const { machine } = world.kernel
      const container = machine.containers.named(locus.container)
      if (container === null) return 0
      const posted = this.#post.write(world, locus.container, to, amount)
      if (posted === null) return 0
      const block = blockOf(posted.id, amount, 0)
      const { status } = sendLetter(machine, container, to, letterOf('plain', { block }))
      world.saw('letter sent', status)
      if (status !== 'ok') this.#post.unwrite(world, posted)
      return status === 'ok' ? -amount : 0
    })
  }

  /** The locus's container takes a letter, if one waits. */
  *#take(locus: SimLocus): Step<void> {
    const { world } = locus
    yield* this.#change(locus, () => {
      const { machine } = world.kernel
      const container = machine.containers.named(locus.container)
      const letter = container === null ? null : takeLetter(machine, container)
      return letter === null ? 0 : this.#post.take(world, locus.container, letter.content.block)
    })
  }

  /** A container of another machine is invoked, with some money. What nobody carried out is the payer's again. */
  *#invoke(locus: SimLocus, hops: number): Step<void> {
    const { world, random } = locus
    const far = farOf(locus)
    const to = far[random.below(Math.max(1, far.length))]
    if (to === undefined) return
    const amount = random.below(100)
    const from = locus.container
    const state: { posted: Posted | null } = { posted: null }
    yield* this.#change(locus, () => {
      state.posted = this.#post.write(world, from, to, amount)
      return state.posted === null ? 0 : -amount
    })
    const { posted } = state
    if (posted === null) return
    const block = blockOf(posted.id, amount, hops)
    const reply = yield* locus.remoteInvoke(to.cap, block, 300 + random.below(2500))
    const isKnown = reply.status === 'ok' || !/nobody knows/.test(reply.detail)
    const status = reply.status === 'ok' ? reply.end : reply.status
    world.saw('remote invoke', status)
    if (status === 'ok' || !isKnown) return
    yield* this.#change(locus, () => {
      this.#post.unwrite(world, posted)
      return amount
    })
  }

  /** What another machine's invocation runs: it takes the money, and now and then invokes on, here or there. */
  *visited(locus: SimLocus, block: Uint8Array): Step<Uint8Array> {
    const { random, world } = locus
    const { hops } = contentOf(block)
    yield* this.#change(locus, () => this.#post.take(world, locus.container, block))
    world.saw('visit', 'ok')
    if (random.chance(0.2)) yield* locus.sleep(random.below(20))
    if (random.chance(0.2)) yield* invocation(locus)
    if (hops > 0 && random.chance(0.4)) yield* this.#invoke(locus, hops - 1)
    return block
  }
}

interface FarCap {
  readonly cap: Capref
  readonly machine: MachineId
  readonly slot: number
}

/** Capabilities of the container that the locus is in, for containers of other machines. */
function farOf(locus: SimLocus): FarCap[] {
  const { machine } = locus.world.kernel
  const table = capabilityTables.ofContainer(machine.region.plan.shape, locus.containerSlot)
  return Array.from({ length: capabilitySlots }, (_, index) => {
    const { far, stamp } = machine.capabilities.read(table, index)
    return far === undefined
      ? []
      : [{ cap: makeCapref('host_container', index, stamp), machine: far.machine, slot: far.slot }]
  }).flat()
}
