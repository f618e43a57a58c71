/** What a host may ask for when it opens a world, and what of it does not make sense. */
import { defaultShape, isMachineId, shapeProblem, type MachineShape } from '@katydid/abi'
import { KatydidError } from './error.js'
import type { ManagerOption } from './managers.js'

export interface OpenOptions {
  /** The world's directory. */
  readonly dir: string
  /** How many machines a new world has, 1 to 64; default 1. Fixed when the world is created. */
  readonly machines?: number
  /**
   * The machines that this process has, where other processes of this computer have the rest; `free`: those that nobody else has. Default: all.
   * The world is open when all of its machines run, wherever they do.
   */
  readonly take?: readonly number[] | 'free'
  /** Milliseconds to wait for machines of other processes, and, where the world is not to be created, for another process to do that; default 60,000. */
  readonly waitMs?: number
  /** Page frames of each machine; default: as at creation (1024). May differ from one opening to the next. */
  readonly frames?: number
  /** The most loci of a machine at a time; default: as at creation (16). */
  readonly loci?: number
  /** The most containers of a machine at a time, of which each manager has one for itself and each open transaction another; default 32. Fixed when the world is created. */
  readonly containers?: number
  /** Page size: 4096, 16384 or 65536. Fixed when the world is created. */
  readonly pageBytes?: number
  /** Milliseconds between snapshots the world takes by itself; default 1000, 0 for none. */
  readonly snapshotEveryMs?: number
  /**
   * When the line moves: `eager`, the default, as snapshots become stable; `lazy`, when somebody asks (status, a durable answer), when
   * room is short, and before anything goes back. Lazy saves the work where nobody waits for it.
   */
  readonly line?: 'eager' | 'lazy'
  /**
   * What is kept of the past; default 0. So many lines (at most 20), each whole, to which an administrator can go back (`rollback`); and
   * the newest so many snapshots of each container, to be opened and forked, besides those of kept lines. Fixed when the world is
   * created; the number of snapshots of a container `world.retain` changes.
   */
  readonly retain?: number
  /** Each capture that a host asks for is kept, and without that a line so long after the last; default 10,000, 0 for every one. */
  readonly retainEveryMs?: number
  /**
   * With every so many captures of a deterministic container it is looked, in the background, whether its visits bring it to what it
   * holds when they are run again (`replay_differed` when not). Default 16; 0: never.
   */
  readonly auditEvery?: number
  /**
   * An administrator's decision: before anything runs, the world goes back to this kept line (see `World.rollback`). Rejects as that
   * does. For one opening: at the next the line is the present, and what it was is kept still.
   */
  readonly rollbackTo?: number
  /** Whether to make the world when there is none; default true. */
  readonly create?: boolean
  /** The largest size of each disk file of a new world in bytes; default 8 GiB, sparse. */
  readonly diskBytes?: number
  /** Accept programs and managers whose modules differ from what the world recorded. */
  readonly acceptChanged?: boolean
  /** Managers besides the self-managing one, at most four. Those with containers in the world come back unnamed, too. */
  readonly managers?: readonly ManagerOption[]
  /** Do not let loci go on before the first `run`, `startLocus` or `begin`. */
  readonly hold?: boolean
  /** Page frames in which the manager keeps its maps, which fault in and out of them; at least 4, at most a quarter of all. */
  readonly managerFrames?: number
  /** Heap limit of a locus's thread in MiB; page memory does not count. */
  readonly locusHeapMb?: number
  /**
   * Threads of each machine. `apart`, the default: every actor has its own. `together`: kernel, console and network driver share one, for worlds of many
   * machines; they are slower to wake, and end together. Managers, disks and loci block their threads, and always have their own.
   */
  readonly threads?: 'apart' | 'together'
}

export const defaultSnapshotEveryMs = 1000
export const defaultRetainEveryMs = 10_000
export const defaultWaitMs = 60_000
/** The most snapshots of a container that its manager retains. */
const mostRetained = 100
const leastDiskBytes = 16 * 1024 ** 2
/** The manager’s own and one to use; more than so many make the table of who received from whom too large. */
const leastContainers = 2
const mostContainers = 512
/** Below this the manager's pinned pages leave nothing to serve faults with. */
const leastFrames = 16
/** A page that is pinned, and a walk from a map’s top to its leaf. */
const leastManagerFrames = 4

