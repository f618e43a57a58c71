/**
 * The machine's containers: slots, names, generations. A slot is free again only when nothing of its container is left;
 * its generation rises with each container, over restarts too, so that a capability never names another's successor.
 */
import {
  asContainer,
  asToken,
  containerGates,
  containerStates,
  serviceLevels,
  type ContainerSlot,
  type PortId,
  type ServiceLevel,
  type Token,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { noIntervals, type Container, type Home } from './container.js'

export interface ContainerShape {
  readonly size: number
  readonly name: string
  readonly interval: number
  /** The present epoch, of which it is. */
  readonly epoch: number
  /** Slots that are free and must not be taken. */
  readonly avoid?: ReadonlySet<number>
}

/** Where a container's history goes on when it is put into its slot. */
export interface Placement {
  readonly interval: number
  readonly epoch: number
  readonly incarnation: number
  /** Default: open. */
  readonly gate?: keyof typeof containerGates
}

export class ContainerTable {
  readonly #region: Region
  readonly #slots: (Container | null)[]
  readonly #generations: number[]
  /** Slots of overlays: taken, and of no container. */
  readonly #shadows = new Set<number>()

  constructor(region: Region) {
    this.#region = region
    this.#slots = Array.from({ length: region.plan.shape.maxContainers }, () => null)
    this.#generations = this.#slots.map(() => 0)
  }

  /** The generation each slot has reached: saved, so that it rises over restarts too. */
  get generations(): readonly number[] {
    return this.#generations
  }

  /** Never goes back behind generations that were used before a restart. */
  raiseGenerations(to: readonly number[]): void {
    for (const [slot, generation] of to.entries())
      if (slot < this.#generations.length)
        this.#generations[slot] = Math.max(this.#generations[slot]!, generation)
  }

  /** The container of this machine that has the slot. */
  at(slot: number): Container | null {
    const container = this.#slots[slot] ?? null
    return container?.home === null ? container : null
  }

  /** What has the slot: a container of this machine, or what stands for one of another. */
  anyAt(slot: number): Container | null {
    return this.#slots[slot] ?? null
  }

  /** All of this machine that have a slot: live ones and those whose manager has yet to be told of the end. */
  all(): Container[] {
    return this.#slots.filter((each) => each !== null && each.home === null) as Container[]
  }

  /** What stands for containers of other machines. */
  standIns(): Container[] {
    return this.#slots.filter((each) => each !== null && each.home !== null) as Container[]
  }

  /** Those that were not destroyed: what their capabilities name is there. */
  live(): Container[] {
    return this.all().filter((each) => this.isThere(each))
  }

  /** Whether it was not destroyed; it may have stopped with its manager, or be on another machine. */
  isThere(container: Container): boolean {
    const state = this.state(container)
    return (
      state === containerStates.live ||
      state === containerStates.failed ||
      state === containerStates.away
    )
  }

  /** Its manager was given up: every access is refused, and it is kept as it is. */
  fail(container: Container): void {
    invariant(this.isThere(container), 'MG70: what is destroyed does not fail', {
      slot: container.slot,
    })
    this.#store(container.slot, 'state', containerStates.failed)
  }

  hasFailed(container: Container): boolean {
    return this.state(container) === containerStates.failed
  }

  named(name: string): Container | null {
    return name === '' ? null : (this.live().find((each) => each.name === name) ?? null)
  }

  state(container: Container): number {
    return this.#load(container.slot, 'state')
  }

  /** A new, empty container without manager; null when every slot is taken. */
  create(shape: ContainerShape): Container | null {
    const free = this.#slots.findIndex(
      (each, slot) => each === null && !this.#shadows.has(slot) && shape.avoid?.has(slot) !== true,
    )
    if (free < 0) return null
    const generation = this.#generations[free]! + 1
    const container: Container = {
      ...unnamed(free, generation, shape.size, null),
      name: shape.name,
      intervals: noIntervals(shape.epoch),
    }
    // Of one that is put back whoever waits at its gate may have the turn.
    this.#store(container.slot, 'turn', 0)
    const interval = Math.max(shape.interval, this.#reached(container.slot) + 1)
    this.place(container, { interval, epoch: shape.epoch, incarnation: 1 })
    return container
  }

  /** Puts a container, new or restored, into its slot and publishes its words; `state` last. */
  place(container: Container, at: Placement): void {
    const { slot } = container
    const isFree = this.#slots[slot] === null && !this.#shadows.has(slot)
    invariant(isFree, 'CO1: a slot has one container', { slot })
    this.#slots[slot] = container
    this.#generations[slot] = Math.max(this.#generations[slot]!, container.generation)
    this.#store(slot, 'generation', container.generation)
    this.#region.f64[this.#region.containerWord(slot, 'size') >> 1] = container.size
    this.#store(slot, 'rootPage', 0)
    this.#region.words.add(this.#region.containerWord(slot, 'program'), 1)
    this.#region.words.add(this.#region.containerWord(slot, 'mappings'), 1)
    this.#store(slot, 'written', 0)
    this.#store(slot, 'ackBell', 0)
    this.#store(slot, 'frames', 0)
    this.#store(slot, 'gate', containerGates[at.gate ?? 'open'])
    this.#store(slot, 'ran', 0)
    this.#store(slot, 'mixed', 0)
    this.#forgetReceipts(slot)
    this.#store(slot, 'epoch', at.epoch)
    this.#store(slot, 'incarnation', at.incarnation)
    this.setInterval(slot, at.interval)
    this.setManager(container, container.manager, container.token)
    this.setLevel(container, container.serviceLevel)
    this.#store(slot, 'state', containerStates.live)
  }

  /**
   * Stands for a container of another machine, in a slot from the end of the table that `avoid` does not have: nothing of that container is here. Null when every slot
   * is taken.
   */
  createStandIn(home: Home, size: number, avoid: ReadonlySet<number>): Container | null {
    const free = this.#slots.findLastIndex(
      (each, slot) => each === null && !this.#shadows.has(slot) && !avoid.has(slot),
    )
    if (free < 0) return null
    const standIn = unnamed(free, this.#generations[free]! + 1, size, home)
    const { slot } = standIn
    this.place(standIn, { interval: this.#reached(slot) + 1, epoch: 0, incarnation: 1 })
    this.#store(slot, 'state', containerStates.away)
    return standIn
  }

  /**
   * A page table of its own over `below`, by the same manager: a slot from the end of the table, of a generation that no
   * capability has. Null when every slot is taken.
   */
  createShadow(below: Container): Container | null {
    const slot = this.#slots.findLastIndex((each, at) => each === null && !this.#shadows.has(at))
    if (slot < 0) return null
    const generation = ++this.#generations[slot]!
    invariant(below.manager !== null, 'TX7: an overlay has a manager', { slot: below.slot })
    const shadow = { ...below, slot: asContainer(slot), generation, mappings: [] }
    this.#shadows.add(slot)
    this.#store(slot as ContainerSlot, 'generation', generation)
    this.#region.f64[this.#region.containerWord(shadow.slot, 'size') >> 1] = below.size
    for (const field of ['rootPage', 'written', 'ackBell', 'frames'] as const)
      this.#store(shadow.slot, field, 0)
    this.#region.words.add(this.#region.containerWord(shadow.slot, 'program'), 1)
    this.setManager(shadow, below.manager, below.token)
    this.#store(shadow.slot, 'state', containerStates.live)
    return shadow
  }

  /**
   * A page table of its own for a container of another machine, in a slot as those of overlays; nothing can be shown in it before `openGuest`. Null
   * when every slot is taken.
   */
  createGuest(size: number): Container | null {
    const slot = this.#slots.findLastIndex((each, at) => each === null && !this.#shadows.has(at))
    if (slot < 0) return null
    invariant(size > 0, 'CH60: a guest has pages', { size })
    const guest = unnamed(slot, ++this.#generations[slot]!, size, null)
    this.#shadows.add(slot)
    this.#store(guest.slot, 'state', containerStates.stopped)
    this.#store(guest.slot, 'generation', guest.generation)
    this.#region.f64[this.#region.containerWord(guest.slot, 'size') >> 1] = size
    for (const field of ['rootPage', 'written', 'ackBell', 'frames', 'ran', 'mixed'] as const)
      this.#store(guest.slot, field, 0)
    this.#store(guest.slot, 'gate', containerGates.open)
    this.#region.words.add(this.#region.containerWord(guest.slot, 'program'), 1)
    this.setLevel(guest, guest.serviceLevel)
    return guest
  }

  /** The proxy supplies its pages from now on, by that token. */
  openGuest(guest: Container, proxy: PortId, token: Token): void {
    invariant(this.#shadows.has(guest.slot), 'CH60: a guest has a slot of its own', {
      slot: guest.slot,
    })
    this.setManager(guest, proxy, token)
    this.#store(guest.slot, 'state', containerStates.live)
  }

  /** Nothing is shown in the overlay, or the guest, from now on. */
  haltShadow({ slot }: Container): void {
    invariant(this.#shadows.has(slot), 'TX7: only an overlay, or a guest, is halted as one', {
      slot,
    })
    this.#store(slot, 'state', containerStates.stopped)
  }

  /** Its slot is free. */
  removeShadow({ slot }: Container): void {
    invariant(this.#shadows.delete(slot), 'TX7: an overlay, or a guest, leaves its own slot', {
      slot,
    })
    this.#store(slot, 'state', containerStates.free)
    this.#store(slot, 'manager', -1)
  }

  /** Who manages it from now on, and by what name; the generation is that of the manager's present incarnation. */
  setManager(container: Container, manager: PortId | null, token: Token): void {
    invariant(manager === null || manager >= 0, 'MG1: a manager has a port', { manager })
    container.manager = manager
    container.token = token
    const generation =
      manager === null ? 0 : this.#region.words.load(this.#region.actorWord(manager, 'generation'))
    this.#store(container.slot, 'token', token | 0)
    this.#store(container.slot, 'managerGeneration', generation)
    this.#store(container.slot, 'selfManaged', container.selfManaged ? 1 : 0)
    this.#store(container.slot, 'manager', manager ?? -1)
  }

  /** What its manager promises from now on. */
  setLevel(container: Container, level: ServiceLevel): void {
    container.serviceLevel = level
    this.publishLevel(container.slot, level)
  }

  /** By which level loci go that visit it. */
  publishLevel(slot: ContainerSlot, level: ServiceLevel): void {
    const index = serviceLevels.indexOf(level)
    invariant(index >= 0, 'SI102: a level is one of those there are', { level })
    this.#store(slot, 'level', index)
  }

  /** The next interval is open. By one addition, as a locus may be adding too. */
  openNext(slot: ContainerSlot): void {
    Atomics.add(this.#region.i64, this.#region.containerWord(slot, 'interval') >> 1, 1n)
  }

  /** No access from now on; the slot stays taken until `remove`. */
  halt(container: Container): void {
    invariant(
      this.#slots[container.slot] === container,
      'CO1: only a container in its slot is stopped',
      {
        slot: container.slot,
      },
    )
    this.#store(container.slot, 'state', containerStates.stopped)
  }

  /** Halted for nothing: it is in use after all. */
  goOn(container: Container): void {
    invariant(
      this.state(container) === containerStates.stopped,
      'CO20: only what is halted goes on',
      {
        slot: container.slot,
      },
    )
    this.#store(container.slot, 'state', containerStates.live)
  }

  /** Its slot is free. */
  remove(container: Container): void {
    invariant(this.#slots[container.slot] === container, 'CO1: a container leaves its own slot', {
      slot: container.slot,
    })
    this.#store(container.slot, 'state', containerStates.free)
    this.#store(container.slot, 'manager', -1)
    this.#slots[container.slot] = null
  }

  /** The open interval. */
  interval(slot: ContainerSlot): number {
    return Number(Atomics.load(this.#region.i64, this.#region.containerWord(slot, 'interval') >> 1))
  }

  /** What was received is of the past. */
  #forgetReceipts(slot: ContainerSlot): void {
    for (let sender = 0; sender < this.#slots.length; sender++) {
      const index = this.#region.dependencyIndex(slot, sender as ContainerSlot)
      Atomics.store(this.#region.i64, index, 0n)
    }
  }

  /** The epoch that it is of. */
  epoch(slot: ContainerSlot): number {
    return this.#load(slot, 'epoch')
  }

  /** It is of this epoch from now on. */
  enterEpoch(slot: ContainerSlot, epoch: number): void {
    invariant(epoch >= this.#load(slot, 'epoch'), 'SI22: the epoch of a container rises', { slot })
    this.#store(slot, 'epoch', epoch)
  }

  /** The interval that the slot's last container had open: what was received of it is never taken for its successor's. */
  #reached(slot: ContainerSlot): number {
    return this.interval(slot)
  }

  /** 64-bit and atomic: a locus that invokes may be adding to it. */
  setInterval(slot: ContainerSlot, interval: number): void {
    invariant(
      Number.isSafeInteger(interval) && interval > 0,
      'SI1: an open interval has a number',
      {
        slot,
        interval,
      },
    )
    const word = this.#region.containerWord(slot, 'interval') >> 1
    Atomics.store(this.#region.i64, word, BigInt(interval))
  }

  #load(slot: ContainerSlot, field: Parameters<Region['containerWord']>[1]): number {
    return this.#region.words.load(this.#region.containerWord(slot, field))
  }

  #store(slot: ContainerSlot, field: Parameters<Region['containerWord']>[1], value: number): void {
    this.#region.words.store(this.#region.containerWord(slot, field), value)
  }
}

/** What has a slot and a size, and is no container of this machine. */
const unnamed = (slot: number, generation: number, size: number, home: Home | null): Container => ({
  home,
  slot: asContainer(slot),
  generation,
  name: '',
  size,
  program: null,
  manager: null,
  token: asToken(0),
  serviceLevel: 'snapshotting',
  selfManaged: false,
  snapshotOf: null,
  intervals: noIntervals(),
  mappings: [],
})
