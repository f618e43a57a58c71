/**
 * `world.json`: what makes a directory a world. Written last at creation, so that a directory without it holds
 * nothing yet; never written again, so that an open world cannot spoil it.
 *
 * A world of several machines has it before any of them has run, since other processes find them by it; what becomes of each stands in a
 * record of its own (`machine-record`).
 */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import {
  abiVersion,
  asMachine,
  isMachineId,
  shapeProblem,
  type MachineId,
  type MachineShape,
} from '@katydid/abi'
import { createSized, writeDurably } from './durable-file.js'
import { KatydidError, systemCode, systemWords } from './error.js'

/** Raised when the meaning of anything in the world's directory changes. Format 1, which is read still, had one machine. */
const formatVersion = 2
export const manifestName = 'world.json'

export interface DiskFile {
  /** Name in the world's directory. */
  readonly file: string
  readonly bytes: number
}

export interface MachineEntry {
  readonly machine: MachineId
  readonly disk: DiskFile
}

export interface Manifest {
  readonly kind: 'katydid world'
  readonly format: number
  readonly abi: number
  readonly world: string
  /** By number, from 1 on. */
  readonly machines: readonly MachineEntry[]
  /** Of each machine. */
  readonly shape: MachineShape
  /** Snapshots retained of each container, where nothing else is said of it. */
  readonly retain: number
}

/** Reads the manifest of the world in `folder`; null when the directory is missing or holds nothing yet. */
export function readManifest(folder: string): Manifest | null {
  let text: string
  try {
    text = fs.readFileSync(path.join(folder, manifestName), 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return nothingYet(folder)
    if (systemCode(error) === 'ENOTDIR')
      throw new KatydidError('not_a_world', `${folder} is a file; a world is a directory.`)
    throw new KatydidError(
      'io_error',
      `The world in ${folder} cannot be read: ${systemWords(error)}. Look at the directory and its permissions.`,
    )
  }
  return checked(folder, parsed(folder, text))
}

/** The manifest of a world to be made, of so many machines. */
export function newManifest(
  count: number,
  shape: MachineShape,
  diskBytes: number,
  retain: number,
): Manifest {
  return {
    kind: 'katydid world',
    format: formatVersion,
    abi: abiVersion,
    world: randomUUID(),
    machines: Array.from({ length: count }, (_, nth) => ({
      machine: asMachine(nth + 1),
      disk: { file: `machine-${nth + 1}.disk`, bytes: diskBytes },
    })),
    shape,
    retain,
  }
}

/** Makes the blank disk files of a new world; what a killed creation left is made anew. */
export function createDisks(folder: string, { machines }: Manifest): void {
  for (const { disk } of machines) createDisk(folder, disk)
}

/** Makes one of them. */
export function createDisk(folder: string, disk: DiskFile): void {
  creating(folder, () => createSized(path.join(folder, disk.file), disk.bytes))
}

/** Makes the directory a world, durably. Done last, when there is a disk in each file: a blank one is damage from then on. */
export function writeManifest(folder: string, manifest: Manifest): void {
  creating(folder, () =>
    writeDurably(path.join(folder, manifestName), `${JSON.stringify(manifest, null, 2)}\n`),
  )
}

function creating(folder: string, action: () => void): void {
  try {
    action()
  } catch (error) {
    throw new KatydidError('io_error', `No world can be made in ${folder}: ${systemWords(error)}.`)
  }
}

/** A directory without a manifest is taken for a new world only if it is empty or holds what a killed creation left. */
function nothingYet(folder: string): null {
  let names: string[]
  try {
    names = fs.readdirSync(folder)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw new KatydidError('io_error', `${folder} cannot be read: ${systemWords(error)}.`)
  }
  const strangers = names.filter(
    (name) => !/^(machine-\d+\.(disk|json|json\.new)|world\.json\.new)$/.test(name),
  )
  if (strangers.length > 0)
    throw new KatydidError(
      'not_a_world',
      `${folder} is not a Katydid world: it has no ${manifestName} and holds other files, such as ${strangers[0]}. Name an empty or new directory.`,
    )
  return null
}

function parsed(folder: string, text: string): Partial<Manifest> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // said below
  }
  throw new KatydidError(
    'damaged',
    `${manifestName} in ${folder} is damaged: it is not a JSON object. Bring it back from a copy; the disk file is untouched.`,
  )
}

function checked(folder: string, found: Partial<Manifest>): Manifest {
  if (found.kind !== 'katydid world')
    throw new KatydidError('not_a_world', `${manifestName} in ${folder} is not of a Katydid world.`)
  if ((found.format !== 1 && found.format !== formatVersion) || found.abi !== abiVersion)
    throw new KatydidError(
      'world_version',
      `The world in ${folder} was written by another version of Katydid (format ${found.format}, ABI ${found.abi}; this one has ${formatVersion} and ${abiVersion}). Open it with the version that wrote it.`,
    )
  const { world, shape, retain = 0 } = found
  const machines = found.format === 1 ? onlyMachine(found) : found.machines
  if (
    typeof world !== 'string' ||
    !isShape(shape) ||
    !Number.isSafeInteger(retain) ||
    !areMachines(machines)
  )
    throw new KatydidError(
      'damaged',
      `${manifestName} in ${folder} is damaged: a field is missing or wrong. Bring it back from a copy; the disk file is untouched.`,
    )
  return { kind: found.kind, format: found.format, abi: found.abi, world, machines, shape, retain }
}

/** What format 1 says of its machine. */
function onlyMachine(found: object): unknown {
  const { machine, disks } = found as { readonly machine?: unknown; readonly disks?: unknown }
  return Array.isArray(disks) ? disks.map((disk: unknown) => ({ machine, disk })) : undefined
}

function areMachines(machines: unknown): machines is readonly MachineEntry[] {
  if (!Array.isArray(machines) || machines.length === 0) return false
  return machines.every(
    (each: Partial<MachineEntry> | null, nth) =>
      each?.machine === nth + 1 && isMachineId(each.machine) && isDiskFile(each.disk),
  )
}

function isShape(shape: unknown): shape is MachineShape {
  if (typeof shape !== 'object' || shape === null) return false
  const fields = ['pageBytes', 'frames', 'maxLoci', 'maxContainers', 'maxPageSets', 'tableBytes']
  const numbers = fields.map((field) => Reflect.get(shape, field) as unknown)
  return numbers.every(Number.isSafeInteger) && shapeProblem(shape as MachineShape) === null
}

function isDiskFile(disk: unknown): disk is DiskFile {
  if (typeof disk !== 'object' || disk === null) return false
  const { file, bytes } = disk as Partial<DiskFile>
  return (
    typeof file === 'string' &&
    path.basename(file) === file &&
    file !== '' &&
    Number.isSafeInteger(bytes)
  )
}