/** The shape of the machine: what the world was made with (`made`; null for a new one), changed by the options. */
export function shapeOf(options: OpenOptions, made: MachineShape | null): MachineShape {
  const base = made ?? defaultShape
  if (made !== null && options.pageBytes !== undefined && options.pageBytes !== made.pageBytes)
    throw new KatydidError(
      'bad_argument',
      `The world in ${options.dir} has pages of ${made.pageBytes} bytes, not ${options.pageBytes}. The page size is fixed when a world is made; leave it out.`,
    )
  if (
    made !== null &&
    options.containers !== undefined &&
    options.containers !== made.maxContainers
  )
    throw new KatydidError(
      'bad_argument',
      `The world in ${options.dir} has room for ${made.maxContainers} containers, not ${options.containers}. That is fixed when a world is made; leave it out.`,
    )
  const shape: MachineShape = {
    ...base,
    pageBytes: options.pageBytes ?? base.pageBytes,
    frames: options.frames ?? base.frames,
    maxLoci: options.loci ?? base.maxLoci,
    maxContainers: options.containers ?? base.maxContainers,
  }
  const problem = shapeProblem(shape)
  if (problem !== null) throw new KatydidError('bad_argument', `${capital(problem)}.`)
  if (shape.frames < leastFrames)
    throw new KatydidError(
      'bad_argument',
      `Frames must be at least ${leastFrames}, not ${shape.frames}: the manager keeps some for its own pages.`,
    )
  return shape
}

/** Refuses frames for the manager that leave too few for everything else. */
export function checkManagerFrames({ managerFrames }: OpenOptions, { frames }: MachineShape): void {
  const most = Math.floor(frames / 4)
  if (managerFrames === undefined || managerFrames <= most) return
  throw new KatydidError(
    'bad_argument',
    `ManagerFrames must be at most ${most}, a quarter of ${frames} frames, not ${managerFrames}.`,
  )
}

/** Refuses options that are wrong whatever the world is. */
export function checkOptions(options: OpenOptions): void {
  wholeNumber('snapshotEveryMs', options.snapshotEveryMs, 0)
  wholeNumber('machines', options.machines, 1)
  if (!isMachineId(options.machines ?? 1))
    throw new KatydidError('bad_argument', `Machines must be at most 64, not ${options.machines}.`)
  const { take } = options
  if (take !== undefined && take !== 'free' && !(take.length > 0 && take.every(isMachineId)))
    throw new KatydidError(
      'bad_argument',
      `Take must be free or numbers of machines, from 1 to 64, not ${JSON.stringify(take)}.`,
    )
  wholeNumber('waitMs', options.waitMs, 0)
  wholeNumber('diskBytes', options.diskBytes, leastDiskBytes)
  if (!['eager', 'lazy', undefined].includes(options.line))
    throw new KatydidError('bad_argument', `Line must be eager or lazy, not ${options.line}.`)
  if (!['apart', 'together', undefined].includes(options.threads))
    throw new KatydidError(
      'bad_argument',
      `Threads must be apart or together, not ${options.threads}.`,
    )
  wholeNumber('managerFrames', options.managerFrames, leastManagerFrames)
  wholeNumber('retain', options.retain, 0)
  wholeNumber('retainEveryMs', options.retainEveryMs, 0)
  wholeNumber('auditEvery', options.auditEvery, 0)
  wholeNumber('rollbackTo', options.rollbackTo, 1)
  if ((options.retain ?? 0) > mostRetained)
    throw new KatydidError(
      'bad_argument',
      `Retain must be at most ${mostRetained}, not ${options.retain}.`,
    )
  wholeNumber('locusHeapMb', options.locusHeapMb, 8)
  wholeNumber('containers', options.containers, leastContainers)
  if ((options.containers ?? 0) > mostContainers)
    throw new KatydidError(
      'bad_argument',
      `Containers must be at most ${mostContainers}, not ${options.containers}.`,
    )
  if (typeof options.dir !== 'string' || options.dir === '' || options.dir.includes('\0'))
    throw new KatydidError('bad_argument', 'A world needs the name of its directory (dir).')
  shapeOf(options, null)
}

/** How many machines a world has: as it was made with. */
export function machinesOf({ dir, machines: asked }: OpenOptions, made: number | null): number {
  if (made === null || asked === undefined || asked === made) return made ?? asked ?? 1
  throw new KatydidError(
    'bad_argument',
    `The world in ${dir} has ${made} machine${made === 1 ? '' : 's'}, not ${asked}. That is fixed when a world is made; leave it out.`,
  )
}

/** How many snapshots a world retains: as it was made with. */
export function retainOf(options: OpenOptions, made: number | null): number {
  const asked = options.retain
  if (made === null || asked === undefined || asked === made) return made ?? asked ?? 0
  throw new KatydidError(
    'bad_argument',
    `The world in ${options.dir} retains ${made} snapshots, not ${asked}. That is fixed when a world is made; change it container by container (world.retain), or leave it out.`,
  )
}

function wholeNumber(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return
  throw new KatydidError(
    'bad_argument',
    `${capital(name)} must be a whole number of at least ${least}, not ${value}.`,
  )
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
