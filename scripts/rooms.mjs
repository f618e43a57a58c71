/**
 * The rooms of the house as folders: which there are, their sources, and what each source builds to.
 *
 * A room is a folder with a package.json, in `packages/` or one of the three at the top. Nothing here
 * reads a file's content.
 */
import fs from 'node:fs'
import path from 'node:path'

const topRooms = ['demo', 'tests', 'bench']

/** Every room's folder, absolute. */
export function rooms(root) {
  const packages = fs.readdirSync(path.join(root, 'packages')).map((name) => `packages/${name}`)
  return [...packages, ...topRooms]
    .map((room) => path.join(root, room))
    .filter((room) => fs.existsSync(path.join(room, 'package.json')))
}

/** Every TypeScript source of a room, absolute, in a fixed order. */
export function sourcesOf(room) {
  return filesUnder(path.join(room, 'src')).filter((file) => file.endsWith('.ts'))
}

/** What the compiler writes for a source; a declaration file writes nothing. */
export function outputsOf(room, source) {
  if (source.endsWith('.d.ts')) return []
  const stem = path.join(room, 'dist', path.relative(path.join(room, 'src'), source)).slice(0, -3)
  return [`${stem}.js`, `${stem}.d.ts`, `${stem}.js.map`]
}

/** Deletes what was built from sources that are gone: a deleted test must not keep running. */
export function removeStaleOutputs(room) {
  const wanted = new Set(sourcesOf(room).flatMap((source) => outputsOf(room, source)))
  for (const file of filesUnder(path.join(room, 'dist'))) {
    if (/\.(js|js\.map|d\.ts)$/.test(file) && !wanted.has(file)) fs.rmSync(file, { force: true })
  }
}

function filesUnder(folder) {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}
