/** How a machine sees the others: a table of states, and who is let in on either side. */
import type { MachineId } from '@katydid/abi'
import { invariant, type Peer } from '@katydid/actor'

interface Entry {
  peer: Peer
  /** The incarnation of the machine that said hello in the present session; null while it has not, or was refused. */
  greeted: number | null
}

export class PeerTable {
  readonly #entries = new Map<MachineId, Entry>()
  readonly #onChange: (peer: Peer) => void

  /** `onChange` hears each change of a state that somebody must know. */
  constructor(onChange: (peer: Peer) => void) {
    this.#onChange = onChange
  }

  get all(): readonly Peer[] {
    return [...this.#entries.values()].map(({ peer }) => peer)
  }

  has(machine: MachineId): boolean {
    return this.#entries.has(machine)
  }

  meet(machine: MachineId): void {
    const detail = `machine ${machine} was not heard of yet`
    const peer: Peer = { machine, state: 'unknown', incarnation: 0, session: 0, detail }
    if (!this.has(machine)) this.#entries.set(machine, { peer, greeted: null })
  }

  forget(machine: MachineId): void {
    this.#entries.delete(machine)
  }

  /** The machine incarnation that was let in; null when none is. */
  greetedOf(machine: MachineId): number | null {
    return this.#entries.get(machine)?.greeted ?? null
  }

  /** It is there as another session: nothing is known of it but that. */
  anew(machine: MachineId, session: number): void {
    const entry = this.#entries.get(machine)
    if (entry === undefined) return
    invariant(session > entry.peer.session, 'NW3: sessions only rise', { machine, session })
    const detail = `machine ${machine} is heard and has not answered the hello yet`
    entry.greeted = null
    entry.peer = { ...entry.peer, state: 'unknown', session, detail }
  }

  /** It has said hello and was let in. */
  greet(machine: MachineId, incarnation: number): void {
    const entry = this.#entries.get(machine)
    if (entry !== undefined) entry.greeted = incarnation
  }

  /** It is present, silent or refused from now on. */
  become(
    machine: MachineId,
    state: Exclude<Peer['state'], 'unknown'>,
    detail: string,
    incarnation?: number,
  ): void {
    const entry = this.#entries.get(machine)
    if (entry === undefined) return
    invariant(
      state !== 'present' || entry.peer.session > 0,
      'NW10: who is present was heard and let us in',
      { machine },
    )
    entry.peer = {
      ...entry.peer,
      state,
      detail,
      incarnation: incarnation ?? entry.peer.incarnation,
    }
    this.#onChange(entry.peer)
  }
}
