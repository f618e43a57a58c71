/** What the calls of an open world take and answer. */
import type { Durability, locusCalls, ResultOf } from '@katydid/abi'
import type { MachineState } from './hosted-machine.js'

type Status = ResultOf<typeof locusCalls.worldStatus>

/** Containers and loci of all machines that this process has, each with its machine; and their reports, of several in `machines`. */
export interface WorldStatus {
  readonly containers: readonly (Status['containers'][number] & { readonly machine: number })[]
  readonly loci: readonly (Status['loci'][number] & { readonly machine: number })[]
  readonly report: unknown
}

/** How the world came to be open. */
export interface Recovery {
  /** True when there was no world before. */
  readonly created: boolean
  /** The capture the world went back to; 0: the empty world. Of several machines the highest. */
  readonly capture: number
  /** Milliseconds from the start of the kernel to the world's being as it was; of several machines the most. */
  readonly ms: number
  /** What damage to stored bytes cost, as a sentence; null for none. */
  readonly damage: string | null
}

/** A machine of the world, as this process sees it. */
export interface MachineView {
  readonly machine: number
  /** Whether this process has it. */
  readonly isHere: boolean
  /** Of one that is here whether it runs; of another how its link is: heard, silent, refused, or not heard yet. */
  readonly state: MachineState | 'present' | 'silent' | 'refused' | 'unknown'
  /** How often it was started; 0: unknown. */
  readonly incarnation: number
  /** Why, where there is something to say. */
  readonly detail: string
}

/** Which machine is meant, where there are several. */
export interface OnMachine {
  readonly machine?: number
}

export interface RunOptions extends OnMachine {
  /** Name of the container and the locus; default: the program's file name without its ending. */
  readonly name?: string
  /** What the program gets as its arguments, by value. */
  readonly args?: unknown
  readonly container?: {
    readonly name?: string
    readonly size?: number
    readonly manager?: string
  }
  readonly acceptChanged?: boolean
  /** See `ResultOptions`. */
  readonly durable?: Durability
}

/** How a locus came to its end. */
export interface LocusResult {
  /** What its outermost invocation returned; bytes that are no packed value are given as they are. */
  readonly result: unknown
  /** True when the world held the locus already, ended or not. */
  readonly resumed: boolean
}

/** When what a locus returned is told: when no crash can undo it (`recoverable`, the default), or at once. */
export interface ResultOptions {
  readonly durable?: Durability
}

/** A locus a host started or found. */
export interface LocusHandle {
  readonly name: string
  readonly locus: number
  /** The machine it lives on. */
  readonly machine: number
  readonly resumed: boolean
  /**
   * Settles when the result is recoverable; with `durable: 'volatile'` when it is there, and a crash may undo it. Rejects with `locus_lost`,
   * `program_failed` and their like. A machine of several that fails meanwhile is waited for; when it stays down, with `unreachable`.
   */
  result(options?: ResultOptions): Promise<LocusResult>
  /** Has it stay at its next safepoint, over restarts too; answers whether it stands still already. */
  suspend(): Promise<boolean>
  /** Lets it go on. */
  resume(): Promise<void>
  /**
   * Ends it; whoever waits for its result hears `entity_gone`. One that stands still leaves all else as it is; one that runs takes
   * its containers back, with whatever depends on what is lost with it.
   */
  destroy(): Promise<void>
}

export interface RunResult {
  /** What the program returned. */
  readonly result: unknown
  /** True when the world held the locus already. */
  readonly resumed: boolean
  /** True when the locus had ended before: nothing was run. */
  readonly stored: boolean
}
