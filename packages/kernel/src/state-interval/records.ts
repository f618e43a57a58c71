/**
 * The kernel's own records: what a capture, a line and a root page are on the disk. What is read back is checked field
 * by field: an unknown or damaged record is no record.
 */
import { packValue, unpackValue } from '@katydid/actor'
import type { ManagerProgram } from '@katydid/abi'
import type { Program, SnapshotOf } from '../container/container.js'
import type { Mapping } from '../container/mapping.js'
import { isInputs, type InputsRecord } from '../logged/inputs-record.js'
import type { LocusEnd } from '../locus/locus.js'
import type { PlacedCapability } from '../capability/capability-tables.js'
import type { PermissionGroup } from '../capability/group-table.js'
import type { SavedOutput } from '../output/output.js'
import type { ToldOutput } from '../output/output-table.js'
import type { DrainFigures } from './capture-table.js'
import { arePairs, has, listOf } from './shapes.js'

const recordVersion = 1

/** A point of a unit: the interval it ends, and what the unit received since its point before. */
export interface SavedPoint {
  readonly interval: number
  readonly dependencies: readonly (readonly [unit: number, interval: number])[]
}

export interface SavedContainer extends SavedPoint {
  readonly slot: number
  readonly generation: number
  readonly name: string
  readonly size: number
  readonly program: Program | null
  readonly manager: number | null
  readonly token: number
  readonly serviceLevel: string
  /** Name of the snapshot that holds its pages; 0: the empty container. */
  readonly label: number
  readonly epoch: number
  readonly incarnation: number
  readonly capabilities: readonly PlacedCapability[]
  readonly mappings: readonly Mapping[]
  /** It began as a snapshot. */
  readonly snapshotOf: SnapshotOf | null
  /** Loci rooted in it. */
  readonly loci: readonly SavedLocus[]
  /** Permission groups of it and of its loci. */
  readonly groups: readonly PermissionGroup[]
  /** What it has printed; nil: nothing. */
  readonly output?: SavedOutput
}

export interface SavedSemaphore extends SavedPoint {
  readonly id: number
  readonly count: number
  /** Loci that took from it, and the number of their wait. */
  readonly taken: readonly (readonly [locus: number, wait: number])[]
  readonly epoch: number
  readonly groups: readonly PermissionGroup[]
}

/** The end of a unit. */
export interface SavedEnd extends SavedPoint {
  readonly unit: number
  readonly epoch: number
  /** What it has printed; nil: nothing. */
  readonly output?: SavedOutput
}

/** The answer of a locus’s durable invoke, which is not over. */
export interface SavedAnswer {
  /** Which of its durable invokes, from 1. */
  readonly number: number
  /** Hash of the block that was given. */
  readonly asked: number
  readonly block: Uint8Array
}

export interface SavedLocus {
  readonly id: number
  readonly name: string
  readonly container: number
  readonly program: Program
  readonly block: Uint8Array
  readonly rights: number
  readonly slot: number | null
  readonly registers: Uint8Array
  readonly capabilities: readonly PlacedCapability[]
  readonly end: LocusEnd | null
  readonly suspended: boolean
  /** Durable invokes of its that were over. */
  readonly durableCalls: number
  readonly answer: SavedAnswer | null
  /** Number of the wait at a semaphore that it stood in; 0: none. */
  readonly wait: number
}

/** What was captured in one step of an epoch. */
export interface CaptureRecord {
  readonly kind: 'capture'
  readonly world: string
  readonly session: number
  /** Its number among the records. */
  readonly capture: number
  readonly epoch: number
  readonly nextLocus: number
  readonly generations: readonly number[]
  readonly containers: readonly SavedContainer[]
  readonly nextGroup: number
  readonly semaphores: readonly SavedSemaphore[]
  readonly nextSemaphore: number
  readonly ended: readonly SavedEnd[]
  /** Units to which nothing had happened since these points. */
  readonly same: readonly (readonly [unit: number, interval: number])[]
  /** Permission groups that are kept with no unit. */
  readonly groups: readonly PermissionGroup[]
  /** Loci that have ended and whose container is gone. */
  readonly loci: readonly SavedLocus[]
}

/** A manager besides the first, and its port. */
export interface SavedManager extends ManagerProgram {
  readonly port: number
}

