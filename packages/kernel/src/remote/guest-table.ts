/** Containers of other machines whose pages are supplied on this one, and the visits that run on these. All of it is in memory only. */
import type { PortId, Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container, Home, Program } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import type { CallEnd } from './far-calls.js'
import type { Visitor } from './visit-table.js'

/** A visit of the container that its home has lent to this machine. */
export interface Borrowed {
  readonly guest: Guest
  /** By its home’s count. */
  readonly number: number
  /** By this machine’s count of visits. */
  readonly here: number
  readonly program: Program
  readonly block: Uint8Array
  readonly epoch: number
  readonly mixed: boolean
  /** Whose thread runs it; nil: it waits for one, or is over. */
  locus: (Locus & { readonly visitor: Visitor }) | null
  /** How it ended; nil: it has not. */
  end: (CallEnd & { readonly lost: boolean }) | null
  /** When its end is to be told to its home again; nil: that is being done. */
  tellAtMs: number | null
}

export interface Guest {
  readonly home: Home
  /** Which life of the container, and of its machine, it belongs to. */
  readonly incarnation: number
  readonly homeIncarnation: number
  /** Its slot and size; in no table of containers. */
  readonly shadow: Container
  readonly proxy: PortId
  /** The proxy’s name for it; nil while it begins. */
  token: Token | null
  state: 'beginning' | 'live' | 'over'
  /** Its slot may be another’s. */
  isFreed: boolean
  /** The highest number of a visit that was begun here: a lower one that is not known is over. */
  highest: number
  readonly visits: Map<number, Borrowed>
}

export class GuestTable {
  readonly #guests = new Set<Guest>()

  all(): Guest[] {
    return [...this.#guests]
  }

  add(guest: Guest): void {
    invariant(this.of(guest.home) === null, 'CH60: a container has one guest here', {
      slot: guest.shadow.slot,
    })
    this.#guests.add(guest)
  }

  remove(guest: Guest): void {
    invariant(guest.state === 'over' && guest.isFreed, 'CH60: only a guest that is over leaves', {
      slot: guest.shadow.slot,
    })
    this.#guests.delete(guest)
  }

  has(guest: Guest): boolean {
    return this.#guests.has(guest)
  }

  /** The guest whose page table that slot is. */
  at(slot: number): Guest | null {
    return this.all().find(({ shadow, isFreed }) => shadow.slot === slot && !isFreed) ?? null
  }

  /** It stays here, when it is over, until its home has heard of that. */
  of({ machine, slot, generation }: Home): Guest | null {
    const isIt = ({ home }: Guest): boolean =>
      home.machine === machine && home.slot === slot && home.generation === generation
    return this.all().find(isIt) ?? null
  }
}
