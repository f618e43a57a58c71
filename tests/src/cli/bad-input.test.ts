/** What the command says to bad input: one clear sentence on standard error, and an exit status that is not 0. */
import fs from 'node:fs'
import path from 'node:path'
import { lockWorld } from '@katydid/world/lock.js'
import { manifestName } from '@katydid/world/manifest.js'
import test, { type ExecutionContext } from 'ava'
import { katydid } from '../support/command.js'
import { temporaryFolder } from '../support/folders.js'

const good = 'export default () => 1\n'

interface BadInput {
  readonly what: string
  readonly args: readonly string[]
  readonly says: RegExp
  /** Prepares the folder in which the command runs; `p.mjs` holds a good program. */
  readonly given?: (folder: string) => void | Promise<void>
}

const made = async (folder: string): Promise<void> => {
  const { status, stderr } = await katydid(folder, 'run', 'p.mjs', '--world', 'w')
  if (status !== 0) throw new Error(stderr)
}
const write = (name: string, text: string) => (folder: string) =>
  fs.writeFileSync(path.join(folder, name), text)
const editManifest = (folder: string, change: Record<string, unknown>): void => {
  const file = path.join(folder, 'w', manifestName)
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>
  fs.writeFileSync(file, JSON.stringify({ ...manifest, ...change }))
}

const runInWorld = ['run', 'p.mjs', '--world', 'w'] as const
const inputs: readonly BadInput[] = [
  { what: 'no verb that it knows', args: ['walk'], says: /unknown command 'walk'/ },
  { what: 'no program', args: ['run'], says: /missing required argument 'program'/ },
  { what: 'a program that is not there', args: ['run', 'no.mjs'], says: /no\.mjs .*no such file/ },
  { what: 'a directory for a program', args: ['run', '.'], says: /is a directory/ },
  {
    what: 'a module that throws',
    args: ['run', 'bad.mjs'],
    given: write('bad.mjs', 'throw new Error("no luck")'),
    says: /no luck \[program_failed\]/,
  },
  {
    what: 'a module that is no JavaScript',
    args: ['run', 'bad.mjs'],
    given: write('bad.mjs', 'export default ('),
    says: /SyntaxError.*program_failed/,
  },
  {
    what: 'an entry that is no function',
    args: ['run', 'bad.mjs'],
    given: write('bad.mjs', 'export default 7'),
    says: /not_a_function/,
  },
  {
    what: 'an entry that is asynchronous',
    args: ['run', 'bad.mjs'],
    given: write('bad.mjs', 'export default async () => 1'),
    says: /program_is_async/,
  },
  {
    what: 'a module with top-level await',
    args: ['run', 'bad.mjs'],
    given: write('bad.mjs', 'await 1\nexport default () => 1'),
    says: /program_is_async/,
  },
  {
    what: 'a program that throws',
    args: ['run', 'bad.mjs'],
    given: write('bad.mjs', 'export default () => { throw new Error("halfway") }'),
    says: /halfway \[program_failed\]/,
  },
  { what: 'frames 0', args: ['run', 'p.mjs', '--frames', '0'], says: /at least 1, not 0/ },
  {
    what: 'frames that are no number',
    args: ['run', 'p.mjs', '--frames', 'x'],
    says: /whole number/,
  },
  { what: 'too many frames', args: ['run', 'p.mjs', '--frames', '900000'], says: /2 GiB/ },
  { what: 'loci 0', args: ['run', 'p.mjs', '--loci', '0'], says: /loci must be 1 to 128/i },
  {
    what: 'a world of another version',
    args: runInWorld,
    given: async (folder) => {
      await made(folder)
      editManifest(folder, { abi: 999 })
    },
    says: /another version.*world_version/,
  },
  {
    what: 'a program that has changed',
    args: runInWorld,
    given: async (folder) => {
      await made(folder)
      write('p.mjs', `${good}// changed`)(folder)
    },
    says: /has changed.*program_changed/,
  },
  {
    what: 'a world that is no world',
    args: ['run', 'p.mjs', '--world', '.'],
    says: /not a Katydid world.*not_a_world/,
  },
  { what: 'a file for a world', args: ['run', 'p.mjs', '--world', 'p.mjs'], says: /not_a_world/ },
  { what: 'a status of no world', args: ['status', 'nowhere'], says: /no world in .*not_a_world/ },
  {
    what: 'snapshots of an empty directory',
    args: ['snapshots', 'e'],
    given: (folder) => fs.mkdirSync(path.join(folder, 'e')),
    says: /no world in .*not_a_world/,
  },
  {
    what: 'a disk file that is missing',
    args: runInWorld,
    given: async (folder) => {
      await made(folder)
      fs.rmSync(path.join(folder, 'w', 'machine-1.disk'))
    },
    says: /is missing.*damaged/,
  },
  {
    what: 'a disk file that was cut',
    args: runInWorld,
    given: async (folder) => {
      await made(folder)
      fs.truncateSync(path.join(folder, 'w', 'machine-1.disk'), 5000)
    },
    says: /was cut.*damaged/,
  },
  {
    what: 'a disk file of zeros',
    args: runInWorld,
    given: async (folder) => {
      await made(folder)
      const file = path.join(folder, 'w', 'machine-1.disk')
      const { size } = fs.statSync(file)
      fs.truncateSync(file, 0)
      fs.truncateSync(file, size)
    },
    says: /damaged/,
  },
]

for (const { what, args, says, given } of inputs) {
  test.serial(`[WO11] the command refuses ${what}`, async (t) => {
    const folder = temporaryFolder(t)
    write('p.mjs', good)(folder)
    await given?.(folder)

    const { status, stdout, stderr } = await katydid(folder, ...args)

    oneSentence(t, stderr)
    t.regex(stderr, says)
    t.not(status, 0)
    t.not(status, null)
    t.notRegex(stdout, /result/)
  })
}

test.serial('[WO11] the command refuses a world that another process has open', async (t) => {
  const folder = temporaryFolder(t)
  write('p.mjs', good)(folder)
  await made(folder)
  const lock = await lockWorld(path.join(folder, 'w'), 1)
  t.teardown(() => lock.release())

  const { status, stderr } = await katydid(folder, ...runInWorld)

  oneSentence(t, stderr)
  t.regex(stderr, new RegExp(`pid ${process.pid}.*world_in_use`))
  t.is(status, 1)
})

test.serial('[WO11] a missing program makes no world', async (t) => {
  const folder = temporaryFolder(t)

  await katydid(folder, 'run', 'no.mjs', '--world', 'w')

  t.deepEqual(fs.readdirSync(folder), [])
})

/** One line that is a sentence for a person: no call stack, no second line. */
function oneSentence(t: ExecutionContext, stderr: string): void {
  t.regex(stderr, /^katydid: \S[^\n]*\n$/, stderr)
}
