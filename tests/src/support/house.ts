/**
 * The house as text, for the tests that look at it: its rooms, its sources, and what each imports.
 *
 * Reads files and decides nothing. Sources are looked at with regular expressions, not parsed: the
 * compiler has no interface to ask, and the shapes looked for are few.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')

export interface Room {
  readonly name: string
  readonly folder: string
  readonly ours: readonly string[]
  readonly theirs: readonly string[]
}

export interface Import {
  readonly specifier: string
  readonly isTypeOnly: boolean
}

/** The table of rooms in docs/ARCHITECTURE.md. */
export function readRooms(): Room[] {
  const [, afterMark = ''] = readText('docs/ARCHITECTURE.md').split('<!-- rooms:')
  const rows = afterMark.split('\n').filter((line) => /^\| \w+ \|/.test(line))
  return rows
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .filter(([, name]) => name !== 'room')
    .map(([, name = '', folder = '', , ours = '', theirs = '']) => ({
      name,
      folder,
      ours: words(ours),
      theirs: words(theirs),
    }))
}

function words(cell: string): string[] {
  return cell === '-' ? [] : cell.split(',').map((word) => word.trim())
}

/** How a room is called in an import. */
export function packageName(room: string): string {
  return room === 'katydid' ? 'katydid' : `@katydid/${room}`
}

/** The sources of a room, relative to the root. */
export function sourcesOf(room: Pick<Room, 'folder'>): string[] {
  return filesUnder(`${room.folder}/src`).filter((file) => file.endsWith('.ts'))
}

/** The files of a folder and below, relative to the root, in a fixed order. */
export function filesUnder(folder: string): string[] {
  const top = path.join(root, folder)
  if (!fs.existsSync(top)) return []
  return fs
    .readdirSync(top, { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.split(path.sep).join('/')}`)
    .filter((file) => fs.statSync(path.join(root, file)).isFile())
    .sort()
}

/**
 * Every file that belongs to the repository. Where there is no git, everything but what is built,
 * installed or hidden.
 */
export function repositoryFiles(): string[] {
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
    const output = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
    return output.split('\0').filter((file) => file !== '' && fs.existsSync(path.join(root, file)))
  } catch {
    return ['docs', 'packages', 'demo', 'tests', 'bench', 'scripts']
      .flatMap((folder) => filesUnder(folder))
      .filter((file) => !/(^|\/)(node_modules|dist|\.[^/]*)\//.test(file))
  }
}

export function readText(file: string): string {
  return fs.readFileSync(path.join(root, file), 'utf8')
}

const comment = String.raw`\/\*[\s\S]*?\*\/|\/\/[^\n]*`
const text = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|${'`'}(?:\\.|[^${'`'}\\])*${'`'}`
/** A slash begins a regular expression only where a value may begin. */
const regularExpression = String.raw`(?<=[(,=:[!&|?{};\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`
const token = new RegExp([comment, text, regularExpression].join('|'), 'g')

/** A source without its comments. */
export function withoutComments(source: string): string {
  return source.replace(token, (found) => (isComment(found) ? ' ' : found))
}

/** A source without its comments and with every literal emptied. */
export function codeOnly(source: string): string {
  return source.replace(token, (found) => (isComment(found) ? ' ' : "''"))
}

function isComment(found: string): boolean {
  return found.startsWith('//') || found.startsWith('/*')
}

const importForms = [
  /(?:^|[\n;])\s*(import|export)\s+(type\s)?[^'"();]*?\sfrom\s*['"]([^'"]+)['"]/g,
  /(?:^|[\n;])\s*(import)\s+()['"]([^'"]+)['"]/g,
  /\b(import|require|import\.meta\.resolve)()\(\s*['"]([^'"]+)['"]/g,
  /\bnew (URL)()\(\s*['"]([^'"]+)['"]\s*,\s*import\.meta\.url/g,
]

/** What a source imports, in whatever way: statements, calls, and URLs beside itself. */
export function importsOf(file: string): Import[] {
  const source = withoutComments(readText(file))
  return importForms.flatMap((form) =>
    [...source.matchAll(form)].map((found) => ({
      specifier: found[3] ?? '',
      isTypeOnly: found[2] !== undefined && found[2] !== '',
    })),
  )
}

/** The source a relative import leads to, or what it would be. */
export function resolveRelative(file: string, specifier: string): string {
  const target = path.posix.join(path.posix.dirname(file), specifier)
  return target.replace(/\.js$/, '.ts')
}

/** A module of scripts/, which has no types of its own. */
export async function importScript<T>(name: string): Promise<T> {
  return (await import(new URL(`file://${root}/scripts/${name}`).href)) as T
}
