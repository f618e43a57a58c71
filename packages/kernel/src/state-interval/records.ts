/**
 * The kernel's own records: what a capture, a line and a root page are on the disk. What is read back is checked field
 * by field: an unknown or damaged record is no record.
 */
import { packValue, unpackValue } from '@katydid/actor'
import type { ManagerProgram } from '@katydid/abi'
import type { Program } from '../container/container.js'
import type { Mapping } from '../container/mapping.js'
import type { LocusEnd } from '../locus/locus.js'
import type { PlacedCapability } from '../capability/capability-tables.js'
import type { PermissionGroup } from '../capability/group-table.js'
import type { SavedSemaphore } from '../semaphore/semaphore-table.js'

const recordVersion = 1

export interface SavedContainer {
  readonly slot: number
  readonly generation: number
  readonly name: string
  readonly size: number
  readonly program: Program | null
  readonly manager: number | null
  readonly token: number
  readonly serviceLevel: string
  /** Interval whose snapshot holds its pages; 0: the empty container. */
  readonly label: number
  readonly epoch: number
  readonly incarnation: number
  readonly dependencies: readonly (readonly [sender: number, interval: number])[]
  readonly capabilities: readonly PlacedCapability[]
  readonly mappings: readonly Mapping[]
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
}

export interface CaptureRecord {
  readonly kind: 'capture'
  readonly world: string
  readonly session: number
  readonly capture: number
  readonly nextLocus: number
  readonly generations: readonly number[]
  readonly containers: readonly SavedContainer[]
  readonly loci: readonly SavedLocus[]
  readonly groups: readonly PermissionGroup[]
  readonly nextGroup: number
  readonly semaphores: readonly SavedSemaphore[]
  readonly nextSemaphore: number
}

/** A manager besides the first, and its port. */
export interface SavedManager extends ManagerProgram {
  readonly port: number
}

export interface LineRecord {
  readonly kind: 'line'
  readonly session: number
  readonly capture: number
  /** The world went back to that capture: newer ones that stand before this record are void. */
  readonly rolledBack: boolean
  /** The world’s managers besides the first. */
  readonly managers?: readonly SavedManager[]
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

export type KernelRecord = CaptureRecord | LineRecord | RootRecord

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
      return has(value, { session: 'number', capture: 'number', rolledBack: 'boolean' }) &&
        areManagers(value['managers'])
        ? (value as unknown as LineRecord)
        : null
    case 'root_page':
      return has(value, rootFields) && value['bytes'] instanceof Uint8Array
        ? (value as unknown as RootRecord)
        : null
    default:
      return null
  }
}

const managerFields = {
  name: 'string',
  port: 'number',
  module: 'string',
  hash: 'string',
  containerBytes: 'number',
  keepsRoot: 'boolean',
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
const containerFields = {
  slot: 'number',
  generation: 'number',
  name: 'string',
  size: 'number',
  token: 'number',
  label: 'number',
  epoch: 'number',
  incarnation: 'number',
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
} as const
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

type Shape = Readonly<Record<string, 'number' | 'string' | 'boolean' | 'object'>>

function has(value: unknown, shape: Shape): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([key, type]) => typeof Reflect.get(value, key) === type)
}

const listOf = (value: unknown, each: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(each)

function isCapture(value: Record<string, unknown>): boolean {
  return (
    has(value, { world: 'string', session: 'number', capture: 'number', nextLocus: 'number' }) &&
    listOf(value['generations'], (each) => typeof each === 'number') &&
    listOf(
      value['containers'],
      (each) =>
        has(each, containerFields) &&
        hasTables(each) &&
        Array.isArray(each['dependencies']) &&
        listOf(each['mappings'], (mapping) => has(mapping, mappingFields)),
    ) &&
    listOf(
      value['loci'],
      (each) =>
        has(each, locusFields) &&
        hasTables(each) &&
        each['block'] instanceof Uint8Array &&
        each['registers'] instanceof Uint8Array,
    ) &&
    has(value, { nextGroup: 'number', nextSemaphore: 'number' }) &&
    listOf(value['groups'], (each) => has(each, groupFields)) &&
    listOf(value['semaphores'], (each) => has(each, { id: 'number', count: 'number' }))
  )
}

const hasTables = (value: Record<string, unknown>): boolean =>
  listOf(value['capabilities'], (each) => has(each, capabilityFields))
