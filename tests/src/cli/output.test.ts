/** What the command prints without a terminal: whole lines, in order, without any control character. */
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { katydid, startCommand } from '../support/command.js'
import { temporaryFolder } from '../support/folders.js'

const program = `
  export default function (locus) {
    const words = locus.argument()
    const window = locus.window(0, 400 * 4096)
    for (let round = 0; round < 2; round++)
      for (let page = 0; page < 400; page++) window.add(page * 4096, words.length)
    locus.log('half of it')
    locus.safepoint()
    return { words, first: window.getInt32(0) }
  }`

function given(t: Parameters<typeof temporaryFolder>[0]): string {
  const folder = temporaryFolder(t)
  fs.writeFileSync(path.join(folder, 'p.mjs'), program)
  return folder
}

test.serial('[WO14] run says how the world came to be, what happened and the result', async (t) => {
  const folder = given(t)

  const { status, stdout, stderr } = await katydid(
    folder,
    'run',
    'p.mjs',
    '--frames',
    '128',
    '--',
    'a',
    'b',
  )

  t.is(stderr, '')
  t.is(status, 0)
  const lines = stdout.trimEnd().split('\n')
  t.is(lines[0], 'world .katydid/p: created, 128 frames of 4.0 KiB')
  t.is(lines[1], 'p: half of it')
  t.is(lines[2], 'program p: has ended')
  t.regex(lines[3]!, /^paging: [\d,]+ faults, [\d,]+ discards \([\d,]+ dirty\), [\d,]+ re-reads$/)
  t.regex(lines[4]!, /^snapshots: \d+.*, \d+ recoverable$/)
  t.regex(lines[5]!, /^disk: .* in \d+ groups?, \d+ barriers?$/)
  t.is(lines[6], "result: { words: [ 'a', 'b' ], first: 4 }")
  t.is(lines.length, 7)
})

test.serial(
  '[WO14] run answers a stored result, and status and snapshots say what the world holds',
  async (t) => {
    const folder = given(t)
    await katydid(folder, 'run', 'p.mjs', '--world', 'w', '--frames', '128')

    const again = await katydid(folder, 'run', 'p.mjs', '--world', 'w')
    const status = await katydid(folder, 'status', 'w')
    const snapshots = await katydid(folder, 'snapshots', 'w')

    t.regex(again.stdout, /^world w: opened, back at capture \d+, in [\d.]+ m?s, 128 frames/)
    t.regex(again.stdout, /program p: had ended before; this is its stored result\n/)
    t.regex(status.stdout, /^world w: at capture \d+, recovered in [\d.]+ m?s\n/)
    t.regex(status.stdout, /\ncontainer p: 1\.0 GiB, interval \d+, program file:.*p\.mjs\n/)
    t.regex(status.stdout, /\nlocus p: ended/)
    t.regex(
      snapshots.stdout,
      /^capture \d+: recoverable\n(.*\n)?container p: snapshot \d+\n  \d+: line, taken \S+Z, \d+ pages?\n$/,
    )
  },
)

test.serial('[WO14] run --json prints one object', async (t) => {
  const folder = given(t)

  const { stdout } = await katydid(folder, 'run', 'p.mjs', '--json', '--frames', '128', '--', 'x')

  const told = JSON.parse(stdout) as {
    result: unknown
    stored: boolean
    recovery: { created: boolean }
    counters: { faults: number }
  }
  t.deepEqual(told.result, { words: ['x'], first: 2 })
  t.false(told.stored)
  t.true(told.recovery.created)
  t.true(told.counters.faults >= 400)
  t.is(stdout.trimEnd().split('\n').length, 1)
})

test.serial('[WO14] run --trace writes a trace that names every thread', async (t) => {
  const folder = given(t)

  await katydid(folder, 'run', 'p.mjs', '--trace', 't.json', '--frames', '128')

  const text = fs.readFileSync(path.join(folder, 't.json'), 'utf8')
  const { traceEvents } = JSON.parse(text) as {
    traceEvents: { ph: string; name: string; args: { name?: string } }[]
  }
  const names = traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args.name)
  t.true(names.includes('kernel'), String(names))
  t.true(names.includes('locus 0'), String(names))
})

test.serial(
  '[WO15] an interrupted command keeps what was done, and goes on when it is run again',
  async (t) => {
    const folder = temporaryFolder(t)
    fs.writeFileSync(path.join(folder, 'p.mjs'), slow)
    const first = startCommand(folder, 'run', 'p.mjs')
    await first.sees('at 20')

    first.child.kill('SIGINT')
    const { status, stderr } = await first.ended
    const { stdout } = await katydid(folder, 'run', 'p.mjs')

    t.is(status, 1)
    t.regex(stderr, /^katydid: Interrupted by SIGINT[^\n]*\n$/)
    t.regex(stdout, /program p: was resumed and has ended\n/)
    const [, from] = /result: from (\d+)/.exec(stdout)!
    t.true(Number(from) >= 20, stdout)
  },
)

const slow = `
  export default function (locus) {
    const first = locus.registers.getNumber(0)
    const window = locus.window(0, 4096)
    for (let n = first + 1; n <= 100; n++) {
      locus.registers.setNumber(0, n)
      if (n === 20) locus.log('at 20')
      try { locus.wait(window, 0, 0, 10) } catch {}
    }
    return 'from ' + first
  }`

test.serial(
  '[DV10] run prints what the program printed, with its container, before the result; as JSON it is a list',
  async (t) => {
    const folder = temporaryFolder(t)
    const printing = `
      export default (locus) => {
        locus.print('one')
        locus.print('just now', { durable: 'volatile' })
        locus.safepoint()
        locus.print('two')
        return 7
      }`
    fs.writeFileSync(path.join(folder, 'p.mjs'), printing)

    const plain = await katydid(folder, 'run', 'p.mjs', '--world', 'a')
    const asJson = await katydid(folder, 'run', 'p.mjs', '--world', 'b', '--json')

    const lines = plain.stdout.trimEnd().split('\n')
    const [one, two] = ['p: one', 'p: two'].map((each) => lines.indexOf(each))
    t.true(lines.includes('p (volatile): just now'))
    t.true(one! > 0 && two! > one! && lines.indexOf('program p: has ended') > two!)
    t.is(lines.at(-1), 'result: 7')
    const { output, result } = JSON.parse(asJson.stdout) as {
      output: { container: string; sequence: number; text: string }[]
      result: unknown
    }
    t.is(result, 7)
    t.deepEqual(
      output.filter(({ sequence }) => sequence > 0),
      [
        { container: 'p', sequence: 1, text: 'one' },
        { container: 'p', sequence: 2, text: 'two' },
      ],
    )
    t.deepEqual(
      output.filter(({ sequence }) => sequence === 0).map(({ text }) => text),
      ['just now'],
    )
  },
)

test.serial(
  '[WO75] a reader that goes away ends no work, and leaves no trace of ours',
  async (t) => {
    const folder = given(t)
    const command = startCommand(folder, 'run', 'p.mjs', '--', 'a')
    command.child.stdout!.destroy()

    const { status, stderr } = await command.ended
    const again = await katydid(folder, 'run', 'p.mjs', '--', 'a')

    t.is(stderr, '')
    t.is(status, 0)
    t.regex(again.stdout, /has ended earlier|result: \{ words: \[ 'a' \], first: 2 \}/)
  },
)
