/**
 * An administrator takes a scripted world back to a kept line, and the power fails at each write of that in turn, torn too. The world must
 * come back where it was or at that line, hold what it held there, and go on; once the rollback was answered, only at the line.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import { programsOf, type CampaignRun, type RunShape } from './campaign-run.js'
import { promisedBy, tears } from './crash-cuts.js'
import { CampaignHost } from './host.js'
import { crashShape, inhabit, scriptedRun } from './scripted-run.js'
import { WholeWorld, type Remains } from './whole-world.js'

/** The scripted run's world with kept lines, and room for them. */
export const keptShape: RunShape = {
  ...crashShape,
  world: {
    ...crashShape.world,
    keepLines: 4,
    disk: { segmentBlocks: 24, capacity: 160 },
  },
}

export interface RollbackCuts {
  readonly images: number
  /** Of them: how many came back where the world was, and at the kept line. */
  readonly before: number
  readonly after: number
  /** Visits on the kept line, which are run again when the world goes back to it. */
  readonly visits: number
  readonly wrong: readonly string[]
}

/** A world and a kept line of it, with how many visits there are on it. */
interface Past {
  readonly run: CampaignRun
  readonly to: number
  readonly visits: number
}

/** A scripted world, and one of its kept lines: a container on it was destroyed since, and another made. */
export async function worldWithPast(seed: number): Promise<Past> {
  const run = await scriptedRun(seed, { rounds: 2, shape: keptShape })
  const { host, world } = run
  await inhabit(run, 'd')
  await host.start('past', 'd')
  world.run(25)
  const to = await host.snapshot(true)
  world.until(() => !world.model.isInUse('d'), 2_000)
  await host.destroy('d')
  await host.snapshot(true)
  await inhabit(run, 'e')
  await host.snapshot(true)
  if (to === null) throw new Error('no line is kept')
  const { kept } = world.kernel.machine
  const line = kept.all.find(({ record }) => record.line === to)?.record
  if (line?.state.containers.some(({ name, label }) => name === 'd' && label > 0) !== true)
    throw new Error(`line ${to} has no container that was destroyed`)
  return { run, to, visits: 0 }
}

/** A world whose lines were kept while a till was visited, and the newest of those on which there are visits. */
export async function worldWithVisits(seed: number, shape: RunShape): Promise<Past> {
  const run = await scriptedRun(seed, { rounds: 4, shape })
  const lines = run.world.kernel.machine.kept.all.map(({ record }) => ({
    to: record.line,
    visits: (record.visits ?? []).reduce((sum, { inputs }) => sum + inputs.length, 0),
  }))
  const found = lines.findLast(({ visits }) => visits > 0)
  if (found === undefined) throw new Error(`seed ${seed}: no kept line has visits`)
  return { run, ...found }
}

/** Goes back to the line; what the world holds is compared with what it held then. */
export async function takeBack(world: WholeWorld, to: number): Promise<string[]> {
  world.orBackAt = to
  const answer = await world.call('line_rollback', { line: to, dry: false })
  if (answer.status !== 'ok') return [`line_rollback ${to}: ${answer.status}, ${answer.detail}`]
  const { line } = world.kernel.machine.captures
  return line === to ? [] : [`line_rollback ${to} was answered at ${line}`]
}

export async function cutRollback(
  seed: number,
  {
    every,
    torn,
    past = worldWithPast,
  }: {
    readonly every: number
    readonly torn: number
    readonly past?: (seed: number) => Promise<Past>
  },
): Promise<RollbackCuts> {
  const random = new Random(seed)
  const { run, to, visits } = await past(seed)
  const { shape } = run
  const { world } = run
  const { entries } = world.disk.journal
  const from = world.kernel.machine.captures.line
  const began = entries.length
  const wrong = await takeBack(world, to)
  const answered = entries.length
  await new CampaignHost(world).readBack()
  await new CampaignHost(world).snapshot(true)
  wrong.push(...world.problems)
  const tally = { images: 0, before: 0, after: 0, visits, wrong }
  const writes = entries.flatMap((entry, at) => (entry.kind === 'write' && at >= began ? [at] : []))
  for (const [nth, at] of writes.entries()) {
    if (nth % every !== 0) continue
    const cut = powerCut(new Uint8Array(0), entries, at + 1)
    for (const [kind, isThere] of tears(cut, random, torn)) {
      const remains: Remains = {
        image: crashImage(cut, isThere),
        captured: world.captured,
        ...promisedBy(world, at + 1),
        orBackAt: to,
      }
      const place = `seed ${seed}, write ${nth} (${kind})`
      const back = await comeBack(remains, place, { seed: random.next(), shape }, wrong)
      tally.images++
      if (back === to) tally.after++
      else if (back <= from) tally.before++
      if (at >= answered && back !== to && back <= from)
        wrong.push(`${place}: the rollback was answered, and the world is at ${back}`)
    }
  }
  return tally
}

/** Opens what is left, reads everything back and goes on; answers where it came back. */
async function comeBack(
  remains: Remains,
  place: string,
  { seed, shape }: { readonly seed: number; readonly shape: RunShape },
  wrong: string[],
): Promise<number> {
  const note = (what: string): void => void wrong.push(`${place}: ${what}`)
  try {
    const world = new WholeWorld(seed, shape.world, programsOf(shape), remains)
    const boot = await world.open()
    if (boot.status !== 'ok') note(`boot: ${boot.status}, ${boot.detail}`)
    if (boot.damage !== null) note(`a power cut is no damage: ${boot.damage}`)
    const host = new CampaignHost(world)
    await host.readBack()
    const capture = await host.snapshot(true)
    if (capture === null || capture < boot.recoveredCapture) note(`it does not go on: ${capture}`)
    for (const problem of world.problems) note(problem)
    return boot.recoveredCapture
  } catch (error) {
    note(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return -1
  }
}
