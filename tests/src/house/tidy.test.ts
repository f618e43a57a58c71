/**
 * What keeps the house clean: each test measures all sources and its message says what to do.
 */
import test from 'ava'
import {
  codeOnly,
  filesUnder,
  readRooms,
  readText,
  repositoryFiles,
  root,
  sourcesOf,
} from '../support/house.js'

const medianLineLimit = 110
const lineLimit = 500
const invariantsPerFunction = 0.3

const plainFunction = /\bfunction\b\s*\*?\s*\w*\s*[<(]/g
const blockArrow = /=>\s*\{/g
const modifiers = String.raw`(?:(?:async|static|override|get|set)\s+)*[*#]*`
const parameters = String.raw`\((?:[^(){}]|\([^()]*\)|\{[^{}]*\})*\)`
const method = new RegExp(
  String.raw`^\s+${modifiers}(?!(?:if|for|while|switch|catch|with|function|return)\b)\w+(?:<[^\n]*>)?${parameters}(?:\s*:\s*[^={}\n]+)?\s*\{$`,
  'gm',
)

const rooms = readRooms()
const allSources = rooms.flatMap(sourcesOf)
const packageSources = allSources.filter((file) => file.startsWith('packages/'))
const textFiles = repositoryFiles().filter((file) => !/\.(gz|png|snap|ndjson)$/.test(file))

test('[HO7] no value has the type any', (t) => {
  const found = linesWith(allSources, codeOnly, /\bas any\b|:\s*any\b|<any\b|\bany\[\]|,\s*any>/)

  t.deepEqual(found, [], 'write the type, or unknown and a check')
})

test('[HO8] no test is left exclusive, skipped or unfinished', (t) => {
  const tests = filesUnder('tests/src').filter((file) => file.endsWith('.ts'))

  const found = linesWith(tests, codeOnly, /\btest(\.serial)?\.(only|skip|todo|failing)\b/)

  t.deepEqual(found, [], 'finish the test or delete it')
})

test('[HO8] no source is marked as unfinished work', (t) => {
  const sources = [...allSources, ...filesUnder('scripts')].filter((file) => !isAboutMarks(file))

  const found = linesWith(sources, (text) => text, /\b(TODO|FIXME|XXX)\b|@ts-(ignore|nocheck)/)

  t.deepEqual(found, [], 'finish it, or say in plain words what is so and why')
})

test('[HO8] no file has the marks of a merge that nobody has settled', (t) => {
  const found = linesWith(textFiles, (text) => text, /^(<{7}|>{7})( |$)/)

  t.deepEqual(found, [], 'choose what is right of the two sides, and take the marks away')
})

test('[HO10] files stay small', (t) => {
  const sizes = packageSources.map((file) => ({
    file,
    lines: readText(file).split('\n').length - 1,
  }))
  const sorted = sizes.map(({ lines }) => lines).sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0

  const giants = sizes
    .filter(({ lines }) => lines > lineLimit)
    .map(({ file, lines }) => `${file}: ${lines} lines`)

  t.deepEqual(giants, [], `a file has at most ${lineLimit} lines: give each of its ideas a file`)
  t.true(
    median <= medianLineLimit,
    `the median file has ${median} lines, more than ${medianLineLimit}: split the ones you touched`,
  )
})

for (const name of ['kernel', 'memory', 'managers', 'devices']) {
  test(`[HO11] ${name} states what it relies on`, (t) => {
    const sources = packageSources.filter(
      (file) => file.startsWith(`packages/${name}/`) && !file.includes('/testing/'),
    )
    const code = sources.map((file) => codeOnly(readText(file)))

    const functionCount = sum(code.map(countFunctions))
    const invariantCount = sum(code.map((text) => [...text.matchAll(/\binvariant\(/g)].length))

    const needed = Math.ceil(functionCount * invariantsPerFunction)
    t.true(
      invariantCount >= needed,
      `${invariantCount} invariants in ${functionCount} functions of packages/${name}, ${needed} wanted: at the first line of a function, state what it relies on`,
    )
  })
}

test('[HO12] nothing names a path of this machine or a package registry', (t) => {
  const machine = /(^|[\s'"`(=:])\/(home|root|Users|work|mnt|opt)\/\w/
  const registry = /registry\.npm(js|mirror)|https?:\/\/[^\s/]*(registry|artifactory|verdaccio)/
  const isTelling = root.split('/').length > 2

  const found = [
    ...linesWith(textFiles, (text) => text, machine),
    ...linesWith(textFiles, (text) => text, registry),
    ...textFiles.filter((file) => isTelling && readText(file).includes(`${root}/`)),
  ]

  t.deepEqual(
    found,
    [],
    'use a relative path or a place from os.tmpdir(); leave registries to the user',
  )
})

/**
 * Functions with a body, by their shape: `function name(`, `=> {`, and a method's `name(…) {` at the
 * start of a line. Arrows that are one expression are not counted: there is no first line to stand at.
 */
function countFunctions(code: string): number {
  return [plainFunction, blockArrow, method].reduce(
    (count, shape) => count + [...code.matchAll(shape)].length,
    0,
  )
}

function linesWith(
  files: readonly string[],
  prepare: (text: string) => string,
  pattern: RegExp,
): string[] {
  return files.flatMap((file) =>
    prepare(readText(file))
      .split('\n')
      .flatMap((line) => (pattern.test(line) ? [`${file}: ${line.trim()}`] : [])),
  )
}

/** These files speak of the marks they look for. */
function isAboutMarks(file: string): boolean {
  return /(house\/(tidy|tools)\.test\.ts|scripts\/(test|tap)\.mjs)$/.test(file)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
