/**
 * `katydid run PROGRAM`: run a program in a world, or resume it if the world already holds it, and say what happened.
 *
 * An interrupt (SIGINT, SIGTERM) takes a last snapshot and closes the world; a kill needs no such courtesy.
 */
import path from 'node:path'
import { Command } from 'commander'
import { findProgram, openWorld, type EventOf, type RunResult, type World } from 'katydid'
import { untilInterrupted } from '../interrupt.js'
import { wholeNumber } from '../numbers.js'
import {
  laggingLine,
  openingLine,
  outputLine,
  progressLine,
  resultText,
  summaryLines,
} from '../report.js'
import type { Screen } from '../screen.js'
import { writeTrace } from '../trace-file.js'

interface Flags {
  readonly world?: string
  readonly machines?: number
  readonly machine?: number
  readonly take?: true
  readonly together?: true
  readonly frames?: number
  readonly loci?: number
  readonly name?: string
  readonly json?: true
  readonly acceptChanged?: true
  readonly snapshotEvery?: number
  readonly retain?: number
  readonly retainEvery?: number
  readonly trace?: string
}

const progressEveryMs = 500

export function runVerb(screen: Screen): Command {
  return new Command('run')
    .description('run a program, or resume it if the world already holds it')
    .argument('<program>', 'module whose default export is the program')
    .argument('[args...]', 'arguments of the program, after --')
    .option('--world <dir>', 'directory of the world (default: .katydid/PROGRAM)')
    .option('--machines <n>', 'how many machines a new world has (1)', wholeNumber)
    .option('--machine <m>', 'on which machine the program runs (1)', wholeNumber)
    .option('--take', 'have that machine only; other processes have the rest (katydid join)')
    .option('--together', 'run the small actors of a machine on one thread')
    .option('--frames <n>', 'page frames of the machine', wholeNumber)
    .option('--loci <n>', 'the most loci at a time', wholeNumber)
    .option('--name <name>', 'name of container and locus (default: the program’s)')
    .option('--snapshot-every <ms>', 'time between snapshots, 0 for none', wholeNumber)
    .option(
      '--retain <n>',
      'older lines that a new world keeps, and snapshots of each container',
      wholeNumber,
    )
    .option('--retain-every <ms>', 'time between lines that are kept, 0 for all', wholeNumber)
    .option('--accept-changed', 'go on although the program’s content has changed')
    .option('--json', 'print one JSON object instead of lines')
    .option('--trace <file>', 'write a trace for Perfetto or chrome://tracing at the end')
    .action((program: string, args: string[], flags: Flags) => run(screen, program, args, flags))
}

async function run(screen: Screen, program: string, args: string[], flags: Flags): Promise<void> {
  const name = flags.name ?? path.basename(program).replace(/\.[^.]+$/, '')
  const dir = flags.world ?? path.join('.katydid', name)
  const say = (line: string): void => (flags.json ? undefined : screen.out(line))
  const began = performance.now()
  // Before the world: a slip of the pen must not make one.
  findProgram(program)
  const world = await openWorld({
    dir,
    hold: true,
    ...(flags.machines === undefined ? {} : { machines: flags.machines }),
    ...(flags.take === undefined ? {} : { take: [flags.machine ?? 1] }),
    acceptChanged: flags.acceptChanged ?? false,
    ...(flags.together === true ? { threads: 'together' as const } : {}),
    ...(flags.frames === undefined ? {} : { frames: flags.frames }),
    ...(flags.loci === undefined ? {} : { loci: flags.loci }),
    ...(flags.retain === undefined ? {} : { retain: flags.retain }),
    ...(flags.retainEvery === undefined ? {} : { retainEveryMs: flags.retainEvery }),
    ...(flags.snapshotEvery === undefined ? {} : { snapshotEveryMs: flags.snapshotEvery }),
  })
  const output: EventOf<'output'>[] = []
  const progress = setInterval(() => {
    screen.passing(progressLine(world.counters(), (performance.now() - began) / 1000))
  }, progressEveryMs)
  try {
    say(openingLine(dir, world.recovery, world.shape.frames, world.shape.pageBytes))
    if (world.recovery.damage !== null) screen.err(`katydid: ${world.recovery.damage}`)
    watch(world, name, screen, say)
    world.on('output', (line) => {
      output.push(line)
      say(outputLine(line))
      if (!flags.json) output.length = 0
    })
    const outcome = await untilInterrupted(
      world.run(program, {
        name,
        args,
        acceptChanged: flags.acceptChanged ?? false,
        ...(flags.machine === undefined ? {} : { machine: flags.machine }),
      }),
    )
    clearInterval(progress)
    tell(screen, world, { name, outcome, output }, flags)
  } finally {
    clearInterval(progress)
    if (flags.trace !== undefined) writeTrace(flags.trace, world.trace())
    await world.close()
  }
}

/** Things that happen beside the run and that somebody should know of. */
function watch(world: World, name: string, screen: Screen, say: (line: string) => void): void {
  world.on('rollback', ({ reason, moved }) => {
    say(`went back: ${reason}`)
    for (const { container, from, to, because } of moved)
      say(`  “${container}” ${from === 0 ? '' : `from interval ${from} `}to ${to}: ${because}`)
  })
  world.on('log', ({ text }) => say(`${name}: ${text}`))
  world.on('line_lagging', (event) => say(laggingLine(event)))
  world.on('capture_failed', ({ detail }) =>
    screen.err(`katydid: ${detail}; the next one tries again`),
  )
  world.on('trouble', ({ detail }) => screen.err(`katydid: ${detail}`))
  world.on('failed', ({ machine, detail, restarts }) => {
    if (restarts === true) screen.err(`katydid: machine ${machine}: ${detail}; it is started again`)
  })
  world.on('manager_given_up', ({ detail }) => screen.err(`katydid: ${detail}`))
  world.on('stalled', ({ name: locus, forMs }) =>
    screen.err(`katydid: locus ${locus} has been silent for ${Math.round(forMs / 1000)} s`),
  )
}

interface Outcome {
  readonly name: string
  readonly outcome: RunResult
  /** What was printed, when it is to be part of the one object. */
  readonly output: readonly EventOf<'output'>[]
}

function tell(screen: Screen, world: World, of: Outcome, flags: Flags): void {
  const { name, outcome } = of
  const counters = world.counters()
  if (flags.json) {
    const { result, resumed, stored } = outcome
    const output = of.output.map(({ container, sequence, text }) => ({ container, sequence, text }))
    const { recovery } = world
    screen.out(JSON.stringify({ name, result, resumed, stored, output, recovery, counters }))
    return
  }
  const how = outcome.stored
    ? 'had ended before; this is its stored result'
    : outcome.resumed
      ? 'was resumed and has ended'
      : 'has ended'
  screen.out(`program ${name}: ${how}`)
  for (const line of summaryLines(counters)) screen.out(line)
  screen.out(`result: ${resultText(outcome.result)}`)
}
