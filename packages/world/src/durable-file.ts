/**
 * Small files that are whole or not there, whatever instant the process is killed at.
 *
 * A file is written under another name, synced, renamed, and its directory synced. Reading never changes anything.
 */
import fs from 'node:fs'
import path from 'node:path'

/** Makes the names in a directory durable. */
function syncDirectory(folder: string): void {
  const fd = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** Replaces `file` by `text`, durably and all at once. Throws the system's error. */
export function writeDurably(file: string, text: string): void {
  const fresh = `${file}.new`
  const fd = fs.openSync(fresh, 'w')
  try {
    fs.writeFileSync(fd, text)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  fs.renameSync(fresh, file)
  syncDirectory(path.dirname(file))
}

/** Makes `file` with `bytes` zero bytes (sparse where the file system can) and syncs it and its directory. */
export function createSized(file: string, bytes: number): void {
  const fd = fs.openSync(file, 'w')
  try {
    fs.ftruncateSync(fd, bytes)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  syncDirectory(path.dirname(file))
}
