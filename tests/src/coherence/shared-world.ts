/**
 * A container used on several machines: a real self-managing manager at home, real proxies elsewhere, real page tables, links and wires, on one
 * simulated order. Loci of all machines read and write it at random against one model of what every page holds.
 */
import {
  asContainer,
  asInterval,
  asMachine,
  asToken,
  guestUpcalls,
  managerUpcalls,
  supportUpcalls,
  type Token,
} from '@katydid/abi'
import { ask, SimNetwork, type Ask } from '@katydid/actor'
import { SimWires, type WirePlan } from '@katydid/devices'
import { defaultOptions, proxyDefaults, ProxyManager, type ProxyOptions } from '@katydid/managers'
import { SimWorld, type WorldShape } from '../managers/support/sim-world.js'
import { managerPort } from '../managers/support/stand-in-kernel.js'

export interface SharedShape {
  readonly machines: number
  readonly pages: number
  /** Frames of home, and of each other machine. */
  readonly frames: number
  readonly guestFrames: number
  readonly wires?: WirePlan
  readonly options?: WorldShape['options']
}

const slot = asContainer(1)

export class SharedWorld {
  readonly network: SimNetwork
  readonly wires: SimWires
  readonly home: SimWorld
  readonly guests: SimWorld[] = []
  readonly proxies: ProxyManager[] = []
  readonly #tokens: Token[] = []

  constructor(seed: number, shape: SharedShape) {
    this.network = new SimNetwork(seed)
    this.wires = new SimWires(this.network, shape.wires ?? {})
    const { pages, frames, guestFrames } = shape
    this.home = this.#machine(seed, shape.machines, 1, {
      pages,
      frames,
      containers: 1,
      loci: 2,
      options: { invokedElsewhere: 'local_support', ...shape.options },
    })
    this.home.begin()
    for (let id = 2; id <= shape.machines; id++) {
      const guest = this.#machine(seed, shape.machines, id, {
        pages,
        frames: guestFrames,
        containers: 0,
        loci: 2,
        manager: (surroundings, boot) => {
          const options: ProxyOptions = { ...proxyDefaults, leastFrames: 2, askFrames: 4 }
          const proxy = new ProxyManager(
            { ...surroundings, options: { ...defaultOptions, ...options } },
            boot,
          )
          this.proxies.push(proxy)
          return { turn: () => proxy.turn(), stabilise: (done) => done(true) }
        },
      })
      guest.begin()
      this.guests.push(guest)
    }
  }

  get all(): readonly SimWorld[] {
    return [this.home, ...this.guests]
  }

  get token(): Token {
    return this.home.kernel.containers[0]!.token
  }

  /** invoke_no_support, as the kernel at home would make it. */
  invoked(machine: number): string {
    const args = {
      machineId: asToken(machine),
      cont: this.token,
      stateInterval: asInterval(1),
      params: new Uint8Array(),
    }
    return this.home.script(
      (function* (home: SimWorld): Generator<Ask, string, unknown> {
        const reply = yield* ask(
          home.kernel.messenger,
          managerPort,
          managerUpcalls.invokeNoSupport,
          args,
        )
        return reply.status === 'ok' ? reply.decision : reply.status
      })(this.home),
    )
  }

  /** The machine becomes a guest of home's container; answers `ok` or why not. */
  join(machine: number): string {
    const guest = this.guests[machine - 2]!
    const args = {
      machine: asMachine(1),
      port: managerPort as number,
      cont: this.token,
      slot: slot as number,
    }
    const begun = guest.script(
      (function* (): Generator<Ask, { status: string; cont: Token }, unknown> {
        const reply = yield* ask(guest.kernel.messenger, managerPort, guestUpcalls.guestBegin, args)
        return { status: reply.status, cont: reply.status === 'ok' ? reply.cont : asToken(0) }
      })(),
    )
    if (begun.status !== 'ok') return begun.status
    this.#tokens[machine] = begun.cont
    guest.kernel.makeGuest(slot, begun.cont)
    guest.model = this.home.model
    return 'ok'
  }

  /** All machines take part in a capture of the container. Answers its number. */
  capture(): number | null {
    for (const guest of this.guests) guest.rest()
    const id = this.home.capture()
    for (const guest of this.guests) guest.go()
    return id
  }

  /** What the kernel does when the machine’s guest is gone for good: answers how many pages it could have written. */
  lost(machine: number): number {
    const args = { cont: this.token, machine: asMachine(machine) }
    const { kernel } = this.home
    return this.home.script(
      (function* (): Generator<Ask, number, unknown> {
        const reply = yield* ask(kernel.messenger, managerPort, supportUpcalls.supportLost, args)
        return reply.status === 'ok' ? reply.pages : -1
      })(),
    )
  }

  /** A locus of the guest acquires; true when it may go on. */
  acquire(machine: number): () => boolean {
    const outcome = { done: false }
    const { kernel } = this.guests[machine - 2]!
    kernel.messenger.call(
      managerPort,
      guestUpcalls.guestAcquire,
      { cont: this.#tokens[machine]! },
      () => {
        outcome.done = true
      },
    )
    return () => outcome.done
  }

  /** The container has gone back: all guests are ended, as their kernels do. */
  endGuest(machine: number): void {
    const guest = this.guests[machine - 2]!
    guest.stopLoci()
    guest.kernel.clearTables()
    const args = { cont: this.#tokens[machine]! }
    guest.script(
      (function* (): Generator<Ask, void, unknown> {
        yield* ask(guest.kernel.messenger, managerPort, guestUpcalls.guestEnd, args)
      })(),
    )
    guest.kernel.containers.length = 0
  }

  run(ms: number): void {
    this.network.run(this.network.clock.nowMs() + ms)
  }

  /** Runs until no locus runs anywhere. */
  finish(ms = 120_000): boolean {
    return this.network.runUntil(
      () => this.all.every(({ lociRunning }) => lociRunning === 0),
      this.network.clock.nowMs() + ms,
    )
  }

  #machine(seed: number, count: number, id: number, shape: WorldShape): SimWorld {
    const machine = asMachine(id)
    const world = new SimWorld(seed, { ...shape, among: { network: this.network, machine } })
    const peers = Array.from({ length: count }, (_, nth) => asMachine(nth + 1))
    this.wires.startDriver(world.sim, { world: 'one world', incarnation: 1, peers })
    return world
  }
}
