/**
 * A journal in a file, written by driver and barrier thread alike: each entry is one append, so entries never mix. A barrier counts the bytes that
 * were there when it began; an entry that a kill cut off does not count.
 */
import { closeSync, fstatSync, openSync, readFileSync, writevSync } from 'node:fs'
import { invariant } from '@katydid/actor'
import { totalBytes } from './block-file.js'
import type { Journal, JournalEntry } from './journal.js'

const entryKinds = { write: 1, sync: 2 } as const
/** Kind, length of what follows, and a float 64: the byte it was written at, or the bytes of journal a barrier covers. */
const headBytes = 16

export class FileJournal implements Journal {
  readonly #fd: number

  /** Opens the journal at the path, or makes it. */
  constructor(path: string) {
    this.#fd = openSync(path, 'a')
  }

  wrote(at: number, parts: readonly Uint8Array[]): void {
    const bytes = totalBytes(parts)
    const wrote = writevSync(this.#fd, [head(entryKinds.write, bytes, at), ...parts])
    invariant(wrote === headBytes + bytes, 'DK18: a journal’s entry is one append', {
      wrote,
      bytes,
    })
  }

  began(): () => void {
    const covers = fstatSync(this.#fd).size
    return () => {
      const wrote = writevSync(this.#fd, [head(entryKinds.sync, 0, covers)])
      invariant(wrote === headBytes, 'DK18: a journal’s entry is one append', { wrote })
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** The entries of a journal file. */
export function readJournal(path: string): JournalEntry[] {
  const file = readFileSync(path)
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const entries: JournalEntry[] = []
  const ends: number[] = []
  for (let at = 0; at + headBytes <= file.length;) {
    const kind = view.getUint32(at, true)
    const bytes = view.getUint32(at + 4, true)
    const number = view.getFloat64(at + 8, true)
    const end = at + headBytes + bytes
    if (end > file.length) break
    if (kind === entryKinds.write)
      entries.push({ kind: 'write', at: number, bytes: file.subarray(at + headBytes, end) })
    else entries.push({ kind: 'sync', covers: ends.filter((each) => each <= number).length })
    ends.push(end)
    at = end
  }
  return entries
}

function head(kind: number, bytes: number, number: number): Uint8Array {
  invariant(bytes < 2 ** 32, 'DK18: an entry has fewer than 2^32 bytes', { bytes })
  const view = new DataView(new ArrayBuffer(headBytes))
  view.setUint32(0, kind, true)
  view.setUint32(4, bytes, true)
  view.setFloat64(8, number, true)
  return new Uint8Array(view.buffer)
}
