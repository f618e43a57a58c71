/**
 * `world.json`: what makes a directory a world. Written last at creation, so that a directory without it holds
 * nothing yet; never written again, so that an open world cannot spoil it.
 */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { abiVersion, shapeProblem, type MachineShape } from '@katydid/abi'
import { createSized, writeDurably } from './durable-file.js'
import { KatydidError, systemCode, systemWords } from './error.js'

/** Raised when the meaning of anything in the world's directory changes. */
const formatVersion = 1
export const manifestName = 'world.json'

export interface DiskFile {
  /** Name in the world's directory. */
  readonly file: string
  readonly bytes: number
}

export interface Manifest {
  readonly kind: 'katydid world'
  readonly format: number
  readonly abi: number
  readonly world: string
  readonly machine: number
  readonly shape: MachineShape
  readonly disks: readonly DiskFile[]
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

/** The manifest of a world to be made. */
export function newManifest(
  machine: number,
  shape: MachineShape,
  diskBytes: number,
  retain: number,
): Manifest {
  return {
    kind: 'katydid world',
    format: formatVersion,
    abi: abiVersion,
    world: randomUUID(),
    machine,
    shape,
    disks: [{ file: `machine-${machine}.disk`, bytes: diskBytes }],
    retain,
  }
}

/** Makes the blank disk files of a new world; what a killed creation left is made anew. */
export function createDisks(folder: string, { disks }: Manifest): void {
  creating(folder, () => {
    for (const disk of disks) createSized(path.join(folder, disk.file), disk.bytes)
  })
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
  const strangers = names.filter((name) => !/^(machine-\d+\.disk|world\.json\.new)$/.test(name))
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
  if (found.format !== formatVersion || found.abi !== abiVersion)
    throw new KatydidError(
      'world_version',
      `The world in ${folder} was written by another version of Katydid (format ${found.format}, ABI ${found.abi}; this one has ${formatVersion} and ${abiVersion}). Open it with the version that wrote it.`,
    )
  const { world, machine, shape, disks, retain = 0 } = found
  if (
    typeof world !== 'string' ||
    typeof machine !== 'number' ||
    !isShape(shape) ||
    !Number.isSafeInteger(retain) ||
    !Array.isArray(disks) ||
    !disks.every(isDiskFile)
  )
    throw new KatydidError(
      'damaged',
      `${manifestName} in ${folder} is damaged: a field is missing or wrong. Bring it back from a copy; the disk file is untouched.`,
    )
  return { ...(found as Manifest), retain }
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
