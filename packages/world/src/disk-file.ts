/**
 * The file of a disk: found, checked for its size and opened on the world's thread, so that every thread of the
 * process uses one descriptor and closing it is nobody else's business.
 */
import fs from 'node:fs'
import path from 'node:path'
import { KatydidError, systemCode, systemWords } from './error.js'
import type { DiskFile } from './manifest.js'

/** Bytes of a new world's disk. The file is sparse: it takes room as it is written. */
export const defaultDiskBytes = 8 * 1024 ** 3

/** Opens the disk's file for reading and writing. Refuses with `damaged` when it is missing or shorter than it was made. */
export function openDiskFile(folder: string, disk: DiskFile): number {
  const file = path.join(folder, disk.file)
  let fd: number
  try {
    fd = fs.openSync(file, 'r+')
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      throw new KatydidError(
        'damaged',
        `The disk file ${file} is missing: everything in the world was in it. Bring it back from a copy, or delete the directory to begin anew.`,
      )
    throw new KatydidError(
      'io_error',
      `The disk file ${file} cannot be opened: ${systemWords(error)}.`,
    )
  }
  const { size } = fs.fstatSync(fd)
  if (size < disk.bytes) {
    fs.closeSync(fd)
    throw new KatydidError(
      'damaged',
      `The disk file ${file} was cut: it has ${size} bytes of ${disk.bytes}. Bring it back from a copy; nothing was changed.`,
    )
  }
  return fd
}
