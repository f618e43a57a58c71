/** Page sets in shared memory: whose, how many frames, how many were asked back. Number 0 is the kernel's own and no set. */
import { asPageSet, asPort, type PageSetId, type PortId } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

export interface PageSetView {
  readonly id: PageSetId
  readonly manager: PortId
  readonly frames: number
  /** Frames never asked back. */
  readonly least: number
  /** Frames asked back and not yet returned. */
  readonly asked: number
}

type Field = Parameters<Region['pageSetWord']>[1]

export class PageSetTable {
  readonly #region: Region

  constructor(region: Region) {
    this.#region = region
  }

  /** A new, empty page set; null when the table is full. */
  create(manager: PortId, least: number): PageSetId | null {
    for (let at = 1; at < this.#region.plan.shape.maxPageSets; at++) {
      const id = asPageSet(at)
      if (this.#get(id, 'state') !== 0) continue
      const generation = this.#region.words.load(this.#region.actorWord(manager, 'generation'))
      this.#set(id, 'manager', manager)
      this.#set(id, 'managerGeneration', generation)
      this.#set(id, 'frames', 0)
      this.#set(id, 'least', least)
      this.#set(id, 'asked', 0)
      this.#set(id, 'state', 1)
      return id
    }
    return null
  }

  /** The page set with that number, if it is the manager's. */
  of(manager: PortId, id: PageSetId): PageSetView | null {
    if (!Number.isInteger(id) || id < 1 || id >= this.#region.plan.shape.maxPageSets) return null
    if (this.#get(id, 'state') !== 1 || this.#get(id, 'manager') !== manager) return null
    return this.#view(id)
  }

  all(): PageSetView[] {
    const views: PageSetView[] = []
    for (let at = 1; at < this.#region.plan.shape.maxPageSets; at++)
      if (this.#get(asPageSet(at), 'state') === 1) views.push(this.#view(asPageSet(at)))
    return views
  }

  /** Counts frames that came (positive) or went (negative). What went counts against what was asked back. */
  moved(id: PageSetId, frames: number): void {
    invariant(this.#get(id, 'state') === 1, 'PS2: frames move in and out of a live set', { id })
    const now = this.#get(id, 'frames') + frames
    invariant(now >= 0, 'PS2: a set gives back no more than it has', { id, now })
    this.#set(id, 'frames', now)
    if (frames < 0) this.asked(id, frames)
  }

  /** Raises or lowers what is asked back; never below nothing. */
  asked(id: PageSetId, by: number): void {
    this.#set(id, 'asked', Math.max(0, this.#get(id, 'asked') + by))
  }

  remove(id: PageSetId): void {
    this.#set(id, 'state', 0)
    this.#set(id, 'frames', 0)
  }

  #view(id: PageSetId): PageSetView {
    return {
      id,
      manager: asPort(this.#get(id, 'manager')),
      frames: this.#get(id, 'frames'),
      least: this.#get(id, 'least'),
      asked: this.#get(id, 'asked'),
    }
  }

  #get(id: PageSetId, field: Field): number {
    return this.#region.words.load(this.#region.pageSetWord(id, field))
  }

  #set(id: PageSetId, field: Field, value: number): void {
    this.#region.words.store(this.#region.pageSetWord(id, field), value)
  }
}
