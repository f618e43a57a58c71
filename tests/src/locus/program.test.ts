import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { LocusMachine } from './support/locus-machine.js'

const module = new URL('./support/programs.js', import.meta.url).href
const awaiting = new URL('./support/awaits.program.js', import.meta.url).href
const throwing = new URL('./support/throws.program.js', import.meta.url).href

const machine = new LocusMachine({ containers: 1, maxLoci: 16 })
test.after.always(() => machine.close())

let nextSlot = 0
const run = (entry: string, options: object = {}) =>
  machine.run(nextSlot++ % 16, { program: { module, entry }, ...options })

test.serial(
  '[LO1] a program is given its arguments, name, size and whether it was resumed',
  async (t) => {
    const block = encodeBlock({ n: 1, text: 'ä', bytes: new Uint8Array([1, 2]) })

    const end = await run('echo', { block, name: 'index', resumed: true })

    t.deepEqual([end.status, end.detail], ['ok', ''])
    t.deepEqual(decodeBlock(end.block), {
      argument: { n: 1, text: 'ä', bytes: new Uint8Array([1, 2]) },
      name: 'index',
      resumed: true,
      size: 64 * 4096,
    })
  },
)

test.serial('[LO1] what a program returns is its block', async (t) => {
  const block = new Uint8Array([1, 2, 3])

  const bytes = await run('bytes', { block })
  const nothing = await run('nothing')
  const text = await run('text')

  t.deepEqual([...bytes.block], [99, 2, 3])
  t.deepEqual([...block], [1, 2, 3])
  t.deepEqual([nothing.status, nothing.block.length], ['ok', 0])
  t.is(decodeBlock(text.block), 'grüße')
})

test.serial('[LO2] a result over 32 KiB is too_large', async (t) => {
  const end = await run('large')

  t.is(end.status, 'too_large')
  t.regex(end.detail, /at most 32768 bytes, not 32769/)
})

test.serial('[LO1] a result that is no value is program_failed', async (t) => {
  const end = await run('callback')

  t.is(end.status, 'program_failed')
  t.regex(end.detail, /returned a function/)
})

for (const [what, program, status, sentence] of [
  [
    'is missing',
    { module: 'file:///nowhere/p.mjs', entry: 'default' },
    'no_such_program',
    /nowhere/,
  ],
  ['awaits at top level', { module: awaiting, entry: 'default' }, 'program_is_async', /awaits/],
  ['throws as it is loaded', { module: throwing, entry: 'default' }, 'program_failed', /not today/],
  [
    'exports no such entry',
    { module, entry: 'absent' },
    'not_a_function',
    /exports nothing as absent/,
  ],
  ['exports no function', { module, entry: 'number' }, 'not_a_function', /exports a number/],
] as const) {
  test.serial(`[LO3] a module that ${what} is ${status}`, async (t) => {
    const end = await run('', { program })

    t.is(end.status, status)
    t.regex(end.detail, sentence)
  })
}

test.serial('[LO4] a program that returns a promise is program_is_async', async (t) => {
  const end = await run('promise')

  t.is(end.status, 'program_is_async')
  t.regex(end.detail, /returned a promise/)
})

test.serial('[LO5] an exception ends the locus with its message', async (t) => {
  const end = await run('thrower')

  t.is(end.status, 'program_failed')
  t.is(end.detail, 'TypeError: the program says no')
})

test.serial('[LO6] registers hold numbers and integers and are found again', async (t) => {
  const end = await run('registers', { registers: [0, 0, 0, 2 ** 52 + 1], resumed: true })

  t.deepEqual(decodeBlock(end.block), [
    2 ** 52 + 1,
    2 ** 52 + 1.5,
    String(-(2n ** 63n)),
    'bad_argument',
    'bad_argument',
    'bad_argument',
  ])
})

test.serial('[LO7] windows show one container and refuse what is outside them', async (t) => {
  const end = await run('windows')

  t.deepEqual(decodeBlock(end.block), {
    through: 1234,
    length: 64 * 4096,
    base: 8192,
    misaligned: 'misaligned',
    odd: 'misaligned',
    beyond: 'out_of_window',
    outside: 'out_of_window',
    unaligned: 'misaligned',
  })
})

test.serial('[LO24] what a program logs reaches the host', async (t) => {
  const end = await run('logs')

  t.deepEqual(end.logs, ['first', 'second'])
})
