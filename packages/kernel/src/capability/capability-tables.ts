/**
 * Capability tables in shared memory: one table a container, locus, actor and the host. The kernel actor alone writes
 * them. A slot carries a stamp that rises with every grant, so a Capref to a reused slot is stale. Which permission group a slot
 * is bound to only the kernel knows; when that dies the slot's generation becomes 0, which no entity has.
 */
import {
  capabilitySlots,
  capabilityTables,
  entityKinds,
  makeCapref,
  stampMask,
  type Capref,
  type CaprefTable,
  type EntityKind,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import type { Home } from '../container/container.js'

/** A container of another machine, and a permission group of it there; 0: its master group. */
export interface Far extends Home {
  readonly size: number
  readonly group: number
}

/** What a slot says: an entity of one incarnation, a permission group, and rights of that group. */
export interface Capability {
  readonly kind: EntityKind
  readonly slot: number
  readonly generation: number
  readonly rights: number
  /** The permission group; 0: the entity's master group, or it is one of another machine. */
  readonly group: number
  /** Of a container of another machine: what it is there. Slot and generation are those of its stand-in. */
  readonly far?: Far
}

/** A capability with its place, as it is saved and listed. */
export interface PlacedCapability extends Capability {
  readonly index: number
  readonly stamp: number
}

const kindNames = Object.keys(entityKinds) as readonly EntityKind[]

export class CapabilityTables {
  readonly #region: Region
  /** Whether a capability keeps its slot when there is no other. */
  readonly #isNeeded: (capability: Capability) => boolean
  /** The group of each slot of each table. */
  readonly #groups: Int32Array
  /** What slots name of other machines, by their place among all. */
  readonly #far = new Map<number, Far>()
  /** Slots in use of each table: most tables are empty, and all of them are listed while the world stands still. */
  readonly #used: Int32Array

  constructor(region: Region, isNeeded: (capability: Capability) => boolean) {
    this.#region = region
    this.#isNeeded = isNeeded
    const tables = capabilityTables.count(region.plan.shape)
    this.#groups = new Int32Array(tables * capabilitySlots)
    this.#used = new Int32Array(tables)
  }

  /** The capability at `index` of `table`; its kind is `none` when the slot is empty. */
  read(table: number, index: number): PlacedCapability {
    invariant(index >= 0 && index < capabilitySlots, 'CP1: a slot lies in its table', {
      table,
      index,
    })
    const { words } = this.#region
    const word = (field: 'kind' | 'slot' | 'generation' | 'rights'): number =>
      words.load(this.#region.capabilityWord(table, index, field))
    const bits = word('rights')
    const far = this.#far.get(table * capabilitySlots + index)
    return {
      ...(far === undefined ? {} : { far }),
      index,
      kind: kindNames[word('kind')] ?? 'none',
      slot: word('slot'),
      generation: word('generation'),
      rights: bits & 0xff,
      stamp: (bits >>> 8) & stampMask,
      group: this.#groups[table * capabilitySlots + index]!,
    }
  }

  /**
   * Puts a capability into the table and answers its Capref; an equal one is used again. What is needed no more makes room only
   * when there is no other. Null when the table is full.
   */
  grant(table: number, flag: CaprefTable, capability: Capability): Capref | null {
    invariant(
      capability.kind !== 'none' && capability.rights !== 0,
      'CP1: a capability gives something',
      {
        ...capability,
      },
    )
    let free = -1
    let dead = -1
    for (let index = 0; index < capabilitySlots; index++) {
      const held = this.read(table, index)
      if (isSame(held, capability)) return makeCapref(flag, index, held.stamp)
      if (held.kind === 'none' && free < 0) free = index
      else if (held.kind !== 'none' && dead < 0 && !this.#isNeeded(held)) dead = index
    }
    if (free < 0) free = dead
    if (free < 0) return null
    const stamp = (this.read(table, free).stamp + 1) & stampMask
    this.#write(table, { ...capability, index: free, stamp })
    return makeCapref(flag, free, stamp)
  }

  /** All capabilities of a table. */
  list(table: number): PlacedCapability[] {
    const all: PlacedCapability[] = []
    const used = this.#used[table]!
    for (let index = 0; index < capabilitySlots && all.length < used; index++) {
      const held = this.read(table, index)
      if (held.kind !== 'none') all.push(held)
    }
    invariant(all.length === used, 'CP1: a table has as many capabilities as were put there', {
      table,
      used,
    })
    return all
  }

  /** Empties a slot. Its stamp stays, so that no old Capref comes back to life. */
  take(table: number, index: number): void {
    const { stamp } = this.read(table, index)
    const none = { kind: 'none', rights: 0, slot: 0, generation: 0, group: 0 } as const
    this.#write(table, { ...none, index, stamp })
  }

  /** Empties a table. */
  clear(table: number): void {
    for (const { index } of this.list(table)) this.take(table, index)
  }

  /** Empties the slots of a table that name this entity. */
  drop(table: number, kind: EntityKind, slot: number): void {
    invariant(kind !== 'none', 'CP1: an empty slot is not dropped', { table, slot })
    for (const held of this.list(table))
      if (held.kind === kind && held.slot === slot) this.take(table, held.index)
  }

  /** Capabilities of groups that are no more are dead from now on, in every table. */
  killDead(isAlive: (group: number) => boolean): void {
    for (let at = 0; at < this.#groups.length; at++) {
      if (this.#groups[at] === 0 || isAlive(this.#groups[at]!)) continue
      const table = Math.floor(at / capabilitySlots)
      const held = this.read(table, at % capabilitySlots)
      invariant(held.kind !== 'none', 'CP10: an empty slot has no group', { table, at })
      if (held.generation !== 0) this.#write(table, { ...held, generation: 0 })
    }
  }

  /** Whether a capability in any table names this entity, or, for a group, is bound to it. */
  names(kind: EntityKind, slot: number): boolean {
    const tables = this.#groups.length / capabilitySlots
    for (let table = 0; table < tables; table++)
      for (const held of this.list(table)) if (held.kind === kind && held.slot === slot) return true
    return false
  }

  /** The slots of entities of this kind that capabilities in any table name. */
  slotsNamed(kind: EntityKind): Set<number> {
    const named = new Set<number>()
    const tables = this.#groups.length / capabilitySlots
    for (let table = 0; table < tables; table++)
      for (const held of this.list(table)) if (held.kind === kind) named.add(held.slot)
    return named
  }

  /** The groups that slots of any table are bound to or name. */
  groupsNamed(): Set<number> {
    const named = new Set<number>()
    const tables = this.#groups.length / capabilitySlots
    for (let table = 0; table < tables; table++)
      for (const held of this.list(table)) {
        named.add(held.group)
        if (held.kind === 'group') named.add(held.slot)
      }
    return named
  }

  /** Makes a table what it was. */
  restore(table: number, saved: readonly PlacedCapability[]): void {
    this.clear(table)
    for (const each of saved) {
      invariant(each.index < capabilitySlots, 'CP1: a saved slot lies in its table', { ...each })
      this.#write(table, each)
    }
  }

  /** The kind is taken away first and stored last: who reads in between finds an empty slot, never half of one. */
  #write(table: number, to: PlacedCapability): void {
    const { words } = this.#region
    const word = (field: 'kind' | 'slot' | 'generation' | 'rights'): number =>
      this.#region.capabilityWord(table, to.index, field)
    const was = words.exchange(word('kind'), entityKinds.none)
    const change = (to.kind === 'none' ? 0 : 1) - (was === entityKinds.none ? 0 : 1)
    this.#used[table] = this.#used[table]! + change
    words.store(word('slot'), to.slot)
    words.store(word('generation'), to.generation)
    words.store(word('rights'), (to.stamp << 8) | to.rights)
    const place = table * capabilitySlots + to.index
    this.#groups[place] = to.group
    if (to.far === undefined) this.#far.delete(place)
    else this.#far.set(place, to.far)
    words.store(word('kind'), entityKinds[to.kind])
  }
}

function isSame(held: PlacedCapability, wanted: Capability): boolean {
  return (
    held.kind === wanted.kind &&
    held.slot === wanted.slot &&
    held.generation === wanted.generation &&
    held.rights === wanted.rights &&
    held.group === wanted.group &&
    held.far?.group === wanted.far?.group
  )
}
