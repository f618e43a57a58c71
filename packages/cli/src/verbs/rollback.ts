/**
 * `katydid rollback DIR --to LINE`: an administrator takes a world back to a kept line. What goes, what comes back and what was
 * released is shown first; then it is confirmed, and done.
 */
import { Command } from 'commander'
import { KatydidError, openWorld, type RollbackReport, type World } from 'katydid'
import { dateText, wholeNumber } from '../numbers.js'
import type { Screen } from '../screen.js'

interface Flags {
  readonly to: number
  readonly yes?: true
  readonly dryRun?: true
  readonly json?: true
}

export function rollbackVerb(screen: Screen): Command {
  return new Command('rollback')
    .description('take a world back to a kept line; what followed never happened')
    .argument('<dir>', 'directory of the world')
    .requiredOption(
      '--to <line>',
      'which kept line: its capture, as snapshots lists it',
      wholeNumber,
    )
    .option('--dry-run', 'say what would go, and change nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object instead of lines')
    .action((dir: string, flags: Flags) => rollback(screen, dir, flags))
}

async function rollback(screen: Screen, dir: string, flags: Flags): Promise<void> {
  const world = await openStill(dir)
  try {
    const foretold = await world.foretellRollback(flags.to)
    if (flags.json !== true) for (const line of reportLines(flags.to, foretold)) screen.out(line)
    const isDone = flags.dryRun !== true && (await isConfirmed(screen, dir, flags))
    const report = isDone ? await world.rollback(flags.to) : foretold
    if (flags.json === true) screen.out(JSON.stringify({ line: flags.to, done: isDone, ...report }))
    else if (isDone) screen.out(`world ${dir}: is at line ${flags.to}`)
    else screen.out('nothing was changed')
  } finally {
    await world.close()
  }
}

/** Nothing in it goes on. A world that runs is not taken back under whoever runs it. */
async function openStill(dir: string): Promise<World> {
  try {
    return await openWorld({ dir, create: false, hold: true, snapshotEveryMs: 0 })
  } catch (error) {
    if (!(error instanceof KatydidError) || error.status !== 'world_in_use') throw error
    throw new KatydidError(
      error.status,
      `${error.sentence} An interrupt (SIGINT, SIGTERM) ends katydid run; what it did is kept.`,
    )
  }
}

async function isConfirmed(screen: Screen, dir: string, { to, yes }: Flags): Promise<boolean> {
  if (yes === true) return true
  const answer = screen.confirm(`Take the world ${dir} back to line ${to}?`)
  if (answer !== null) return answer
  throw new KatydidError(
    'bad_argument',
    'Nothing was changed: nobody is at a terminal to confirm it. Say --yes if it shall be done.',
  )
}

const fates = {
  back: 'goes back',
  returns: 'is there again',
  vanishes: 'is gone, with all it holds',
} as const

function reportLines(to: number, report: RollbackReport): string[] {
  const { from, keptMs, containers, loci, released } = report
  return [
    `back from capture ${from} to line ${to}, kept ${dateText(keptMs)}`,
    ...containers.map(
      (each) => `container ${each.container || '(unnamed)'}: ${whatBecomesOf(each)}`,
    ),
    ...loci.map(
      ({ name, container, fate }) =>
        `locus ${name || '(unnamed)'} in container ${container}: ${fates[fate]}`,
    ),
    ...released.map(({ detail }) => `not undone: ${detail}`),
  ]
}

function whatBecomesOf({ fate, from, to }: RollbackReport['containers'][number]): string {
  if (to === null) return fates[fate]
  // Nothing runs in it: on both lines it is the same.
  if (from === to) return `is the same, at interval ${to}`
  return from === null
    ? `${fates[fate]}, at interval ${to}`
    : `${fates[fate]}, from interval ${from} to ${to}`
}
