/**
 * Sets up, builds, then runs a script of this workspace in the same process, as if Node had been
 * given it directly: `node scripts/run.mjs SCRIPT ARGS…`. One process, so a signal reaches the program.
 */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, say, setUp, SetUpError } from './bootstrap.mjs'

const target = path.join(root, process.argv[2] ?? '')
try {
  await setUp()
} catch (error) {
  if (!(error instanceof SetUpError)) throw error
  say(error.message)
  process.exit(1)
}
process.argv.splice(1, 2, target)
await import(pathToFileURL(target).href)
