/**
 * One way in which a manager can be wrong, as what is put between the real policy and the rest of the machine. Whatever
 * a way leaves out goes through unchanged.
 */
import type { ArgsOf, managerUpcalls, PageSetId, Status } from '@katydid/abi'
import type { Clock, Handler, Handlers, Messenger, Region } from '@katydid/actor'
import type { PendingTrap } from '@katydid/memory'

export type Upcalls = Handlers<typeof managerUpcalls>
export type UpcallArgs<K extends keyof typeof managerUpcalls> = ArgsOf<(typeof managerUpcalls)[K]>

/** What a way may use. */
export interface Tools {
  readonly region: Region
  readonly clock: Clock
  /** The manager's own messenger, past all faults. */
  readonly messenger: Messenger
  /** The page set of its containers' pages; null before it has one. */
  readonly pageSet: () => PageSetId | null
  /** Ends the manager here and now. */
  readonly die: () => void
}

/** The real policy serves the fault; `then` hears its answer, and nobody else does. */
export type ServeFault = (access: 'read' | 'write', then: (status: Status) => void) => void

/** The faults of one wrong manager. */
export interface Faults {
  /** A locus has trapped. */
  fault?(trap: PendingTrap, serve: ServeFault): void
  /** Upcalls that it answers itself, given the real ones. */
  upcalls?(
    real: Upcalls,
  ): Partial<{ readonly [K in keyof Upcalls]: Handler<(typeof managerUpcalls)[K]> }>
  /** Puts something between the policy and those it calls. */
  messenger?(real: Messenger): Messenger
  /** Looks in every turn whether something is due. */
  turn?(): void
}

export interface Way {
  /** What is wrong with it, as a sentence. */
  readonly doc: string
  create(tools: Tools): Faults
}
