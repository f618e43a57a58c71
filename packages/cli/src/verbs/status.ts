/** `katydid status DIR`: what a world holds. Opens it without letting any locus go on. */
import { Command } from 'commander'
import { openWorld, type LineHolder } from 'katydid'
import { bytes, dateText, milliseconds, plural } from '../numbers.js'
import { drainLine, holderText } from '../report.js'
import type { Screen } from '../screen.js'

export function statusVerb(screen: Screen): Command {
  return new Command('status')
    .description('what a world holds; nothing in it goes on meanwhile')
    .argument('<dir>', 'directory of the world')
    .option('--json', 'print one JSON object instead of lines')
    .action((dir: string, flags: { readonly json?: true }) =>
      status(screen, dir, flags.json ?? false),
    )
}

/** What of the report the lines need. */
interface Report {
  readonly drains: Parameters<typeof drainLine>[0]
  readonly lagging: { readonly forMs: number; readonly holders: readonly LineHolder[] } | null
  readonly output: readonly {
    readonly container: string
    readonly held: number
    readonly bytes: number
  }[]
  readonly decisions: readonly {
    readonly from: number
    readonly to: number
    readonly atMs: number
  }[]
}

async function status(screen: Screen, dir: string, asJson: boolean): Promise<void> {
  const world = await openWorld({ dir, create: false, hold: true, snapshotEveryMs: 0 })
  try {
    const found = await world.status()
    if (asJson) {
      screen.out(JSON.stringify({ ...found, recovery: world.recovery }))
      return
    }
    const { capture, ms } = world.recovery
    screen.out(
      capture === 0
        ? `world ${dir}: holds nothing recoverable yet`
        : `world ${dir}: at capture ${capture}, recovered in ${milliseconds(ms)}`,
    )
    const reports = reportsOf(found.report)
    const on = (machine: number): string => (reports.length > 1 ? ` on machine ${machine}` : '')
    for (const { from, to, atMs } of reports.flatMap(({ report }) => report.decisions))
      screen.out(`an administrator took it back from capture ${from} to ${to}, ${dateText(atMs)}`)
    for (const each of found.containers)
      screen.out(
        `container ${each.name}${on(each.machine)}: ${each.state === 'live' ? '' : 'stopped with its manager, '}${bytes(each.size)}, interval ${each.recoverable}, program ${each.program?.module ?? 'none'}`,
      )
    for (const each of found.loci)
      screen.out(
        `locus ${each.name}${on(each.machine)}: ${each.state} in container ${each.container}, ${plural(each.faults, 'fault')} so far`,
      )
    for (const { machine, report } of reports) {
      if (reports.length > 1) screen.out(`machine ${machine}:`)
      for (const line of reportLines(report)) screen.out(line)
    }
  } finally {
    await world.close()
  }
}

/** What each machine says; a machine alone says it for the world. */
function reportsOf(
  report: unknown,
): readonly { readonly machine: number; readonly report: Report }[] {
  const { machines } = report as { readonly machines?: ReturnType<typeof reportsOf> }
  return machines ?? [{ machine: 1, report: report as Report }]
}

function reportLines({ drains, lagging, output }: Report): string[] {
  const lags =
    lagging === null
      ? []
      : [
          `the line lags since ${milliseconds(lagging.forMs)}: ${lagging.holders.map(holderText).join('; ')}`,
        ]
  const held = output.map(
    ({ container, held: count, bytes: size }) =>
      `output of ${container}: ${plural(count, 'line')} not told yet, ${bytes(size)}`,
  )
  return [drainLine(drains), ...lags, ...held]
}
