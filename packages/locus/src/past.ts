/**
 * The past of a container, as a program sees it: the snapshots that are retained of it, opened for reading or forked. Refusals
 * are thrown; nothing is decided here.
 */
import {
  asInterval,
  containerCalls,
  snapshotCalls,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type Reply,
  type ResultOf,
  type Status,
} from '@katydid/abi'
import { LocusError } from './locus-error.js'

type Listed = ResultOf<(typeof snapshotCalls)['snapshotList']>

/** A snapshot that can be opened and forked. */
export type RetainedSnapshot = Listed['snapshots'][number]

/** Makes a call on the kernel and waits for the answer. */
type Ask = <S extends AnySignature>(signature: S, args: ArgsOf<S>) => Reply<S>

export class Past {
  readonly #ask: Ask
  readonly #cont: Capref

  /** Made by `locus.past`; a program never makes one. */
  constructor(ask: Ask, cont: Capref) {
    this.#ask = ask
    this.#cont = cont
  }

  /** From old to new; the last is the one that a crash would bring back. Refuses as snapshot_list says. */
  list(): readonly RetainedSnapshot[] {
    return this.#list().snapshots
  }

  /**
   * A container that shows the snapshot of that name, for reading only: map it here, or invoke it. It is there until it is
   * destroyed or this locus has ended. Refuses as snapshot_open says.
   */
  open(stateInterval: number, name = ''): Capref {
    return this.#begin(snapshotCalls.snapshotOpen, stateInterval, name)
  }

  /**
   * A container that begins as the snapshot of that name and goes its own way. It is there for good once a snapshot taken
   * after this is recoverable. Refuses as snapshot_fork says.
   */
  fork(stateInterval: number, name = ''): Capref {
    return this.#begin(snapshotCalls.snapshotFork, stateInterval, name)
  }

  /** That snapshot is retained no longer. Refuses as snapshot_drop says. */
  drop(stateInterval: number): void {
    const args = { cont: this.#cont, stateInterval: asInterval(stateInterval) }
    this.#must(this.#ask(snapshotCalls.snapshotDrop, args))
  }

  /** So many snapshots stay, besides the one that a crash would bring back. Refuses as snapshot_retain says. */
  retain(count: number): void {
    this.#must(this.#ask(snapshotCalls.snapshotRetain, { cont: this.#cont, count }))
  }

  #list(): Listed {
    return this.#must(this.#ask(snapshotCalls.snapshotList, { cont: this.#cont }))
  }

  #begin(
    signature: (typeof snapshotCalls)['snapshotOpen'] | (typeof snapshotCalls)['snapshotFork'],
    stateInterval: number,
    name: string,
  ): Capref {
    const { size } = this.#list()
    const { cont } = this.#must(this.#ask(containerCalls.containerCreate, { size, name }))
    const args = { cont, source: this.#cont, stateInterval: asInterval(stateInterval) }
    const begun = this.#ask(signature, args)
    if (begun.status === 'ok') return cont
    this.#ask(containerCalls.containerDestroy, { cont })
    throw new LocusError(begun.status, begun.detail)
  }

  #must<S>(reply: Reply<S>): ResultOf<S> {
    const { status, detail } = reply as { readonly status: Status | 'ok'; readonly detail?: string }
    if (status === 'ok') return reply as ResultOf<S>
    throw new LocusError(status, detail ?? '')
  }
}
