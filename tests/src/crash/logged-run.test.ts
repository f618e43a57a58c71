/** Logged containers on real threads and a real file: visits are run again after their manager’s end, and after SIGKILL. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { WorldEvent } from '@katydid/abi'
import type { Container, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const rounds = 1500
const managers = [{ name: 'deterministic' }] as const

interface Result {
  readonly count: number
}

/** A till whose visits are logged, and where its visitor lives, who has this capability for it. */
async function tillAndDesk(world: World): Promise<{ desk: Container; cap: number }> {
  const module = fixture('logged-till')
  const till = await world.createContainer({
    name: 'till',
    program: module,
    manager: 'deterministic',
  })
  const desk = await world.createContainer({ name: 'desk', program: module })
  return { desk, cap: await world.grant(desk, till) }
}

test('[SI104] a deterministic container whose manager is ended again and again does the same visits again, to the last digit of time and randomness', async (t) => {
  const dir = temporaryFolder(t)
  const world = await openForTest(t, { dir, managers, snapshotEveryMs: 200 })
  const heard: WorldEvent[] = []
  for (const kind of ['rollback', 'replay_differed', 'failed'] as const)
    world.on(kind, (event) => heard.push(event))
  const { desk, cap } = await tillAndDesk(world)
  await world.snapshot()

  const locus = await world.startLocus(desk, { name: 'visitor', args: { till: cap, rounds } })
  const ended = locus.result()
  for (let kills = 0; kills < 4; kills++) {
    const back = new Promise((resolve) => world.on('rollback', resolve))
    await sleep(200)
    await world.crashManager('deterministic')
    await back
  }
  const { result } = (await ended) as { result: Result }

  t.is(result.count, rounds)
  const rollbacks = heard.flatMap((each) => (each.kind === 'rollback' ? [each.moved] : []))
  const alone = rollbacks.filter((moved) => moved.length === 1)
  t.is(rollbacks.length, 4)
  // Who stood in it at that moment, or had just been let down by it, goes back too.
  t.true(alone.length >= 1 && alone.every(([moved]) => moved!.container === 'till'))
  t.deepEqual(
    heard.filter(({ kind }) => kind === 'replay_differed' || kind === 'failed'),
    [],
  )
})

test('[SI74] a world whose deterministic container is visited all the time goes back to kept lines at which it stands at a visit', async (t) => {
  const kept = { retain: 3, retainEveryMs: 100 }
  const dir = temporaryFolder(t)
  const world = await openForTest(t, { dir, managers, snapshotEveryMs: 50, ...kept })
  const heard: WorldEvent[] = []
  for (const kind of ['replay_differed', 'failed'] as const)
    world.on(kind, (event) => heard.push(event))
  const { desk, cap } = await tillAndDesk(world)
  const args = { till: cap, rounds: 2 * rounds }
  await world.startLocus(desk, { name: 'visitor', args })
  let [all, atVisits] = [0, 0]
  for (let times = 0; times < 3 || (atVisits === 0 && times < 12); times++) {
    await sleep(600)
    const line = (await world.lines()).at(-1)!
    const { interval, snapshot } = line.members.find(({ container }) => container === 'till')!
    all++
    if (interval !== snapshot) atVisits++
    const { containers } = await world.rollback(line.line)
    t.is(containers.find(({ container }) => container === 'till')!.to, interval)
  }
  const again = await world.startLocus(desk, { name: 'visitor', args })
  const { result } = (await again.result()) as { result: Result }

  t.is(result.count, 2 * rounds)
  t.true(again.resumed)
  t.deepEqual(heard, [])
  t.true(atVisits > 0, `of ${all} lines the till stood at a visit on ${atVisits}`)
})

/** A process that lives until it is killed after so long, or ends its work; what it said at its end. */
async function life(
  dir: string,
  forMs: number | null,
): Promise<{ said: string; complaint: string }> {
  const child = spawn(process.execPath, [fixture('logged-child'), dir, String(rounds)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const exited = once(child, 'close')
  if (forMs !== null) {
    for (let waited = 0; !said.includes('opened') && waited < 30_000; waited += 20) await sleep(20)
    await sleep(forMs)
    child.kill('SIGKILL')
  }
  await exited
  return { said, complaint }
}

async function killed(t: ExecutionContext, deaths: readonly number[]): Promise<string> {
  const dir = temporaryFolder(t)
  for (const forMs of deaths) t.false((await life(dir, forMs)).said.includes('count'))
  const { said, complaint } = await life(dir, null)
  t.is(complaint, '')
  return said
}

test('[SI106] after SIGKILL a deterministic container is what its visitors remember, to the last digit', async (t) => {
  const said = await killed(t, [500, 350, 420])

  t.regex(said, new RegExp(`"count":${rounds}`))
  t.notRegex(said, /damage":"/)
  t.notRegex(said, /replay_differed/)
})
