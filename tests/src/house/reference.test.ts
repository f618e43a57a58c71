/**
 * What the reference says of each call: who makes it, what its numbers are numbers of, and what brings it to answer each of its
 * statuses. Declared once, in abi.
 */
import { groups, signaturesReference, statusTable, type Field, type Fields } from '@katydid/abi'
import test from 'ava'

const calls = Object.values(groups).flatMap((group) => Object.values(group))
const numeric: readonly string[] = ['u32', 'f64']

/** Every field of these, those inside lists and records too, by where it stands. */
function within(fields: Fields, where: string): (readonly [string, Field<unknown>])[] {
  return Object.entries(fields).flatMap(([name, field]) => inside(field, `${where}.${name}`))
}

function inside(field: Field<unknown>, where: string): (readonly [string, Field<unknown>])[] {
  const of = field.of === undefined ? [] : inside(field.of, where)
  return [[where, field], ...of, ...within(field.fields ?? {}, where)]
}

/** The part of the page that speaks of a call. */
function sectionOf(name: string): string {
  const [, after = ''] = signaturesReference().split(`### \`${name}\`\n`)
  return after.split(/\n###? /)[0]!
}

test('[HO20] every status of a call has a cause of its own: a sentence, and not what the status means anyway', (t) => {
  const wrong = calls.flatMap(({ name, errors, causes }) =>
    errors
      .filter((status) => {
        const cause = causes[status] ?? ''
        return cause.length < 12 || !cause.endsWith('.') || cause === statusTable[status]
      })
      .map((status) => `${name}: ${status}`),
  )

  t.deepEqual(wrong, [], 'say what brings this call to answer it')
  t.true(calls.every(({ errors, causes }) => errors.length === Object.keys(causes).length))
})

test('[HO20] the reference has each cause in its call’s own section, with who makes it and what a crash leaves', (t) => {
  for (const { name, by, causes, afterCrash } of calls) {
    const section = sectionOf(name)
    for (const [status, cause] of Object.entries<string>(causes))
      t.true(section.includes(`| [${status}](statuses.md) | ${cause} |`), `${name}: ${status}`)
    t.true(section.includes(`**made by** ${by}, on`), name)
    t.true(afterCrash.endsWith('.') && section.includes(`**after a crash** ${afterCrash}`), name)
  }
})

test('[HO20] every number among arguments and answers has its unit', (t) => {
  const bare = calls
    .flatMap(({ name, args, result }) => [...within(args, name), ...within(result, name)])
    .filter(([, { kind, unit = '' }]) => numeric.includes(kind) && unit === '')
    .map(([where]) => where)

  t.deepEqual(bare, [], 'declare it with countOf, numberOf or a name of its own')
})
