/** The table of invariants names tests and rules that there are, and leaves no invariant out. */
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { readText, root } from '../support/house.js'

const count = 22
const rows = readText('docs/internals/invariants.md')
  .split('\n')
  .filter((line) => /^\| I\d+ \|/.test(line))
  .map((line) => {
    const [name = '', sentence = '', rules = '', shownBy = '', truth = '', flaw = ''] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    return { name, sentence, rules, shownBy, truth, flaw }
  })
const done = rows.filter(({ shownBy }) => !shownBy.startsWith('to come'))

test('[SI130] each invariant has one row, with a sentence, rules, tests, a ground truth and a flaw that was planted', (t) => {
  t.deepEqual(
    rows.map(({ name }) => name),
    Array.from({ length: count }, (_, at) => `I${at + 1}`),
  )
  for (const row of done)
    for (const [what, cell] of Object.entries(row)) t.not(cell, '', `${row.name}: ${what}`)
})

test('[SI130] the tests that the table of invariants names exist, under a title that has those words', (t) => {
  for (const { name, shownBy } of done) {
    const named = [...shownBy.matchAll(/`([\w/.-]+)` “([^”]+)”/g)]
    t.true(named.length > 0, name)
    t.is(named.length, shownBy.split(';').length, `${name}: a file and a title, each`)
    for (const [, file = '', title = ''] of named) {
      const source = `tests/src/${file}`
      t.true(fs.existsSync(path.join(root, source)), `${name}: ${source}`)
      const titles = [...readText(source).matchAll(/\btest\(\s*(['"`])(.*)/g)]
      t.true(
        titles.some(([, , text = '']) => text.includes(title)),
        `${name}: no test of ${source} has a title with “${title}”`,
      )
    }
  }
})

test('[SI130] the rules that the table of invariants names are stated', (t) => {
  const stated = new Set(
    [...readText('docs/SPEC.md').matchAll(/^(?:[-*] )?\*\*([A-Z]{2}\d+)\*\*/gm)].map(
      ([, rule]) => rule,
    ),
  )
  for (const { name, rules } of done)
    for (const rule of rules.split(', ')) t.true(stated.has(rule), `${name}: ${rule}`)
})