export interface LineRecord {
  readonly kind: 'line'
  readonly session: number
  /** Which of the session's line records it is. */
  readonly number: number
  /** The newest epoch of which everything is on the line. */
  readonly epoch: number
  /** The line: each unit's point on it. A unit that is not named is as it was made. */
  readonly points: readonly (readonly [unit: number, interval: number])[]
  /** Units that have ended, and how far they had come. */
  readonly over: readonly (readonly [unit: number, interval: number])[]
  /** The world went back to these points: newer ones that stand before this record are void. */
  readonly rolledBack: boolean
  /** Units that went back by themselves, and where to: newer points of theirs that stand before this record are void. */
  readonly back: readonly (readonly [unit: number, interval: number])[]
  /** The world’s managers besides the first. */
  readonly managers?: readonly SavedManager[]
  /** What drains have cost so far. */
  readonly drains?: DrainFigures
  /** Older lines that are kept, by their epochs. */
  readonly kept?: readonly number[]
  /** An administrator took the world back to this kept line: all that stands before this record is void, but for kept lines. */
  readonly backTo?: number
  /** The newest decisions of administrators, oldest first. */
  readonly decisions?: readonly Decision[]
}

/** An administrator took the world from one line back to another. */
export interface Decision {
  readonly from: number
  readonly to: number
  /** Milliseconds since 1970; 0: unknown. */
  readonly atMs: number
  /** Number of the recovery that carried it out. */
  readonly session: number
}

/** All that the kernel needs to go back to a line when what followed has long been written over. */
export interface KeptRecord {
  readonly kind: 'kept_line'
  readonly session: number
  /** Which of the session’s records of lines it is. */
  readonly number: number
  /** The epoch of which everything was on it. */
  readonly line: number
  /** Milliseconds since 1970; 0: unknown. */
  readonly keptMs: number
  /** Units that had ended, and how far they had come. */
  readonly over: readonly (readonly [unit: number, interval: number])[]
  /** Each unit as it was on the line; what it had received does not matter any more. */
  readonly state: CaptureRecord
}

export interface RootRecord {
  readonly kind: 'root_page'
  readonly session: number
  readonly port: number
  readonly slot: number
  readonly generation: number
  readonly size: number
  readonly module: string
  readonly hash: string
  readonly offset: number
  readonly interval: number
  readonly bytes: Uint8Array
}

/** How far the output of these containers was told. */
export interface OutputRecord {
  readonly kind: 'output'
  readonly session: number
  /** Which of the session's, counted with its line records. */
  readonly number: number
  readonly told: readonly ToldOutput[]
}

export type KernelRecord =
  | CaptureRecord
  | LineRecord
  | RootRecord
  | InputsRecord
  | OutputRecord
  | KeptRecord

/** A record's bytes. */
export function packRecord(record: KernelRecord): Uint8Array {
  return packValue({ version: recordVersion, ...record })
}

/** The record these bytes are; null when they are none that this version knows. */
export function unpackRecord(bytes: Uint8Array): KernelRecord | null {
  let value: unknown
  try {
    value = unpackValue(bytes)
  } catch {
    return null
  }
  if (!has(value, { version: 'number', kind: 'string' }) || value['version'] !== recordVersion)
    return null
  switch (value['kind']) {
    case 'capture':
      return isCapture(value) ? (value as unknown as CaptureRecord) : null
    case 'line':
      return has(value, lineFields) &&
        arePairs(value['points']) &&
        arePairs(value['over']) &&
        arePairs(value['back']) &&
        areManagers(value['managers']) &&
        (value['drains'] === undefined || has(value['drains'], drainFields)) &&
        areKept(value)
        ? (value as unknown as LineRecord)
        : null
    case 'output':
      return has(value, { session: 'number', number: 'number' }) && listOf(value['told'], isTold)
        ? (value as unknown as OutputRecord)
        : null
    case 'root_page':
      return has(value, rootFields) && value['bytes'] instanceof Uint8Array
        ? (value as unknown as RootRecord)
        : null
    case 'inputs':
      return isInputs(value) ? (value as unknown as InputsRecord) : null
    case 'kept_line':
      return has(value, keptFields) && arePairs(value['over']) && isState(value['state'])
        ? (value as unknown as KeptRecord)
        : null
    default:
      return null
  }
}

const keptFields = {
  session: 'number',
  number: 'number',
  line: 'number',
  keptMs: 'number',
} as const

const decisionFields = { from: 'number', to: 'number', atMs: 'number', session: 'number' } as const

const isState = (value: unknown): boolean => has(value, { kind: 'string' }) && isCapture(value)

const areKept = ({ kept, backTo, decisions }: Record<string, unknown>): boolean =>
  (kept === undefined || listOf(kept, (each) => typeof each === 'number')) &&
  (backTo === undefined || typeof backTo === 'number') &&
  (decisions === undefined || listOf(decisions, (each) => has(each, decisionFields)))

