/**
 * The state of one machine's kernel actor: its tables, and what it may use of the outside. It decides nothing itself; the
 * files by topic do, each as functions of a machine.
 */
import {
  actorPorts,
  type ContainerSlot,
  type MachineId,
  type ManagerProgram,
  type Order,
  type TraceKind,
  type WorldEvent,
} from '@katydid/abi'
import { Counters, invariant, type Clock, type Messenger, type Region } from '@katydid/actor'
import { CapabilityTables } from './capability/capability-tables.js'
import { GroupTable, type PermissionGroup } from './capability/group-table.js'
import { isNeeded } from './capability/resolve.js'
import { ContainerTable } from './container/container-table.js'
import type { Container } from './container/container.js'
import type { Raised } from './container/mapping-change.js'
import { SliceAllocator } from './container/slice-allocator.js'
import { KeptLines } from './kept/kept-lines.js'
import type { KnownPoint } from './recovery/known-points.js'
import type { Moved } from './recovery/moved.js'
import type { Lost } from './recovery/request.js'
import { FarCalls } from './remote/far-calls.js'
import { GuestTable } from './remote/guest-table.js'
import { VisitTable } from './remote/visit-table.js'
import { FreedNames } from './locus/freed-names.js'
import { Audits } from './logged/audit-of.js'
import { InputLog } from './logged/input-log.js'
import { LocusTable } from './locus/locus-table.js'
import { ManagerTable } from './manager/manager-table.js'
import { OutputTable } from './output/output-table.js'
import { FreeFrames } from './page-set/free-frames.js'
import { Idleness } from './page-set/idleness.js'
import { PageSetTable } from './page-set/page-set-table.js'
import { SemaphoreTable } from './semaphore/semaphore-table.js'
import { OverlayTable } from './transaction/overlay-table.js'
import type { History } from './state-interval/history.js'
import { WitnessEngine } from './state-interval/line/engine.js'
import { LineFeed, type FeedPolicy } from './state-interval/line/feed.js'
import { Across, type OtherMachines } from './machines/across.js'
import { CaptureTable } from './state-interval/capture-table.js'
import type { Decision, SavedLocus } from './state-interval/records.js'
import { DurableLog } from './state-interval/durable-log.js'
import { Waits } from './waits.js'

export interface KernelConfig {
  /** Which world this is: stands in every record. */
  readonly worldId: string
  /** A capture at least this often while something runs; 0: only on request. */
  readonly snapshotEveryMs: number
  /** Whether the line is moved as points become stable, or when somebody asks. Default: eager. */
  readonly line?: FeedPolicy
  /** So many older lines are kept, whole, for an administrator to go back to. Default: none. */
  readonly keepLines?: number
  /** By itself a line is kept so long after the last one that was; each that somebody asks for is. Default 0: all. */
  readonly keepEveryMs?: number
  /** Every so many captures of a deterministic container one audit of it begins. Default 16; 0: none. */
  readonly auditEvery?: number
  /** The self-managing manager of the world; nil: a world without one keeps nothing. */
  readonly manager: ManagerProgram | null
  /** Managers besides it, in the order in which they are started. */
  readonly others?: readonly ManagerProgram[]
  /** Of a machine of several: which it is, and which others there are. */
  readonly machines?: { readonly self: MachineId; readonly others: readonly MachineId[] }
}

export interface KernelParts {
  readonly region: Region
  readonly messenger: Messenger
  readonly clock: Clock
  readonly config: KernelConfig
  /** Tells the supervisor what to do; never awaited. */
  readonly order: (order: Order) => void
  /** Milliseconds since 1970; nil where nobody knows. */
  readonly date?: () => number
  /** Of a machine of several. */
  readonly others?: OtherMachines
  /** Notes an event in the kernel's trace ring. */
  readonly trace?: (kind: TraceKind, a: number, b: number) => void
}

/** Containers that went back together. */
export interface Rollback {
  readonly session: number
  /** Milliseconds since 1970; 0: unknown. */
  readonly atMs: number
  /** The line it went back to. */
  readonly line: number
  readonly reason: string
  readonly moved: readonly Moved[]
}

/** booting, open and recovering alternate; stopping and failed are the last. */
export type Phase = 'booting' | 'open' | 'recovering' | 'stopping' | 'failed'

/** A destroyed container whose end is not yet recoverable. */
export interface Grave {
  readonly container: Container
  readonly history: History
  /** The interval that its end ends. */
  readonly interval: number
  /** What loci that reached it by mappings must have taken note of. */
  readonly raised: Raised
}

/** How far the intervals of two sessions lie apart, so that none is ever used twice. */
const sessionStride = 1_000_000_000

