/**
 * What the world's thread and its actors say to each other over control ports: orders of the kernel to the
 * supervisor, and what the supervisor reports. Events are shaped as those of process contracts.
 */
import type { ValueOf } from './fields.js'
import type { Capref, ContainerSlot, Generation, PortId, StateInterval, Token } from './ids.js'
import type { program } from './signatures/containers.js'
import type { Durability } from './signatures/loci.js'
import type { Status } from './status.js'

/** exit: ended by itself. core: uncaught exception. signal: terminated. hwerr: out of memory. */
const lifeEvents = ['exit', 'core', 'signal', 'hwerr'] as const
export type LifeEvent = (typeof lifeEvents)[number]

/** The end of an actor or of a locus's worker, as the supervisor saw it. */
export interface Ending {
  readonly event: LifeEvent
  readonly port: PortId
  readonly generation: Generation
  /** Exit code, message of the exception, or who terminated it. */
  readonly detail: string
  /** The status that the exception carried, if it carried one. */
  readonly status?: Status
}

/** What the kernel gives a manager at its start (`boot` of `start_manager`; the world adds the disk's descriptor). */
export interface ManagerBoot {
  readonly port: PortId
  /** A capability for the manager itself, in its own table: what it gives to `set_manager`. */
  readonly self: Capref
  /** The container it lives in and manages; empty at each start unless it has a root page. */
  readonly own: {
    readonly capability: Capref
    readonly slot: ContainerSlot
    readonly token: Token
    readonly size: number
    /** The interval of it that is open. */
    readonly interval: StateInterval
  }
  /** The port of its disk. */
  readonly disk: PortId
  /** No root page was ever made stable: begin with nothing. */
  readonly fresh: boolean
  /** The root page's offset in its container, mapped and filled, and the interval it is of; nil when fresh. */
  readonly rootPage: { readonly offset: number; readonly stateInterval: StateInterval } | null
}

/** What the world configures: a manager to run, and how it is chosen. */
export interface ManagerProgram {
  /** By which hosts and programs choose it; no two of a world have the same. */
  readonly name: string
  /** A module of Katydid's own, or a file URL. */
  readonly module: string
  /** Hash of its content and of what it imports, kept with the world’s records. */
  readonly hash: string
  /** Size in bytes of the container it lives in. */
  readonly containerBytes: number
  /** It keeps a root page: nothing it manages is recoverable before that is stable once. */
  readonly keepsRoot: boolean
  /** What its module takes as options. */
  readonly options: unknown
}

/** What the kernel tells the supervisor to do (posted, never awaited by the kernel). */
export type Order =
  | {
      readonly order: 'start_manager'
      readonly port: PortId
      readonly module: string
      readonly boot: unknown
      readonly options: unknown
      /** The hash its module must have, as the world recorded it; nil: any. */
      readonly recordedHash: string | null
    }
  | {
      readonly order: 'stop_actor'
      readonly port: PortId
      readonly generation: Generation
      readonly reason: string
    }
  | {
      readonly order: 'start_locus'
      readonly port: PortId
      readonly generation: Generation
      /**
       * It runs again what that program did in the container: that belongs to bringing the world back, and waits for nobody who lets loci go
       * on. Nil: it goes on with what it did itself.
       */
      readonly replays: {
        readonly container: string
        readonly program: ValueOf<typeof program>
      } | null
    }
  | {
      readonly order: 'stop_locus'
      readonly port: PortId
      readonly generation: Generation
      readonly reason: string
    }
  | { readonly order: 'report'; readonly event: WorldEvent }
  | {
      /** Of the console alone. The host answers the number of the last line that somebody has taken; 0: volatile, no answer. */
      readonly order: 'output'
      readonly first: number
      readonly lines: readonly OutputLine[]
    }

/** A container that holds the line back, and why: its loci do not come to rest, its manager took no snapshot, or what was captured of it is not on the disk. */
export interface LineHolder {
  readonly container: string
  /** Names of the loci that do not come to rest. */
  readonly loci: readonly string[]
  readonly because: 'no_rest' | 'no_snapshot' | 'not_stable'
}

