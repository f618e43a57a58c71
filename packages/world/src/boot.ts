/**
 * Opening a world: lock, manifest, disk file, machine, programs. What was taken is given back when a later step fails.
 */
import fs from 'node:fs'
import path from 'node:path'
import { locusCalls } from '@katydid/abi'
import { changeOf } from './changed-program.js'
import { defaultDiskBytes, openDiskFile } from './disk-file.js'
import { KatydidError, systemCode, systemWords } from './error.js'
import { must } from './host-call.js'
import type { RollbackReport } from './lines.js'
import { lockWorld } from './lock.js'
import { Machine } from './machine.js'
import { managerPrograms } from './managers.js'
import { createDisks, newManifest, readManifest, writeManifest } from './manifest.js'
import {
  checkManagerFrames,
  checkOptions,
  defaultRetainEveryMs,
  defaultSnapshotEveryMs,
  retainOf,
  shapeOf,
  type OpenOptions,
} from './options.js'
import { World } from './world.js'

/** The one machine a world has so far. */
const machineId = 1

/** Opens the world in a directory, making it when there is none. Rejects with a `KatydidError` that says what to do. */
export async function openWorld(options: OpenOptions): Promise<World> {
  checkOptions(options)
  const managers = managerPrograms(options.managers ?? [])
  const dir = path.resolve(options.dir)
  const takenBack: (() => unknown)[] = []
  try {
    makeDirectory(dir, options)
    const lock = await lockWorld(dir, machineId)
    takenBack.push(() => lock.release())
    const found = readManifest(dir)
    if (found === null && options.create === false) throw noWorld(dir)
    const shape = shapeOf(options, found?.shape ?? null)
    checkManagerFrames(options, shape)
    const retain = retainOf(options, found?.retain ?? null)
    const manifest =
      found ?? newManifest(machineId, shape, options.diskBytes ?? defaultDiskBytes, retain)
    if (found === null) createDisks(dir, manifest)
    const disk = manifest.disks[0]!
    const diskFd = openDiskFile(dir, disk)
    takenBack.push(() => fs.closeSync(diskFd))
    const { machine, ready } = await Machine.start({
      machine: machineId,
      shape,
      diskFd,
      diskBytes: disk.bytes,
      format: found === null,
      worldId: manifest.world,
      retain,
      retainEveryMs: options.retainEveryMs ?? defaultRetainEveryMs,
      managers,
      acceptChanged: options.acceptChanged ?? false,
      snapshotEveryMs: options.snapshotEveryMs ?? defaultSnapshotEveryMs,
      line: options.line ?? 'eager',
      ...(options.auditEvery === undefined ? {} : { auditEvery: options.auditEvery }),
      ...(options.managerFrames === undefined ? {} : { managerFrames: options.managerFrames }),
      ...(options.locusHeapMb === undefined ? {} : { locusHeapMb: options.locusHeapMb }),
    })
    takenBack.push(() => machine.close())
    if (found === null) writeManifest(dir, manifest)
    const world = new World({
      dir,
      machine,
      recovery: {
        created: found === null,
        capture: ready.recoveredCapture,
        ms: ready.recoveryMs,
        damage: ready.damage,
      },
      release: () => giveBack(takenBack),
    })
    if (options.rollbackTo !== undefined) await world.rollback(options.rollbackTo)
    if (options.hold !== true) {
      if (options.acceptChanged !== true) await refuseChanged(machine)
      world.begin()
    }
    return world
  } catch (error) {
    await giveBack(takenBack)
    throw error
  }
}

/**
 * An administrator takes a world that nobody has open back to a kept line, without any locus going on: what the command `rollback` does.
 * With `dry` nothing is changed; either way what goes and what is not undone is answered.
 *
 * Rejects with a `KatydidError`: `world_in_use` (a process has it open: end that one first), `not_a_world`, `no_such_interval` (the line
 * is not kept; the sentence names those that are), `damaged` (a snapshot of it is missing; each is named), `manager_failed`, `io_error`.
 */
export async function rollbackWorld(
  dir: string,
  line: number,
  options: Pick<OpenOptions, 'managers' | 'acceptChanged'> & { readonly dry?: boolean } = {},
): Promise<RollbackReport> {
  const { dry = false, ...open } = options
  const world = await openWorld({ ...open, dir, create: false, hold: true, snapshotEveryMs: 0 })
  try {
    return dry ? await world.foretellRollback(line) : await world.rollback(line)
  } finally {
    await world.close()
  }
}

/** Undoes what was done, last first. */
async function giveBack(takenBack: (() => unknown)[]): Promise<void> {
  for (const undo of takenBack.splice(0).toReversed()) await undo()
}

function makeDirectory(dir: string, options: OpenOptions): void {
  try {
    if (options.create === false) {
      fs.statSync(dir)
    } else {
      fs.mkdirSync(dir, { recursive: true })
    }
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') throw noWorld(dir)
    if (code === 'EEXIST' || code === 'ENOTDIR')
      throw new KatydidError('not_a_world', `${dir} is a file; a world is a directory.`)
    throw new KatydidError('io_error', `${dir} cannot be used: ${systemWords(error)}.`)
  }
}

const noWorld = (dir: string): KatydidError =>
  new KatydidError('not_a_world', `There is no world in ${dir}. Name a directory that holds one.`)

/** Before any locus goes on: the programs of all containers must be those the world recorded. */
async function refuseChanged(machine: Machine): Promise<void> {
  const { containers } = await must(machine.host, 'status', locusCalls.worldStatus, {})
  for (const { name, program } of containers) {
    if (program === null) continue
    const change = changeOf(name, program)
    if (change !== null) throw change
  }
}
