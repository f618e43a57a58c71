/**
 * Permission groups: who may revoke what. Every entity has a master group, which is never written down and has the number 0;
 * the others were derived, each below the group of the capability it was derived from. A group dies with what it was derived
 * from, with its entity, or when it is destroyed, and all capabilities bound to it die with it.
 */
import type { EntityKind } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Capability } from './capability-tables.js'

export interface PermissionGroup {
  /** Never used again. */
  readonly id: number
  /** The group it was derived from; 0: the master group of its entity. */
  readonly parent: number
  readonly kind: EntityKind
  readonly slot: number
  readonly generation: number
  /** No capability of the group has another right. */
  readonly rights: number
}

/** Groups of a machine, besides the master groups. */
export const mostGroups = 1024

export class GroupTable {
  readonly #groups = new Map<number, PermissionGroup>()
  #next = 1

  /** The number of the next group: saved, so that none is used twice. */
  get next(): number {
    return this.#next
  }

  get isFull(): boolean {
    return this.#groups.size >= mostGroups
  }

  all(): PermissionGroup[] {
    return [...this.#groups.values()]
  }

  at(id: number): PermissionGroup | null {
    return this.#groups.get(id) ?? null
  }

  /** Whether capabilities bound to this group count. */
  isAlive(id: number): boolean {
    return id === 0 || this.#groups.has(id)
  }

  /** A group below that of `of`, with these rights. */
  derive(of: Capability, rights: number): PermissionGroup {
    invariant(rights !== 0 && (rights & ~of.rights) === 0, 'CP9: a derived group gains no right', {
      rights,
      of: of.rights,
    })
    invariant(!this.isFull && this.isAlive(of.group), 'CP9: a group is derived from a live one', {
      group: of.group,
    })
    const { kind, slot, generation, group: parent } = of
    const group: PermissionGroup = { id: this.#next++, parent, kind, slot, generation, rights }
    this.#groups.set(group.id, group)
    return group
  }

  /** Destroys a group with all below it; answers all that are dead now. */
  destroy(id: number): ReadonlySet<number> {
    invariant(this.#groups.has(id), 'CP10: a group is destroyed once', { id })
    const dead = new Set([id])
    // A group is younger than what it was derived from, so one pass in the order of numbers finds all.
    for (const group of this.all())
      if (dead.has(group.parent) || (group.kind === 'group' && dead.has(group.slot)))
        dead.add(group.id)
    for (const each of dead) this.#groups.delete(each)
    return dead
  }

  /** The entity is gone, and with it its groups; answers them. */
  dropEntity(kind: EntityKind, slot: number, generation: number): ReadonlySet<number> {
    invariant(kind !== 'none', 'CP11: a group is of an entity', { slot })
    const dead = new Set<number>()
    for (const group of this.all()) {
      const isOf = group.kind === kind && group.slot === slot && group.generation === generation
      if (isOf && this.#groups.has(group.id))
        for (const each of this.destroy(group.id)) dead.add(each)
    }
    return dead
  }

  /** Forgets groups that nobody can name any more: neither these nor any above them is in `named`. */
  keep(named: Iterable<number>): void {
    const kept = new Set<number>()
    for (const id of named)
      for (let each = this.at(id); each !== null && !kept.has(each.id); each = this.at(each.parent))
        kept.add(each.id)
    for (const { id } of this.all()) if (!kept.has(id)) this.#groups.delete(id)
  }

  /** Numbers used before a restart are not used again. */
  raiseNext(to: number): void {
    this.#next = Math.max(this.#next, to)
  }

  /** Makes the table what it was, and never gives a number again. */
  restore(saved: readonly PermissionGroup[], next: number): void {
    this.#groups.clear()
    this.#next = Math.max(this.#next, next)
    for (const group of saved.toSorted((a, b) => a.id - b.id)) {
      invariant(group.id < this.#next, 'CP12: a saved group has a number that was given', {
        id: group.id,
      })
      this.#groups.set(group.id, group)
    }
  }
}
