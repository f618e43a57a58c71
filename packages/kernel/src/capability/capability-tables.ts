/**
 * Capability tables in shared memory: 64 slots a table, one table a container, locus, actor and the host. The kernel
 * actor alone writes them. A slot carries a stamp that rises with every grant, so a Capref to a reused slot is stale.
 */
import {
  capabilitySlots,
  entityKinds,
  makeCapref,
  stampMask,
  type Capref,
  type CaprefTable,
  type EntityKind,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

/** What a slot says: an entity of one incarnation, and the rights of the permission group. */
export interface Capability {
  readonly kind: EntityKind
  readonly slot: number
  readonly generation: number
  readonly rights: number
}

/** A capability with its place, as it is saved and listed. */
export interface PlacedCapability extends Capability {
  readonly index: number
  readonly stamp: number
}

const kindNames = Object.keys(entityKinds) as readonly EntityKind[]

export class CapabilityTables {
  readonly #region: Region

  constructor(region: Region) {
    this.#region = region
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
    return {
      index,
      kind: kindNames[word('kind')] ?? 'none',
      slot: word('slot'),
      generation: word('generation'),
      rights: bits & 0xff,
      stamp: (bits >>> 8) & stampMask,
    }
  }

  /** Puts a capability into the table and answers its Capref; an equal one is used again. Null when the table is full. */
  grant(table: number, flag: CaprefTable, capability: Capability): Capref | null {
    invariant(
      capability.kind !== 'none' && capability.rights !== 0,
      'CP1: a capability gives something',
      {
        ...capability,
      },
    )
    let free = -1
    for (let index = 0; index < capabilitySlots; index++) {
      const held = this.read(table, index)
      if (isSame(held, capability)) return makeCapref(flag, index, held.stamp)
      if (held.kind === 'none' && free < 0) free = index
    }
    if (free < 0) return null
    const stamp = (this.read(table, free).stamp + 1) & stampMask
    this.#write(table, { ...capability, index: free, stamp })
    return makeCapref(flag, free, stamp)
  }

  /** All capabilities of a table. */
  list(table: number): PlacedCapability[] {
    const all: PlacedCapability[] = []
    for (let index = 0; index < capabilitySlots; index++) {
      const held = this.read(table, index)
      if (held.kind !== 'none') all.push(held)
    }
    return all
  }

  /** Empties a table. The stamps stay, so that no old Capref comes back to life. */
  clear(table: number): void {
    for (const held of this.list(table))
      this.#write(table, { ...held, kind: 'none', rights: 0, slot: 0, generation: 0 })
  }

  /** Empties the slots of a table that name this entity. */
  drop(table: number, kind: EntityKind, slot: number): void {
    invariant(kind !== 'none', 'CP1: an empty slot is not dropped', { table, slot })
    for (const held of this.list(table))
      if (held.kind === kind && held.slot === slot)
        this.#write(table, { ...held, kind: 'none', rights: 0, slot: 0, generation: 0 })
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
    words.store(word('kind'), entityKinds.none)
    words.store(word('slot'), to.slot)
    words.store(word('generation'), to.generation)
    words.store(word('rights'), (to.stamp << 8) | to.rights)
    words.store(word('kind'), entityKinds[to.kind])
  }
}

function isSame(held: PlacedCapability, wanted: Capability): boolean {
  return (
    held.kind === wanted.kind &&
    held.slot === wanted.slot &&
    held.generation === wanted.generation &&
    held.rights === wanted.rights
  )
}
