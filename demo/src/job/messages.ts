/** What the parent and the world's process say to each other, over the channel Node makes for a child. */
import type { CounterName } from '@katydid/abi'

/** How the world's process is to run: its only argument, as JSON. */
export interface WorldJob {
  /** The world's directory. */
  readonly world: string
  /** Where progress files lie. */
  readonly folder: string
  /** The list of files; see file-list.ts. */
  readonly fileList: string
  /** How many machines the world has. */
  readonly machines: number
  /** Of each machine. */
  readonly frames: number
  /** Of these, frames in which the manager keeps its maps. */
  readonly managerFrames: number
  readonly loci: number
  readonly snapshotEveryMs: number
}

export type CounterSums = Readonly<Record<CounterName, number>>

/** Snapshots of the whole world, in this process. */
export interface Captures {
  readonly taken: number
  /** Taken, and not yet recoverable. */
  readonly open: number
  /** How long loci were held, of all together and at worst. */
  readonly heldUs: number
  readonly heldMaxUs: number
  /** Pages written since the last barrier that was seen to end. */
  readonly pagesOpen: number
}

export type FromWorld =
  /** The world is open and its loci run. */
  | { readonly kind: 'ready'; readonly recoveryMs: number; readonly damage: string | null }
  /** Every 50 ms, and before `done`. */
  | { readonly kind: 'status'; readonly counters: CounterSums; readonly captures: Captures }
  /** All loci have ended, and that is recoverable. */
  | { readonly kind: 'done' }
  /** The index stands in the files asked for. */
  | { readonly kind: 'exported'; readonly words: number; readonly pages: number }
  /** The manager's worker was ended on request, and the world has gone on. */
  | {
      readonly kind: 'manager-back'
      /** Its faults on its own pages before it was ended. */
      readonly ownFaultsBefore: number
    }
  /** The machine was ended on request by the blow of that number, and is as it was again. */
  | { readonly kind: 'machine-back'; readonly blow: number }
  /** The job cannot go on; one sentence. */
  | { readonly kind: 'failed'; readonly sentence: string }

export type ToWorld =
  | { readonly kind: 'end-manager' }
  | { readonly kind: 'end-machine'; readonly machine: number; readonly blow: number }
  /** A file for each machine. */
  | { readonly kind: 'export'; readonly to: readonly string[] }
  | { readonly kind: 'stop' }
