/**
 * A program as the world records it: the file URL of its module, its entry and the hash of its content.
 *
 * The hash covers the module's own file. What it imports is not covered: a change there is not seen.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { program, ValueOf } from '@katydid/abi'
import { KatydidError, systemCode, systemWords } from './error.js'

export type Program = ValueOf<typeof program>

/** Finds the program in `file` (relative to the working directory). Refuses with `no_such_program`. */
export function findProgram(file: string): Program {
  const full = path.resolve(file)
  let content: Buffer
  try {
    content = fs.readFileSync(full)
  } catch (error) {
    const reason =
      systemCode(error) === 'ENOENT'
        ? 'there is no such file'
        : systemCode(error) === 'EISDIR'
          ? 'it is a directory'
          : systemWords(error)
    throw new KatydidError('no_such_program', `The program ${file} cannot be loaded: ${reason}.`)
  }
  return { module: pathToFileURL(full).href, entry: 'default', hash: contentHash(content) }
}

/** SHA-256 of a module's content, in hexadecimal. */
export function contentHash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
