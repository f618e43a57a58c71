/**
 * Writes docs/reference from what `abi` declares; with `--check`, only says which pages are stale.
 *
 * Promises: the pages depend on the declarations alone, so that two machines write the same bytes.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// A named import would fail where `abi` has no generator yet; this gives undefined.
const { signaturesReference, layoutsReference, statusesReference } =
  await import('../packages/abi/dist/index.js')

const folder = path.join(
  path.dirname(path.dirname(fileURLToPath(import.meta.url))),
  'docs/reference',
)

/** A page, and the function of `abi` that writes it. */
const generators = {
  'signatures.md': signaturesReference,
  'layouts.md': layoutsReference,
  'statuses.md': statusesReference,
}

/** The pages as they should be. A generator that `abi` does not have writes no page. */
export function referencePages() {
  return Object.entries(generators)
    .filter(([, generate]) => generate !== undefined)
    .map(([name, generate]) => ({ name, text: `${generate().trimEnd()}\n` }))
}

/** The names of pages that are not as they should be. */
export function stalePages() {
  return referencePages()
    .filter(({ name, text }) => readOr(path.join(folder, name), undefined) !== text)
    .map(({ name }) => `docs/reference/${name}`)
}

function readOr(file, otherwise) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : otherwise
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = stalePages()
  if (process.argv.includes('--check')) {
    if (stale.length > 0) {
      console.log(`stale: ${stale.join(', ')}. Run \`npm run docs\` and commit the pages.`)
      process.exitCode = 1
    }
  } else {
    for (const { name, text } of referencePages()) fs.writeFileSync(path.join(folder, name), text)
    console.log(stale.length === 0 ? 'nothing to write' : `wrote ${stale.join(', ')}`)
  }
}
