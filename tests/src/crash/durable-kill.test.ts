/** A process killed by SIGKILL while loci invoke durably: what they were told is there afterwards, and nobody was asked twice. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

interface Audit {
  readonly given: number
  /** By clerk and round: how often it was asked for, and what was answered. */
  readonly rows: readonly (readonly (readonly [asked: number, answer: number])[])[]
}

interface Life {
  /** By clerk, the rounds and answers that it was told. */
  readonly told: readonly (readonly [clerk: number, round: number, answer: number])[]
  readonly audit: Audit | null
  readonly complaint: string
}

const clerks = 3
const rounds = 16

/** Runs the process; it kills itself at its `dieAt`th line, or is killed when it has told so many answers. */
async function life(dir: string, { dieAt = 0, killAfter = Infinity }): Promise<Life> {
  const job = JSON.stringify({ clerks, rounds, dieAt })
  const child = spawn(process.execPath, [fixture('durable-child'), dir, job], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close')
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const told: [number, number, number][] = []
  let audit: Audit | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    const [, clerk, round, answer] = /^told (\d+) (\d+) (\d+)$/.exec(line) ?? []
    if (clerk !== undefined) told.push([Number(clerk), Number(round), Number(answer)])
    else if (line.includes('audit')) audit = (JSON.parse(line) as { audit: Audit }).audit
    if (told.length === killAfter) child.kill('SIGKILL')
  }
  await exited
  return { told, audit, complaint }
}

/** Lives until the work is done; answers the last audit and all that was told. */
async function lives(
  t: ExecutionContext,
  deaths: readonly { dieAt?: number; killAfter?: number }[],
): Promise<{ audit: Audit; told: Life['told'] }> {
  const dir = temporaryFolder(t)
  const told: (readonly [number, number, number])[] = []
  for (const death of deaths) {
    const each = await life(dir, death)
    t.is(each.audit, null, 'it was to be killed before the end')
    told.push(...each.told)
  }
  const { audit, told: rest, complaint } = await life(dir, {})
  if (audit === null) throw new Error(complaint)
  return { audit, told: [...told, ...rest] }
}

test('[LO95] what a durable invoke has answered survives SIGKILL, as that answer and once', async (t) => {
  const { audit, told } = await lives(t, [{ killAfter: 4 }, { killAfter: 1 }, { killAfter: 11 }])

  // Some are told again, as the clerk was killed before its next safepoint: then the same.
  for (const [clerk, round, answer] of told)
    t.deepEqual(audit.rows[clerk]![round - 1], [1, answer], `clerk ${clerk}, round ${round}`)
  t.true(told.length >= clerks * rounds)
  t.is(audit.given, clerks * rounds)
})

test('[LO96] an answer that had arrived is given to the program entered again, and nobody is asked for it twice', async (t) => {
  // Killed in the moment of a line: clerks that wait for theirs have heard of nothing yet.
  const { audit, told } = await lives(t, [{ dieAt: 6 }, { dieAt: 3 }, { dieAt: 9 }])

  t.true(audit.rows.flat().every(([asked]) => asked === 1))
  t.is(audit.given, clerks * rounds)
  for (const [clerk, round, answer] of told) t.is(audit.rows[clerk]![round - 1]![1], answer)
})

test('[LO96] a locus that is lost while it waits goes on with the answer, in the same world', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const program = fixture('ledger-office')
  const office = await world.createContainer({ name: 'office', program })
  const desk = await world.createContainer({ name: 'desk', program })
  const cap = await world.grant(desk, office)
  const args = { as: 'clerk', office: cap, own: 0, rounds: 20, durable: 'recoverable' }
  let lines = 0
  const stop = world.on('recoverable', () => {
    if (++lines % 6 === 0) void world.crashManager()
  })

  await (await world.startLocus(desk, { name: 'clerk', args })).result()
  stop()
  const auditor = { as: 'clerk', office: cap, audit: { clerks: 1, rounds: 20 } }
  const audit = await world.startLocus(desk, { name: 'audit', args: auditor })
  const { rows } = (await audit.result()).result as Audit

  t.true(lines >= 12)
  t.true(rows[0]!.every(([asked]) => asked === 1))
})

test('[LO97] a durable invoke is refused where it could not be saved, and what the invoked throws is no answer', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t) })
  const program = fixture('ledger-office')
  const office = await world.createContainer({ name: 'office', program })
  const desk = await world.createContainer({ name: 'desk', program })
  const cap = await world.grant(desk, office)
  const corners = await world.grant(desk, desk)

  const args = { as: 'corners', office: cap, corners }
  const { result } = await (await world.startLocus(desk, { name: 'it', args })).result()

  t.deepEqual(result, {
    nested: 'busy',
    throws: 'program_failed',
    neither: 'bad_argument',
    lock: 'lock_held',
    after: 'ok',
  })
})

test('[LO97] a program that, entered again, gives another block is refused: the answer is not that of another call', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), snapshotEveryMs: 0 })
  const program = fixture('ledger-office')
  const office = await world.createContainer({ name: 'office', program })
  const desk = await world.createContainer({ name: 'desk', program })
  const cap = await world.grant(desk, office)
  const asked: string[] = []
  world.on('log', ({ text }) => asked.push(text))
  const lineMoved = new Promise<void>((resolve) => {
    const stop = world.on('recoverable', () => {
      stop()
      resolve()
    })
  })

  const locus = await world.startLocus(desk, { name: 'it', args: { as: 'strays', office: cap } })
  await lineMoved
  await world.crashManager()
  const { result } = await locus.result()

  t.is(result, 'bad_argument')
  t.deepEqual(asked, ['asks 1', 'asks 2'])
})
