/**
 * Opening a world: lock, manifest, disk file, machine, programs. What was taken is given back when a later step fails.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { MachineShape, ManagerProgram } from '@katydid/abi'
import { refuseChanged } from './changed-program.js'
import { defaultDiskBytes, openDiskFile } from './disk-file.js'
import { KatydidError, systemCode, systemWords } from './error.js'
import { HostedMachine } from './hosted-machine.js'
import type { RollbackReport } from './lines.js'
import type { Ready } from './machine.js'
import { Machines } from './machines.js'
import { managerPrograms } from './managers.js'
import { createDisks, newManifest, readManifest, writeManifest, type Manifest } from './manifest.js'
import {
  checkManagerFrames,
  checkOptions,
  defaultRetainEveryMs,
  defaultSnapshotEveryMs,
  defaultWaitMs,
  machinesOf,
  retainOf,
  shapeOf,
  type OpenOptions,
} from './options.js'
import { leaveRuntimeFolder, runtimeFolder } from './runtime-folder.js'
import { createRecords, nextOfSeveral } from './several.js'
import { Switchboard } from './switchboard.js'
import { manifestWithin, takeMachines, whileMaking } from './taking.js'
import { World } from './world.js'

type Undo = () => unknown

/** Opens the world in a directory, making it when there is none. Rejects with a `KatydidError` that says what to do. */
export async function openWorld(options: OpenOptions): Promise<World> {
  checkOptions(options)
  const managers = managerPrograms(options.managers ?? [])
  const dir = path.resolve(options.dir)
  const takenBack: Undo[] = []
  try {
    const { world, here } = await opened(dir, options, managers, takenBack)
    if (options.rollbackTo !== undefined) await world.rollback(options.rollbackTo)
    if (options.hold !== true) {
      if (options.acceptChanged !== true)
        await Promise.all(here.map(({ host }) => refuseChanged(host)))
      world.begin()
    }
    return world
  } catch (error) {
    await giveBack(takenBack)
    throw error
  }
}

/**
 * Opens one machine of a world of several, whose others other processes of this computer have or will have; the world is there, or is made by another
 * process within `waitMs`. Rejects as `openWorld`: `not_a_world`, `world_in_use` (another process has the machine), `unreachable` (another machine did not come).
 */
export function joinWorld(
  options: Omit<OpenOptions, 'machines' | 'take' | 'create'> & { readonly machine: number },
): Promise<World> {
  const { machine, ...open } = options
  return openWorld({ ...open, take: [machine], create: false })
}

async function opened(
  dir: string,
  options: OpenOptions,
  managers: readonly ManagerProgram[],
  takenBack: Undo[],
): Promise<{ readonly world: World; readonly here: readonly HostedMachine[] }> {
  const { found, manifest } = await manifestFor(dir, options)
  const count = manifest.machines.length
  const taken = await takeMachines(dir, count, options.take)
  for (const { lock } of taken) takenBack.push(() => lock.release())
  const isNew = found === null && count === 1
  if (isNew && readManifest(dir) !== null) {
    // Another process has made it between the look and the lock.
    await giveBack(takenBack)
    return opened(dir, options, managers, takenBack)
  }
  if (isNew) createDisks(dir, manifest)
  const shape: MachineShape = shapeOf(options, manifest.shape)
  checkManagerFrames(options, shape)
  const folder = count > 1 && options.take !== undefined ? runtimeFolder(dir, manifest.world) : null
  if (folder !== null)
    takenBack.push(() =>
      leaveRuntimeFolder(
        folder,
        taken.map(({ machine }) => machine),
      ),
    )
  const together = options.threads === 'together'
  const joining = { dir, manifest, folder, switchboard: new Switchboard() }
  const here = taken.map(({ machine }) => {
    const { disk } = manifest.machines.find((each) => each.machine === machine)!
    const diskFd = openDiskFile(dir, disk)
    takenBack.push(() => fs.closeSync(diskFd))
    const base = {
      machine,
      shape: {
        ...shape,
        ...(count > 1 ? { network: true } : {}),
        ...(together ? { together } : {}),
      },
      diskFd,
      diskBytes: disk.bytes,
      worldId: manifest.world,
      managers,
      ...settingsOf(options, manifest),
    }
    const hosted = new HostedMachine({
      machine,
      isOneOfSeveral: count > 1,
      beforeLoci: (life) =>
        options.acceptChanged === true ? Promise.resolve() : refuseChanged(life.host),
      next: () => {
        if (count === 1) return { options: { ...base, format: isNew }, onReady: () => undefined }
        const { format, network, onReady } = nextOfSeveral(joining, machine)
        return { options: { ...base, format }, network, onReady }
      },
    })
    takenBack.push(() => hosted.close())
    return hosted
  })
  const ready = await allReady(dir, here, count, options.waitMs ?? defaultWaitMs)
  if (isNew) writeManifest(dir, manifest)
  const damage = ready.flatMap((each) => each.damage ?? [])
  const world = new World({
    machines: new Machines(dir, count, here),
    shape,
    recovery: {
      created: found === null,
      capture: Math.max(...ready.map(({ recoveredCapture }) => recoveredCapture)),
      ms: Math.max(...ready.map(({ recoveryMs }) => recoveryMs)),
      damage: damage.length === 0 ? null : damage.join('; '),
    },
    release: () => giveBack(takenBack),
  })
  return { world, here }
}

