/**
 * One process at a time has a machine of a world open. The lock is an abstract socket named by the directory's
 * device and inode and the machine's id: the system drops it with the process, however that ends, and a renamed
 * or linked directory is still the same world. Whoever connects is told the holder's process id.
 *
 * Abstract names belong to a network namespace: a directory shared between two of them is not protected.
 */
import fs from 'node:fs'
import net from 'node:net'
import { KatydidError } from './error.js'

export interface WorldLock {
  /** Lets go. Other processes may open the world as soon as this has settled. */
  release(): Promise<void>
}

const answerWithinMs = 500

/** Takes the lock of machine `machine` of the world in `folder`, which must exist. Refuses with `world_in_use`. */
export async function lockWorld(folder: string, machine: number): Promise<WorldLock> {
  const { dev, ino } = fs.statSync(folder)
  const name = `\0katydid-${dev}-${ino}-${machine}`
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(`${process.pid}\n`)
  })
  const taken = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(true) : reject(error),
    )
    server.listen(name, () => resolve(false))
  })
  if (taken) {
    const holder = await holderOf(name)
    throw new KatydidError(
      'world_in_use',
      `The world in ${folder} is open in another process${holder === null ? '' : ` (pid ${holder})`}. Stop that one first.`,
    )
  }
  server.unref()
  return {
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The process id the holder tells, or null when it does not answer (stopped, or just gone). */
function holderOf(name: string): Promise<number | null> {
  return new Promise((resolve) => {
    let text = ''
    const socket = net.connect(name)
    const done = (): void => {
      socket.destroy()
      const pid = Number.parseInt(text, 10)
      resolve(Number.isInteger(pid) ? pid : null)
    }
    socket.setTimeout(answerWithinMs, done)
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', done)
    socket.on('end', done)
  })
}
