/**
 * Where the sockets of a world's machines lie: in the world's directory, or, since the system takes short paths only, in one by the world's
 * id among the temporary files. All processes of a world come to the same, by whatever name they know its directory.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { MachineId } from '@katydid/abi'
import { socketPath } from '@katydid/devices'

const nameInWorld = 'sockets'
/** Leaves room for the name of a socket in what the system takes. */
const longestFolder = 90

export function runtimeFolder(dir: string, world: string): string {
  const within = path.join(fs.realpathSync(dir), nameInWorld)
  return Buffer.byteLength(within) <= longestFolder ? within : `/tmp/katydid-${world}`
}

/** Removes the sockets of these machines, whose locks the caller has, and the folder when nobody else has one in it. */
export function leaveRuntimeFolder(folder: string, machines: readonly MachineId[]): void {
  try {
    for (const machine of machines) fs.rmSync(socketPath(folder, machine), { force: true })
    fs.rmdirSync(folder)
  } catch {
    // Another process has its machines there.
  }
}