/** The manifest that is there, made where that is wanted; of a world of one machine that is new it is written when there is a disk. */
async function manifestFor(
  dir: string,
  options: OpenOptions,
): Promise<{ readonly found: Manifest | null; readonly manifest: Manifest }> {
  const isJoining = options.create === false && options.take !== undefined
  if (!isJoining) makeDirectory(dir, options)
  const found = isJoining
    ? await manifestWithin(dir, options.waitMs ?? defaultWaitMs)
    : readManifest(dir)
  if (found === null && options.create === false) throw noWorld(dir)
  const count = machinesOf(options, found?.machines.length ?? null)
  const shape = shapeOf(options, found?.shape ?? null)
  const retain = retainOf(options, found?.retain ?? null)
  if (found !== null) return { found, manifest: found }
  const fresh = newManifest(count, shape, options.diskBytes ?? defaultDiskBytes, retain)
  if (count === 1) return { found, manifest: fresh }
  const manifest = await whileMaking(dir, () => {
    createDisks(dir, fresh)
    createRecords(dir, fresh)
    writeManifest(dir, fresh)
    return fresh
  })
  machinesOf(options, manifest.machines.length)
  return { found: manifest === fresh ? null : manifest, manifest }
}

/** What each machine is started with, whichever it is. */
function settingsOf(options: OpenOptions, { retain }: Manifest) {
  return {
    retain,
    retainEveryMs: options.retainEveryMs ?? defaultRetainEveryMs,
    acceptChanged: options.acceptChanged ?? false,
    snapshotEveryMs: options.snapshotEveryMs ?? defaultSnapshotEveryMs,
    line: options.line ?? 'eager',
    ...(options.auditEvery === undefined ? {} : { auditEvery: options.auditEvery }),
    ...(options.managerFrames === undefined ? {} : { managerFrames: options.managerFrames }),
    ...(options.locusHeapMb === undefined ? {} : { locusHeapMb: options.locusHeapMb }),
  }
}

/** All start at once, and none is ready before all of the world run. */
async function allReady(
  dir: string,
  here: readonly HostedMachine[],
  count: number,
  waitMs: number,
): Promise<readonly Ready[]> {
  const all = Promise.all(here.map((each) => each.start()))
  if (here.length === count) return all
  all.catch(() => undefined)
  const tooLate = new Promise<never>((_, reject) => {
    const sentence = `Not all of the ${count} machines of the world in ${dir} came within ${waitMs / 1000} s; this process has ${here.map(({ machine }) => machine).join(', ')}. Start the processes of the others.`
    const timer = setTimeout(() => reject(new KatydidError('unreachable', sentence)), waitMs)
    void all.catch(() => undefined).then(() => clearTimeout(timer))
  })
  return Promise.race([all, tooLate])
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
