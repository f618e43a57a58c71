/**
 * Loads the module of a program on the locus's own thread, synchronously: the thread of a locus has no turn of an event
 * loop to wait for. What cannot be entered is refused by status before anything runs in the container.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { program, ValueOf } from '@katydid/abi'
import { words } from './block.js'
import { LocusError } from './locus-error.js'
import type { Locus } from './locus.js'

export type Program = ValueOf<typeof program>
/** A program's entry. */
export type Entry = (locus: Locus) => unknown

/**
 * The entry function of the program. `no_such_program`: no module there; `program_is_async`: top-level await;
 * `program_failed`: loading it threw; `not_a_function`: it does not export the entry.
 */
export function loadProgram({ module, entry }: Program): Entry {
  const exported = entryOf(requireModule(module), entry)
  if (typeof exported === 'function') return exported as Entry
  throw new LocusError(
    'not_a_function',
    `${module} exports ${exported === undefined ? 'nothing' : `a ${typeof exported}`} as ${entry}; export a function (locus) => block`,
  )
}

function requireModule(module: string): unknown {
  const require = createRequire(import.meta.url)
  let file: string
  try {
    file = require.resolve(fileURLToPath(module))
  } catch {
    throw new LocusError('no_such_program', `the module ${module} cannot be found`)
  }
  try {
    return require(file) as unknown
  } catch (error) {
    if ((error as { readonly code?: unknown } | null)?.code === 'ERR_REQUIRE_ASYNC_MODULE')
      throw new LocusError(
        'program_is_async',
        `${module} awaits at its top level; a program is synchronous from its first line on`,
      )
    throw new LocusError('program_failed', `${module} failed as it was loaded: ${words(error)}`, {
      cause: error,
    })
  }
}

function entryOf(exports: unknown, entry: string): unknown {
  // A CommonJS module that is itself the function.
  if (typeof exports === 'function' && entry === 'default') return exports
  return (exports as Readonly<Record<string, unknown>> | null | undefined)?.[entry]
}
