/**
 * A program as the world records it: the file URL of its module, its entry and the hash of its content, that is of its file and
 * of what it imports (see `module-hash`).
 */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { program, ValueOf } from '@katydid/abi'
import { KatydidError, systemCode, systemWords } from './error.js'
import { moduleHash } from './module-hash.js'

export type Program = ValueOf<typeof program>

/** Finds the program in `file` (relative to the working directory). Refuses with `no_such_program`. */
export function findProgram(file: string): Program {
  const full = path.resolve(file)
  let hash: string
  try {
    hash = moduleHash(full)
  } catch (error) {
    const reason =
      systemCode(error) === 'ENOENT'
        ? 'there is no such file'
        : systemCode(error) === 'EISDIR'
          ? 'it is a directory'
          : systemWords(error)
    throw new KatydidError('no_such_program', `The program ${file} cannot be loaded: ${reason}.`)
  }
  return { module: pathToFileURL(full).href, entry: 'default', hash }
}