export class Machine {
  readonly region: Region
  readonly messenger: Messenger
  readonly clock: Clock
  readonly config: KernelConfig
  readonly order: (order: Order) => void
  /** Milliseconds since 1970; 0: unknown. */
  readonly date: () => number
  readonly trace: (kind: TraceKind, a: number, b: number) => void
  readonly counters: Counters
  readonly waits: Waits
  readonly capabilities: CapabilityTables
  readonly groups = new GroupTable()
  readonly semaphores = new SemaphoreTable()
  readonly slices: SliceAllocator
  readonly containers: ContainerTable
  readonly loci: LocusTable
  readonly frames: FreeFrames
  readonly pageSets: PageSetTable
  readonly managers = new ManagerTable()
  readonly overlays = new OverlayTable()
  /** What loci of this machine have asked of containers of others. */
  readonly farCalls = new FarCalls()
  /** What loci of other machines have asked of containers of this one. */
  readonly visits = new VisitTable()
  /** Containers of other machines whose pages are supplied here. */
  readonly guests = new GuestTable()
  readonly output = new OutputTable()
  readonly captures = new CaptureTable()
  readonly kept = new KeptLines()
  /** Managers that keep one snapshot of a container only. */
  readonly keepsNothing = new Set<number>()
  /** What managers were told last of snapshots that are wanted while the line lags, in short. */
  wantedTold = ''
  /** Somebody asked for the capture of this epoch: its line is kept, or the first that comes after it. 0: nobody did. */
  keepFrom = 0
  /** The newest decisions of administrators, oldest first. */
  decisions: readonly Decision[] = []
  /** What went back of late, newest last. */
  readonly rollbacks: Rollback[] = []
  /** The world beyond this machine; nil: there is none. */
  readonly across: Across | null
  engine: LineFeed
  readonly log: DurableLog
  /** Visits of logged containers that are to go to the disk. */
  readonly inputs = new InputLog()
  /** Logged containers whose visits did not do again what they had done: their points are captures only, in this process. */
  readonly demoted = new Set<string>()
  /** What looks whether containers that are deterministic are. */
  readonly audits = new Audits()
  /** How often a replay of each ended with its thread. */
  readonly replaysLost = new Map<string, number>()
  /** Page sets whose manager refused to discard, and until when they are left alone. */
  readonly refusedUntilMs = new Map<number, number>()
  readonly idleness: Idleness
  /** How often in a row a page set has not given what it was asked for. */
  readonly passedOver = new Map<number, number>()
  /** Managers that left a fault unanswered, and since which tick that is known: they are about to be ended. */
  readonly silentManagers = new Map<number, number>()
  graves: Grave[] = []
  /** Containers that show snapshots which this process’s host, or a manager, has opened: those of an earlier process are closed. */
  readonly openedHere = new Set<string>()
  /** Loci destroyed while they ran: the recovery that this asked for leaves them out. */
  readonly destroyedLoci = new Set<number>()
  readonly freedNames = new FreedNames()
  /** Loci that asked what to enter while the gate was shut: answered when it opens. */
  heldBegins: { readonly container: ContainerSlot; readonly answer: () => void }[] = []
  phase: Phase = 'booting'
  /** What the log held at boot, until the world is open. */
  bootPoints: readonly KnownPoint[] = []
  /** Points that another attempt of the recovery under way can choose from; nil: there was none yet. */
  choices: readonly KnownPoint[] | null = null
  bootLoci: readonly SavedLocus[] = []
  bootGroups: readonly PermissionGroup[] = []
  /** What the recovery under way has gone back to. */
  restored: { readonly points: readonly KnownPoint[]; readonly loci: readonly SavedLocus[] } = {
    points: [],
    loci: [],
  }
  /** Root pages on their way to the disk. */
  rootWrites = 0
  /** Calls of loci that run on, made while a part of the world goes back. */
  heldCalls: (() => void)[] = []
  /** Units that the recovery under way takes back. */
  going: ReadonlyMap<number, unknown> = new Map()
  /** What the recovery that is wanted, or under way, has lost. */
  lost: Lost = new Set()
  /** Why a recovery session is wanted; nil: none is. */
  recoveryWanted: string | null = null
  /** Why the machine failed, for whoever asks afterwards. */
  failure = ''
  /** What recovery found damaged, as a sentence. */
  damage: string | null = null
  /** Number of the recovery session; durable before anything is written under it. */
  session = 0
  #changes = 0

  constructor(parts: KernelParts) {
    this.region = parts.region
    this.messenger = parts.messenger
    this.clock = parts.clock
    this.config = parts.config
    this.order = parts.order
    this.date = parts.date ?? (() => 0)
    this.trace = parts.trace ?? (() => {})
    this.engine = new LineFeed(parts.config.line ?? 'eager', new WitnessEngine())
    this.across = parts.others === undefined ? null : new Across(parts.others)
    this.counters = new Counters(parts.region, actorPorts.kernel)
    this.waits = new Waits(parts.clock)
    this.capabilities = new CapabilityTables(parts.region, (each) => isNeeded(this, each))
    this.slices = new SliceAllocator(parts.region)
    this.containers = new ContainerTable(parts.region)
    this.loci = new LocusTable(parts.region)
    this.frames = new FreeFrames(parts.region)
    this.pageSets = new PageSetTable(parts.region)
    this.idleness = new Idleness(parts.region, parts.clock)
    this.log = new DurableLog(parts.messenger)
  }

  /** The first interval of a container made in this session; higher than any that an earlier session used. */
  get firstInterval(): number {
    return this.session * sessionStride + 1
  }

  /** Above every interval that was used before this session. */
  get ceiling(): number {
    return this.session * sessionStride
  }

  /** How often something that a capture holds has changed by the kernel's own hand. */
  get changes(): number {
    return this.#changes
  }

  changed(): void {
    this.#changes++
  }

  /** The supervisor's ticks: a stop of the whole process counts as one. */
  tick(): number {
    return this.region.words.load(this.region.machineWord('tick'))
  }

  report(event: WorldEvent): void {
    this.order({ order: 'report', event })
  }

  /** The world cannot go on: everything stands still and says why. */
  fail(status: string, detail: string): void {
    invariant(detail !== '', 'SI20: a failure says what happened', { status })
    if (this.phase === 'failed') return
    this.phase = 'failed'
    this.failure = detail
    this.report({ kind: 'failed', status, detail })
  }
}
