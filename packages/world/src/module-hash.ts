/**
 * The content of a module as the world records it: its own file, every file it imports by a relative path, and so on, and the
 * name and version of every package that these import.
 *
 * Two modules have the same hash when nothing of that differs, wherever they lie. What is not seen: what is loaded by a name
 * that is not written in the file, files that are merely read, and what packages import in turn (their version stands for it).
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A name after `from`, `import` or `require`, comments between allowed. Also matches in comments and texts: a file that is not
 * there is not counted, and one that is there counts too often rather than never.
 */
const specifiers =
  /\b(?:from|import|require)(?:\s|\/\*[^]*?\*\/|\/\/[^\n]*\n)*\(?(?:\s|\/\*[^]*?\*\/|\/\/[^\n]*\n)*(['"`])([^'"`\n\\]+)\1/g
/** What is left out of a relative name, in the order in which Node tries it. */
const endings = ['', '.js', '.cjs', '.mjs', '.json', '/index.js', '/index.cjs', '/index.mjs']
const scripts = /\.[cm]?[jt]s$/

/** SHA-256 in hexadecimal of the module in `file` and what it imports. Throws the system's error when the file cannot be read. */
export function moduleHash(file: string): string {
  const entry = path.resolve(file)
  const folder = path.dirname(entry)
  const contents = new Map<string, Buffer>([[entry, fs.readFileSync(entry)]])
  const packages = new Set<string>()
  // A map hands out what is added while it is gone through.
  for (const [from, content] of contents)
    for (const name of importsOf(from, content)) {
      const found = isPath(name) ? fileOf(name, from) : null
      if (found !== null) contents.set(found, contents.get(found) ?? fs.readFileSync(found))
      else if (isPackage(name)) packages.add(versionOf(name, from))
    }
  const lines = [...contents].map(([each, content]) => {
    // The entry has no name of its own: the same content in another file is the same program.
    const name = each === entry ? '' : path.relative(folder, each).replaceAll(path.sep, '/')
    return `${name} ${createHash('sha256').update(content).digest('hex')}`
  })
  const text = [...lines, ...packages].toSorted().join('\n')
  return createHash('sha256').update(text).digest('hex')
}

function importsOf(file: string, content: Buffer): string[] {
  if (!scripts.test(file)) return []
  return [...content.toString('utf8').matchAll(specifiers)].map(([, , name = '']) => name)
}

const isPath = (name: string): boolean => /^(\.\.?\/|\/|file:)/.test(name)
const isPackage = (name: string): boolean => /^(@[\w.-]+\/)?[\w-][\w.-]*(\/|$)/.test(name)

function fileOf(name: string, from: string): string | null {
  let base: string
  try {
    base = name.startsWith('file:')
      ? fileURLToPath(name)
      : path.resolve(path.dirname(from), name.replace(/[?#].*$/, ''))
  } catch {
    return null
  }
  const found = endings.map((ending) => `${base}${ending}`).find(isFile)
  return found === undefined ? null : fs.realpathSync(found)
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

/** The package's name and version, as the folders above say; only the name of one that is not installed, or is Node's own. */
function versionOf(specifier: string, from: string): string {
  const [first = '', second = ''] = specifier.split('/')
  const name = first.startsWith('@') ? `${first}/${second}` : first
  for (let folder = path.dirname(from); ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'node_modules', name, 'package.json')
    if (isFile(manifest)) return `${name}@${versionIn(manifest)}`
    if (folder === path.dirname(folder)) return name
  }
}

function versionIn(manifest: string): string {
  try {
    const { version } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version?: unknown }
    return typeof version === 'string' ? version : ''
  } catch {
    return ''
  }
}
