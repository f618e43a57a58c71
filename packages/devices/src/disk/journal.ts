/**
 * A journal of a file: every write in order, and every barrier with the number of entries it covered. A power cut at any moment can be made of it
 * (see `crash-image.ts`), also after a kill, which loses nothing that the system had taken.
 */
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'

export type JournalEntry =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array }
  /** The first `covers` entries were durable from here on. */
  | { readonly kind: 'sync'; readonly covers: number }

export interface Journal {
  /** Notes a write at byte `at` of the file, after it was done. */
  wrote(at: number, parts: readonly Uint8Array[]): void
  /** Notes a barrier that begins; call what it answers when the barrier has completed. */
  began(): () => void
}

/** A journal in memory. */
export class MemoryJournal implements Journal {
  readonly entries: JournalEntry[] = []

  wrote(at: number, parts: readonly Uint8Array[]): void {
    this.entries.push({
      kind: 'write',
      at,
      bytes: Buffer.concat(parts.map((part) => Uint8Array.from(part))),
    })
  }

  began(): () => void {
    const covers = this.entries.length
    return () => {
      invariant(covers <= this.entries.length, 'DK18: a barrier covers what came before it', {
        covers,
      })
      this.entries.push({ kind: 'sync', covers })
    }
  }
}

/** A file with a journal. */
export class JournaledFile implements BlockFile {
  readonly blockBytes: number
  readonly #file: BlockFile
  readonly #journal: Journal

  constructor(file: BlockFile, journal: Journal) {
    this.#file = file
    this.#journal = journal
    this.blockBytes = file.blockBytes
  }

  sizeBytes(): number {
    return this.#file.sizeBytes()
  }

  read(block: number, into: Uint8Array): void {
    this.#file.read(block, into)
  }

  write(block: number, parts: readonly Uint8Array[]): void {
    this.#file.write(block, parts)
    this.#journal.wrote(block * this.blockBytes, parts)
  }

  sync(): void {
    this.beginSync()()
  }

  /** A barrier in two halves: it covers what was written before this call, and is there when what it answers was called. */
  beginSync(): () => void {
    const completed = this.#journal.began()
    return () => {
      this.#file.sync()
      completed()
    }
  }
}
