/** Which folder is meant, or the sentence that says why it cannot be. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../options.js'

/** The default corpus: what is installed beside this workspace. */
const dependencies = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  '../../../node_modules',
)
/** The default corpus grows with every dependency; the job that everybody runs first is not to grow with it. */
const defaultLimitBytes = 64_000_000

export interface Folder {
  /** The real path. */
  readonly path: string
  readonly isDefault: boolean
  readonly limitBytes: number
}

/** The folder to index. Throws a UsageError when `input` is no folder that can be read. */
export function chooseFolder(input: string | null): Folder {
  if (input === null)
    return { path: realFolder(dependencies), isDefault: true, limitBytes: defaultLimitBytes }
  return { path: realFolder(path.resolve(input)), isDefault: false, limitBytes: Infinity }
}

function realFolder(place: string): string {
  const shown = path.relative(process.cwd(), place) || '.'
  const stat = statOrNull(place)
  if (stat === null) throw new UsageError(`--input ${shown}: there is no such folder.`)
  if (!stat.isDirectory())
    throw new UsageError(`--input ${shown} is not a folder; give the folder that holds it.`)
  try {
    fs.accessSync(place, fs.constants.R_OK | fs.constants.X_OK)
  } catch {
    throw new UsageError(`--input ${shown}: the folder cannot be read; permission is denied.`)
  }
  return fs.realpathSync(place)
}

function statOrNull(place: string): fs.Stats | null {
  try {
    return fs.statSync(place)
  } catch {
    return null
  }
}
