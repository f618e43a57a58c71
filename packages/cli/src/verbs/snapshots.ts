/** `katydid snapshots DIR`: from which state a world would go on. Opens it without letting any locus go on. */
import { Command } from 'commander'
import { openWorld } from 'katydid'
import type { Screen } from '../screen.js'

export function snapshotsVerb(screen: Screen): Command {
  return new Command('snapshots')
    .description('the capture a world would go on from, container by container')
    .argument('<dir>', 'directory of the world')
    .option('--json', 'print one JSON object instead of lines')
    .action((dir: string, flags: { readonly json?: true }) =>
      snapshots(screen, dir, flags.json ?? false),
    )
}

async function snapshots(screen: Screen, dir: string, asJson: boolean): Promise<void> {
  const world = await openWorld({ dir, create: false, hold: true, snapshotEveryMs: 0 })
  try {
    const { capture, damage } = world.recovery
    const { containers } = await world.status()
    const points = containers.map(({ name, recoverable }) => ({ container: name, recoverable }))
    if (asJson) {
      screen.out(JSON.stringify({ capture, damage, points }))
      return
    }
    screen.out(capture === 0 ? 'no recoverable capture yet' : `capture ${capture}: recoverable`)
    for (const each of points)
      screen.out(`container ${each.container}: snapshot ${each.recoverable}`)
    if (damage !== null) screen.out(`damage: ${damage}`)
  } finally {
    await world.close()
  }
}
