/** The kernel's record of a locus: what it is saved as, and what its caller is told when it ends. */
import {
  asGeneration,
  type ContainerSlot,
  type Generation,
  type LocusSlot,
  type Status,
} from '@katydid/abi'
import type { Program } from '../container/container.js'
import type { Replay } from '../logged/replay.js'
import type { Visitor } from '../remote/visit-table.js'
import type { Grant } from '../state-interval/grants.js'
import type { SavedAnswer, SavedLocus } from '../state-interval/records.js'

/** How a locus's outermost invocation ended. */
export interface LocusEnd {
  readonly status: string
  readonly detail: string
  readonly block: Uint8Array
}

export interface Locus {
  /** The number by which it is spoken of; never used again. */
  readonly id: number
  readonly name: string
  /** The container of its outermost invocation. Of a visitor, that of the invocation it runs; -1 between two. */
  container: ContainerSlot
  readonly program: Program
  readonly block: Uint8Array
  /** Rights of the capability it was created with: it enters its container with these. */
  readonly rights: number
  /** Where its words and its thread are; nil once its thread is gone for good. */
  slot: LocusSlot | null
  generation: Generation
  end: LocusEnd | null
  /** The interval of its container whose point holds its end; 0: none yet. */
  endedIn: number
  /** Its end was reported as recoverable. */
  told: boolean
  resumed: boolean
  /** It stays at its next safepoint. */
  suspended: boolean
  /** It was seen at rest while suspended, and stays there until it is resumed. */
  stands: boolean
  /** It is not started again, and ends with this. */
  fate: { readonly status: Status; readonly detail: string } | null
  /** It has failed in this session, or waits for a slot: captures keep it as it stood at the line, so that it, or the next session, goes on with that. */
  heldBack: SavedLocus | null
  /** When its thread was lost, in milliseconds of the kernel's clock. */
  readonly losses: number[]
  readonly watch: LocusWatch
  /** What its durable invoke was answered last: saved with it while that is not over. */
  answer: SavedAnswer | null
  /** What it took from semaphores and no point of its container holds. */
  grants: readonly Grant[]
  /** It only runs visits of a logged container again; nil: it is a locus of the world. */
  readonly replay: Replay | null
  /** It only runs what loci of other machines invoke, and is in no table but that of threads; nil: it does not. */
  readonly visitor: Visitor | null
}

/** What the supervision of stalled loci has seen. */
export interface LocusWatch {
  turns: number
  sinceTick: number
  reported: boolean
  trapSequence: number
  trapSinceTick: number
}

const noWatch = (): LocusWatch => ({
  turns: -1,
  sinceTick: 0,
  reported: false,
  trapSequence: -1,
  trapSinceTick: 0,
})

/** A locus as it is made: without a thread, and nothing has happened to it. */
export const newLocus = (
  what: Pick<Locus, 'id' | 'name' | 'container' | 'program' | 'block' | 'rights'> & Partial<Locus>,
): Locus => ({
  slot: null,
  generation: asGeneration(0),
  end: null,
  endedIn: 0,
  told: false,
  resumed: false,
  suspended: false,
  stands: false,
  fate: null,
  heldBack: null,
  losses: [],
  watch: noWatch(),
  answer: null,
  grants: [],
  replay: null,
  visitor: null,
  ...what,
})
