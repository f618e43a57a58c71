/**
 * What a disk core knows of the outside: a file of blocks. Its operations are synchronous; whoever must not wait for `sync`
 * calls it on another thread. A file that refuses throws a `FileFault`; it never answers less than was asked.
 */

/** The system refused an operation. `code` is the system's word: EIO, ENOSPC, … */
export class FileFault extends Error {
  readonly code: string

  constructor(code: string, sentence: string) {
    super(sentence)
    this.name = 'FileFault'
    this.code = code
  }
}

export interface BlockFile {
  readonly blockBytes: number
  /** Length in bytes at present; what lies behind it reads as zeros. */
  sizeBytes(): number
  /** Fills `into` from the beginning of `block`; zeros behind the end of the file. Throws FileFault. */
  read(block: number, into: Uint8Array): void
  /** Writes the parts one behind the other from the beginning of `block`, all of them. Throws FileFault when any byte was refused: then any of them may have been written. */
  write(block: number, parts: readonly Uint8Array[]): void
  /** A barrier: what was written before the call survives a power cut when it returns. Throws FileFault. */
  sync(): void
}

/** What the system said, as a `FileFault`. */
export function asFault(error: unknown, doing: string): FileFault {
  if (error instanceof FileFault) return error
  const said = error instanceof Error ? error.message : String(error)
  const code = (error as { readonly code?: unknown }).code
  return new FileFault(typeof code === 'string' ? code : 'EIO', `${doing}: ${said}`)
}

export function totalBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}
