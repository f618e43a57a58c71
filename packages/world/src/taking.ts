/** Which machines of a world a process takes, each with its lock, and who makes a world of several: one process, while no other takes part in it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asMachine, type MachineId } from '@katydid/abi'
import { KatydidError } from './error.js'
import { lockWorld, type WorldLock } from './lock.js'
import { readManifest, type Manifest } from './manifest.js'
import type { OpenOptions } from './options.js'

/** Nobody’s machine: the lock of whoever makes the world. */
const making = 0
const againMs = 50

export interface Taken {
  readonly machine: MachineId
  readonly lock: WorldLock
}

/** Locks the machines that the options name, or each that is free. Rejects with `world_in_use` when one that is named is not, or none is. */
export async function takeMachines(
  dir: string,
  count: number,
  take: OpenOptions['take'],
): Promise<readonly Taken[]> {
  const all = Array.from({ length: count }, (_, nth) => nth + 1)
  const wanted = take === undefined || take === 'free' ? all : [...new Set(take)]
  const beyond = wanted.find((each) => each > count)
  if (beyond !== undefined)
    throw new KatydidError(
      'bad_argument',
      `The world in ${dir} has machines 1 to ${count}, not ${beyond}.`,
    )
  const taken: Taken[] = []
  let refusal: unknown = null
  for (const machine of wanted.sort((a, b) => a - b)) {
    try {
      taken.push({ machine: asMachine(machine), lock: await lockWorld(dir, machine) })
    } catch (error) {
      refusal = error
      if (take !== 'free' || !isInUse(error)) break
    }
  }
  if (refusal === null || (take === 'free' && isInUse(refusal) && taken.length > 0)) return taken
  for (const { lock } of taken) await lock.release()
  throw refusal
}

/** Does what makes the world while no other process can, unless one has made it meanwhile; the manifest that is there then. */
export async function whileMaking(dir: string, make: () => Manifest): Promise<Manifest> {
  const endMs = performance.now() + 10_000
  for (;;) {
    const locks: WorldLock[] = []
    try {
      locks.push(await lockWorld(dir, making))
      const found = readManifest(dir)
      if (found !== null) return found
      // A world of one machine is made under the lock of that.
      locks.push(await lockWorld(dir, 1))
      return make()
    } catch (error) {
      if (!isInUse(error) || performance.now() >= endMs) throw error
    } finally {
      for (const lock of locks) await lock.release()
    }
    await sleep(againMs)
  }
}

/** The manifest of a world that another process is to make; null when it has not by then. */
export async function manifestWithin(dir: string, waitMs: number): Promise<Manifest | null> {
  const endMs = performance.now() + waitMs
  for (;;) {
    const found = readManifest(dir)
    if (found !== null || performance.now() >= endMs) return found
    await sleep(againMs)
  }
}

const isInUse = (error: unknown): boolean =>
  error instanceof KatydidError && error.status === 'world_in_use'
