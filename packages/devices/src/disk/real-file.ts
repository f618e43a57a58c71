/**
 * A disk in a file of the system, through a descriptor that somebody else opened and closes. Writes go straight from the
 * caller's views, shared memory included; a write or read that the system cuts short is continued.
 */
import { fdatasyncSync, fstatSync, readSync, writevSync } from 'node:fs'
import { invariant } from '@katydid/actor'
import { asFault, FileFault, totalBytes, type BlockFile } from './block-file.js'

/** The system's calls, as an argument so that a test can cut them short. */
export interface FileCalls {
  readv(fd: number, into: Uint8Array, at: number): number
  writev(fd: number, parts: readonly Uint8Array[], at: number): number
  sync(fd: number): void
  size(fd: number): number
}

export const systemCalls: FileCalls = {
  readv: (fd, into, at) => readSync(fd, into, 0, into.length, at),
  writev: (fd, parts, at) => writevSync(fd, parts, at),
  sync: (fd) => fdatasyncSync(fd),
  size: (fd) => fstatSync(fd).size,
}

export class RealFile implements BlockFile {
  readonly blockBytes: number
  readonly #fd: number
  readonly #calls: FileCalls

  constructor(fd: number, blockBytes: number, calls: FileCalls = systemCalls) {
    this.#fd = fd
    this.blockBytes = blockBytes
    this.#calls = calls
  }

  sizeBytes(): number {
    return this.#calls.size(this.#fd)
  }

  read(block: number, into: Uint8Array): void {
    let done = 0
    while (done < into.length) {
      const got = this.#attempt('reading', () =>
        this.#calls.readv(this.#fd, into.subarray(done), block * this.blockBytes + done),
      )
      if (got === 0) {
        into.subarray(done).fill(0)
        return
      }
      done += got
    }
  }

  write(block: number, parts: readonly Uint8Array[]): void {
    const bytes = totalBytes(parts)
    invariant(bytes % this.blockBytes === 0, 'DK15: whole blocks are written', { bytes })
    let done = 0
    let left = parts
    while (done < bytes) {
      const wrote = this.#attempt('writing', () =>
        this.#calls.writev(this.#fd, left, block * this.blockBytes + done),
      )
      if (wrote === 0)
        throw new FileFault('EIO', 'writing: the system took no byte and gave no reason')
      done += wrote
      left = behind(left, wrote)
    }
  }

  sync(): void {
    this.#attempt('barrier', () => this.#calls.sync(this.#fd))
  }

  #attempt<T>(doing: string, call: () => T): T {
    try {
      return call()
    } catch (error) {
      throw asFault(error, doing)
    }
  }
}

/** What is left of the parts after their first `bytes` bytes. */
function behind(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = []
  let skip = bytes
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length
    else {
      left.push(skip === 0 ? part : part.subarray(skip))
      skip = 0
    }
  }
  invariant(skip === 0, 'DK15: the system never takes more bytes than it was given', { skip })
  return left
}
