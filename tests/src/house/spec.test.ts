/**
 * The rules in docs/SPEC.md and the rules that tests say they show are the same set.
 *
 * Rules are shown by titles in tests/src, and by the conformance suites in packages/*\/src/testing,
 * whose titles become titles of whoever runs them.
 */
import test from 'ava'
import { filesUnder, readRooms, readText, withoutComments } from '../support/house.js'

const ruleLine = /^(?:[-*] )?\*\*([A-Z]{2}\d+)\*\*/
const titleRules = /(['"`])((?:\[[A-Z]{2}\d+\] ?)+)/g
const titleStart = /\btest(?:\.(?:serial|failing|only|skip|after|before))*\(\s*(['"`])([^\n]*)/g

const rules = readRules()
const tested = testFiles().flatMap((file) =>
  [...withoutComments(readText(file)).matchAll(titleRules)].flatMap(([, , names = '']) =>
    [...names.matchAll(/[A-Z]{2}\d+/g)].map(([rule]) => ({ rule, file })),
  ),
)

test('[HO6] every rule has a test', (t) => {
  const shown = new Set(tested.map(({ rule }) => rule))

  const missing = rules.filter(({ rule }) => !shown.has(rule)).map(({ rule }) => rule)

  t.deepEqual(
    missing,
    [],
    'write a test whose title begins with the rule in brackets, or take the rule out of docs/SPEC.md',
  )
})

test('[HO6] every test shows a rule', (t) => {
  const known = new Set(rules.map(({ rule }) => rule))

  const unknown = tested
    .filter(({ rule }) => !known.has(rule))
    .map(({ rule, file }) => `${rule} in ${file}`)

  t.deepEqual(unknown, [], 'state the rule in its chapter of docs/SPEC.md')
})

test('[HO6] every test title begins with a rule', (t) => {
  const nameless = testFiles()
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) =>
      [...readText(file).matchAll(titleStart)]
        .filter(([, , title = '']) => !/^\[[A-Z]{2}\d+\] ?\S|^\$\{/.test(title))
        .map(([, , title]) => `${file}: ${title}`),
    )

  t.deepEqual(nameless, [], "begin the title with its rule: '[HO6] every test …'")
})

test('[HO6] no rule is stated twice', (t) => {
  const names = rules.map(({ rule }) => rule)

  const twice = names.filter((rule, at) => names.indexOf(rule) !== at)

  t.deepEqual(twice, [], 'give one of the two another number; numbers are not used again')
})

test('[HO6] a rule stands in the chapter it is named after', (t) => {
  const strangers = rules.filter(({ rule, chapter }) => rule.slice(0, 2) !== chapter)

  t.deepEqual(strangers, [], 'move the rule to its chapter of docs/SPEC.md, or number it there')
})

function readRules(): { rule: string; chapter: string }[] {
  let chapter = ''
  const found: { rule: string; chapter: string }[] = []
  for (const line of readText('docs/SPEC.md').split('\n')) {
    chapter = /^## ([A-Z]{2}):/.exec(line)?.[1] ?? chapter
    const rule = ruleLine.exec(line)?.[1]
    if (rule !== undefined) found.push({ rule, chapter })
  }
  return found
}

function testFiles(): string[] {
  const suites = readRooms().flatMap((room) =>
    filesUnder(`${room.folder}/src`).filter((file) => file.includes('/testing/')),
  )
  return [...filesUnder('tests/src'), ...suites].filter((file) => file.endsWith('.ts'))
}
