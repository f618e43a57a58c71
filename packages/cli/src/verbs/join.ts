/**
 * `katydid join DIR --machine M`: has one machine of a world of several, whose others other processes have, until it is interrupted. What the loci on it print is
 * shown; they go on from where they were.
 */
import { Command } from 'commander'
import { joinWorld, KatydidError, type EventOf, type World } from 'katydid'
import { untilInterrupted } from '../interrupt.js'
import { wholeNumber } from '../numbers.js'
import { openingLine, outputLine } from '../report.js'
import type { Screen } from '../screen.js'

interface Flags {
  readonly machine: number
  readonly frames?: number
  readonly wait?: number
  readonly together?: true
  readonly snapshotEvery?: number
  readonly acceptChanged?: true
}

export function joinVerb(screen: Screen): Command {
  return new Command('join')
    .description('have one machine of a world of several, until interrupted')
    .argument('<dir>', 'directory of the world')
    .requiredOption('--machine <m>', 'which machine, from 1', wholeNumber)
    .option('--together', 'run the small actors of the machine on one thread')
    .option('--frames <n>', 'page frames of the machine', wholeNumber)
    .option('--wait <ms>', 'how long to wait for the other machines (60,000)', wholeNumber)
    .option('--snapshot-every <ms>', 'time between snapshots, 0 for none', wholeNumber)
    .option('--accept-changed', 'go on although the content of a program has changed')
    .action((dir: string, flags: Flags) => join(screen, dir, flags))
}

async function join(screen: Screen, dir: string, flags: Flags): Promise<void> {
  const world = await untilInterrupted(
    joinWorld({
      dir,
      machine: flags.machine,
      acceptChanged: flags.acceptChanged ?? false,
      ...(flags.together === true ? { threads: 'together' as const } : {}),
      ...(flags.frames === undefined ? {} : { frames: flags.frames }),
      ...(flags.wait === undefined ? {} : { waitMs: flags.wait }),
      ...(flags.snapshotEvery === undefined ? {} : { snapshotEveryMs: flags.snapshotEvery }),
    }),
  )
  try {
    screen.out(openingLine(dir, world.recovery, world.shape.frames, world.shape.pageBytes))
    screen.out(`machine ${flags.machine}: joined; an interrupt (SIGINT, SIGTERM) ends it`)
    await untilInterrupted(untilDown(screen, world))
  } catch (error) {
    // That is how it ends.
    if (!(error instanceof KatydidError) || error.status !== 'closed') throw error
    screen.out(`machine ${flags.machine}: left`)
  } finally {
    await world.close()
  }
}

/** Shows what happens; rejects when the machine is down for good. */
function untilDown(screen: Screen, world: World): Promise<never> {
  world.on('output', (line) => screen.out(outputLine(line)))
  world.on('rollback', ({ reason }) => screen.out(`went back: ${reason}`))
  world.on('trouble', ({ detail }) => screen.err(`katydid: ${detail}`))
  return new Promise<never>((_, reject) => {
    world.on('failed', (event: EventOf<'failed'>) => {
      if (event.restarts === true) screen.err(`katydid: ${event.detail}; it is started again`)
      else reject(new KatydidError('actor_gone', event.detail))
    })
  })
}