const lineFields = {
  session: 'number',
  number: 'number',
  epoch: 'number',
  rolledBack: 'boolean',
} as const
const managerFields = {
  name: 'string',
  port: 'number',
  module: 'string',
  hash: 'string',
  containerBytes: 'number',
  keepsRoot: 'boolean',
} as const

const drainFields = {
  count: 'number',
  totalMs: 'number',
  maxMs: 'number',
  givenUp: 'number',
} as const

const areManagers = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((each) => has(each, managerFields)))

const rootFields = {
  session: 'number',
  port: 'number',
  slot: 'number',
  generation: 'number',
  size: 'number',
  module: 'string',
  hash: 'string',
  offset: 'number',
  interval: 'number',
} as const
/** How a container began: as a snapshot, or not. */
const isBeginning = (value: unknown): boolean =>
  value === null || has(value, { kind: 'string', opener: 'number' })

const containerFields = {
  slot: 'number',
  generation: 'number',
  name: 'string',
  size: 'number',
  token: 'number',
  label: 'number',
  epoch: 'number',
  incarnation: 'number',
  interval: 'number',
} as const
const mappingFields = {
  at: 'number',
  length: 'number',
  source: 'number',
  generation: 'number',
  sourceAt: 'number',
  rights: 'number',
  group: 'number',
} as const
const locusFields = {
  id: 'number',
  name: 'string',
  container: 'number',
  rights: 'number',
  program: 'object',
  suspended: 'boolean',
  durableCalls: 'number',
  wait: 'number',
} as const
const semaphoreFields = {
  id: 'number',
  count: 'number',
  epoch: 'number',
  interval: 'number',
} as const
const endFields = { unit: 'number', epoch: 'number', interval: 'number' } as const
const capabilityFields = {
  kind: 'string',
  index: 'number',
  stamp: 'number',
  slot: 'number',
  generation: 'number',
  rights: 'number',
  group: 'number',
} as const
const groupFields = {
  id: 'number',
  parent: 'number',
  kind: 'string',
  slot: 'number',
  generation: 'number',
  rights: 'number',
} as const

function isCapture(value: Record<string, unknown>): boolean {
  return (
    has(value, captureFields) &&
    listOf(value['generations'], (each) => typeof each === 'number') &&
    listOf(value['containers'], isContainer) &&
    listOf(value['semaphores'], isSemaphore) &&
    listOf(value['ended'], isEnd) &&
    arePairs(value['same']) &&
    listOf(value['loci'], isLocus) &&
    areGroups(value['groups'])
  )
}

const captureFields = {
  world: 'string',
  session: 'number',
  capture: 'number',
  epoch: 'number',
  nextLocus: 'number',
  nextGroup: 'number',
  nextSemaphore: 'number',
} as const

const isEnd = (value: unknown): boolean =>
  has(value, endFields) && arePairs(value['dependencies']) && isOutput(value['output'])

const isContainer = (value: unknown): boolean =>
  has(value, containerFields) &&
  isBeginning(value['snapshotOf']) &&
  hasTables(value) &&
  arePairs(value['dependencies']) &&
  listOf(value['mappings'], (each) => has(each, mappingFields)) &&
  listOf(value['loci'], isLocus) &&
  isOutput(value['output']) &&
  areGroups(value['groups'])

const outputFields = {
  slot: 'number',
  generation: 'number',
  container: 'string',
  told: 'number',
} as const
const lineOfOutput = { sequence: 'number', interval: 'number', text: 'string' } as const

const isTold = (value: unknown): boolean =>
  has(value, outputFields) && listOf(value['recent'], (each) => has(each, lineOfOutput))

const isOutput = (value: unknown): boolean =>
  value === undefined ||
  (isTold(value) &&
    has(value, { next: 'number' }) &&
    listOf(value['lines'], (each) =>
      has(each, { ...lineOfOutput, incarnation: 'number', locus: 'string' }),
    ))

const isSemaphore = (value: unknown): boolean =>
  has(value, semaphoreFields) &&
  arePairs(value['dependencies']) &&
  arePairs(value['taken']) &&
  areGroups(value['groups'])

const isLocus = (value: unknown): boolean =>
  has(value, locusFields) &&
  hasTables(value) &&
  isAnswer(value['answer']) &&
  value['block'] instanceof Uint8Array &&
  value['registers'] instanceof Uint8Array

const isAnswer = (value: unknown): boolean =>
  value === null ||
  (has(value, { number: 'number', asked: 'number' }) && value['block'] instanceof Uint8Array)

const areGroups = (value: unknown): boolean => listOf(value, (each) => has(each, groupFields))

const hasTables = (value: Record<string, unknown>): boolean =>
  listOf(value['capabilities'], (each) => has(each, capabilityFields))
