/** Where the sockets of a world's machines lie, and what keeps others out: a folder of the owner alone. */
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import type { MachineId } from '@katydid/abi'
import { SocketError } from './socket-error.js'

/** The system cuts longer paths without a word. */
const longestPath = 103

/** The socket of a machine in that folder. */
export const socketPath = (folder: string, machine: MachineId): string =>
  `${folder}/m${machine}.sock`

/** Makes the folder, or makes sure that it is ours alone. Throws a SocketError that says what is wrong with it. */
export function privateFolder(folder: string): void {
  const longest = Buffer.byteLength(socketPath(folder, 64 as MachineId))
  if (longest > longestPath)
    throw new SocketError(
      'bad_argument',
      `The folder ${folder} makes socket paths of ${longest} bytes; the system takes ${longestPath}. Use a shorter one.`,
    )
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  const isOurs = process.getuid === undefined || found.uid === process.getuid()
  if (!found.isDirectory() || !isOurs || (found.mode & 0o077) !== 0)
    throw new SocketError(
      'access_denied',
      `${folder} is not a folder of this user alone, so others could reach the machine. Use one with mode 700.`,
    )
}

/** Listens at the path, in place of a socket that a dead process left there. Rejects with a SocketError when a live one has it. */
export async function listenAt(server: Server, path: string): Promise<void> {
  try {
    await listening(server, path)
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw asSocketError(error, path)
    if (await isAlive(path))
      throw new SocketError(
        'world_in_use',
        `Another process serves the machine at ${path}. Stop it first.`,
      )
    unlinkSync(path)
    await listening(server, path)
  }
  chmodSync(path, 0o600)
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Whether somebody takes connections at the path. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code

function asSocketError(error: unknown, path: string): SocketError {
  const words = error instanceof Error ? error.message : String(error)
  return new SocketError('io_error', `The socket ${path} cannot be opened: ${words}.`)
}
