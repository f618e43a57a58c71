/**
 * The list of files as the parent hands it to the program: one JSON array a line, in order. Written once, before the
 * world starts, and never changed: the program's file numbers are places in it.
 */
import fs from 'node:fs'
import type { TextFile } from './corpus.js'

export function writeFileList(place: string, files: readonly TextFile[]): void {
  const lines = files.map(({ path, byteLength, modifiedMs }) =>
    JSON.stringify([path, byteLength, modifiedMs]),
  )
  fs.writeFileSync(place, `${lines.join('\n')}\n`)
}

export function readFileList(place: string): TextFile[] {
  const lines = fs.readFileSync(place, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => {
    const [path, byteLength, modifiedMs] = JSON.parse(line) as [string, number, number]
    return { path, byteLength, modifiedMs }
  })
}

const pieceBytes = 1024 * 1024

/** The bytes of a file in pieces of at most 1 MiB. The piece is used again: done with before the next is asked for. */
export function* piecesOf(place: string, piece = Buffer.alloc(pieceBytes)): Generator<Buffer> {
  const fd = fs.openSync(place, 'r')
  try {
    for (;;) {
      const length = fs.readSync(fd, piece, 0, piece.length, null)
      if (length === 0) return
      yield piece.subarray(0, length)
    }
  } finally {
    fs.closeSync(fd)
  }
}
