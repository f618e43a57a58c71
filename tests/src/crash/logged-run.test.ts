/** Logged containers on real threads and a real file: visits are run again after their manager’s end, and after SIGKILL. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { StateInterval, WorldEvent } from '@katydid/abi'
import type { Container, LocusHandle, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const managers = [{ name: 'deterministic' }] as const
/** So long a line on which the till stands at a visit may take to come: about every second one is. */
const atVisitMs = 30_000

interface Result {
  readonly count: number
}

/** What the visitor has come to when it is told that it is enough; it fails when the till is not what it saw last. */
async function ended(world: World, desk: Container, visitor: LocusHandle): Promise<Result> {
  const teller = await world.startLocus(desk, { name: 'enough', args: { enough: true } })
  await teller.result()
  return (await visitor.result()).result as Result
}

/** The newest kept line on which the till stands at a visit, as soon as there is one that was not there before. */
async function lineAtVisit(world: World): Promise<{ line: number; interval: StateInterval }> {
  const after = (await world.lines()).at(-1)?.line ?? 0
  let lines = 0
  for (const untilMs = Date.now() + atVisitMs; Date.now() < untilMs; await sleep(20)) {
    const newest = (await world.lines()).at(-1)
    const till = newest?.members.find(({ container }) => container === 'till')
    if (newest === undefined || till === undefined || newest.line <= after) continue
    lines = newest.line - after
    if (till.snapshot > 0 && till.interval !== till.snapshot)
      return { line: newest.line, interval: till.interval }
  }
  throw new Error(`in ${atVisitMs} ms and ${lines} lines the till stood at a visit on none`)
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

  const visitor = await world.startLocus(desk, { name: 'visitor', args: { till: cap } })
  // Who stood in it at that moment, or had just been let down by it, goes back too: so it is killed until it was alone.
  const rollbacks = () => heard.flatMap((each) => (each.kind === 'rollback' ? [each.moved] : []))
  const alone = () => rollbacks().filter((moved) => moved.length === 1)
  let kills = 0
  for (; kills < 4 || (alone().length === 0 && kills < 20); kills++) {
    const back = new Promise((resolve) => world.on('rollback', resolve))
    await sleep(200)
    await world.crashManager('deterministic')
    await back
  }
  const result = await ended(world, desk, visitor)

  t.true(result.count > 0)
  t.is(rollbacks().length, kills)
  t.true(alone().length >= 1 && alone().every(([moved]) => moved!.container === 'till'))
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
  // Most of the time it is on its way: then the till is captured before it, and what it has visited since is on the line.
  const args = { till: cap, burst: 100 }
  await world.startLocus(desk, { name: 'visitor', args })
  for (let times = 0; times < 3; times++) {
    const { line, interval } = await lineAtVisit(world)
    const { containers } = await world.rollback(line)
    t.is(containers.find(({ container }) => container === 'till')!.to, interval)
  }
  const again = await world.startLocus(desk, { name: 'visitor', args })
  const result = await ended(world, desk, again)

  t.true(result.count > 0)
  t.true(again.resumed)
  t.deepEqual(heard, [])
})

/** A process that lives until it is killed after so long, or has its visitor end; what it said at its end. */
async function life(
  dir: string,
  forMs: number | null,
): Promise<{ said: string; complaint: string }> {
  const last = forMs === null ? 'enough' : ''
  const child = spawn(process.execPath, [fixture('logged-child'), dir, last], {
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

  t.regex(said, /"count":[1-9]/)
  t.notRegex(said, /damage":"/)
  t.notRegex(said, /replay_differed/)
})
