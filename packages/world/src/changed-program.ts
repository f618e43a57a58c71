/** Whether a program is still what the world recorded: looked at before any of it runs. */
import { fileURLToPath } from 'node:url'
import { locusCalls } from '@katydid/abi'
import { KatydidError } from './error.js'
import { must, type HostCall } from './host-call.js'
import { moduleHash } from './module-hash.js'
import type { Program } from './programs.js'

/** Refuses with `no_such_program` when it is gone and with `program_changed` when it is another; null: it is the same. */
export function changeOf(container: string, program: Program): KatydidError | null {
  const file = fileURLToPath(program.module)
  let hash: string
  try {
    hash = moduleHash(file)
  } catch {
    return new KatydidError(
      'no_such_program',
      `The program of container ${container} is gone: ${file}. Bring it back, or open the world with acceptChanged.`,
    )
  }
  return hash === program.hash
    ? null
    : new KatydidError(
        'program_changed',
        `The program of container ${container} has changed since the world recorded it: ${file}, or something it imports. Bring the old content back, or open the world with acceptChanged.`,
      )
}

/** Before any locus goes on: the programs of all containers must be those the world recorded. Rejects with what `changeOf` says. */
export async function refuseChanged(host: HostCall): Promise<void> {
  const { containers } = await must(host, 'status', locusCalls.worldStatus, {})
  for (const { name, program } of containers) {
    if (program === null) continue
    const change = changeOf(name, program)
    if (change !== null) throw change
  }
}