/** A line that a program printed. */
export interface OutputLine {
  /** Name of the container in which it was printed, its incarnation, and the interval that was open there. */
  readonly container: string
  readonly incarnation: number
  readonly interval: number
  /** Which of the container's recoverable lines, from 1: a line that comes twice has the same. 0: volatile. */
  readonly sequence: number
  /** Name of the locus that printed it. */
  readonly locus: string
  readonly text: string
}

/** What happened in the world, for logs, progress and waiting hosts. */
export type WorldEvent =
  | {
      readonly kind: 'ready'
      readonly recoveredCapture: number
      readonly damage: string | null
      readonly recoveryMs: number
    }
  | {
      readonly kind: 'captured'
      readonly capture: number
      readonly heldUs: number
      readonly rendezvousUs: number
    }
  | {
      /** Its record was not written: it never counts. Nothing else is lost, and the next capture tries again. */
      readonly kind: 'capture_failed'
      readonly capture: number
      readonly status: string
      readonly detail: string
    }
  | { readonly kind: 'recoverable'; readonly capture: number }
  | {
      /** All loci were held until no nested invocation was under way, or for two seconds, when some did not come to rest (`isGivenUp`). */
      readonly kind: 'drained'
      readonly drainUs: number
      readonly isGivenUp: boolean
    }
  | {
      /** A crash may cost more than two epochs, and who holds the line back; told as it begins, when others hold it, and as it is over. */
      readonly kind: 'line_lagging'
      readonly isOver: boolean
      /** The newest epoch, and that of which everything is on the line. */
      readonly epoch: number
      readonly line: number
      readonly holders: readonly LineHolder[]
      /** How long it has lasted so far. */
      readonly forMs: number
    }
  | {
      readonly kind: 'rollback'
      readonly capture: number
      readonly reason: string
      readonly containers: readonly string[]
      /** Each container that went back: from which open interval (0: all of the world went back) to which point, and why. */
      readonly moved: readonly {
        readonly container: string
        readonly from: number
        readonly to: number
        readonly because: string
      }[]
    }
  | {
      readonly kind: 'locus_ended'
      readonly locus: number
      readonly name: string
      readonly status: string
      readonly detail: string
      readonly block: Uint8Array
      readonly recoverable: boolean
      /** The world went back to before it was made: nothing failed, and it may be made again. */
      readonly unmade?: boolean
    }
  | {
      /** A visit of a logged container could not be logged: until its next snapshot it is restored from snapshots only. */
      readonly kind: 'not_logged'
      readonly container: string
      readonly why: string
    }
  | {
      /** What a logged container did again differed from what it had done: it is restored from snapshots only from now on. */
      readonly kind: 'replay_differed'
      readonly container: string
      readonly interval: number
      readonly detail: string
    }
  | { readonly kind: 'ended'; readonly ending: Ending }
  | {
      /** It failed too often: its containers have stopped, the rest of the world goes on. */
      readonly kind: 'manager_given_up'
      readonly port: PortId
      readonly name: string
      readonly detail: string
    }
  | { readonly kind: 'log'; readonly port: PortId; readonly text: string }
  /** A line of the console: `recoverable`, so that nothing undoes it, or `volatile`, told at once. */
  | ({ readonly kind: 'output'; readonly durable: Durability } & OutputLine)
  | {
      readonly kind: 'stalled'
      readonly locus: number
      readonly name: string
      readonly forMs: number
    }
  | {
      /** An actor could not do something without which the world goes on: a snapshot, a page of its own, a record. */
      readonly kind: 'trouble'
      readonly port: PortId
      readonly status: string
      readonly detail: string
    }
  | {
      /** The machine has stopped, and with it a world of one. What else is wrong only its kernel says. `restarts`: it is started again by itself. */
      readonly kind: 'failed'
      readonly status: string
      readonly detail: string
      readonly restarts?: boolean
    }
