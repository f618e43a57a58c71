/** `katydid snapshots DIR`: from which state a world would go on, and which older ones it retains. Opens it without letting any locus go on. */
import { Command } from 'commander'
import { KatydidError, openWorld, type RetainedSnapshot, type World } from 'katydid'
import { plural } from '../numbers.js'
import type { Screen } from '../screen.js'

export function snapshotsVerb(screen: Screen): Command {
  return new Command('snapshots')
    .description(
      'the capture a world would go on from, and what it retains, container by container',
    )
    .argument('<dir>', 'directory of the world')
    .option('--json', 'print one JSON object instead of lines')
    .action((dir: string, flags: { readonly json?: true }) =>
      snapshots(screen, dir, flags.json ?? false),
    )
}

interface Point {
  readonly container: string
  readonly recoverable: number
  readonly retained: readonly RetainedSnapshot[]
}

/** What can be opened of the container of that name; nothing when its manager retains no snapshots. */
async function retainedOf(world: World, name: string): Promise<readonly RetainedSnapshot[]> {
  try {
    return await world.snapshots(await world.createContainer({ name }))
  } catch (error) {
    if (error instanceof KatydidError && error.status === 'not_supported') return []
    throw error
  }
}

function lineOf({ stateInterval, takenMs, pages, state }: RetainedSnapshot): string {
  const taken = takenMs === 0 ? 'nobody knows when' : new Date(takenMs).toISOString()
  return `${stateInterval}: ${state}, taken ${taken}, ${plural(pages, 'page')}`
}

async function snapshots(screen: Screen, dir: string, asJson: boolean): Promise<void> {
  const world = await openWorld({ dir, create: false, hold: true, snapshotEveryMs: 0 })
  try {
    const { capture, damage } = world.recovery
    const { containers } = await world.status()
    const points: Point[] = []
    for (const { name, recoverable, manager } of containers) {
      const isUser = name !== '' && manager !== 'none' && !name.startsWith('(manager ')
      const retained = isUser ? await retainedOf(world, name) : []
      points.push({ container: name, recoverable, retained })
    }
    if (asJson) {
      screen.out(JSON.stringify({ capture, damage, points }))
      return
    }
    screen.out(capture === 0 ? 'no recoverable capture yet' : `capture ${capture}: recoverable`)
    for (const { container, recoverable, retained } of points) {
      screen.out(`container ${container}: snapshot ${recoverable}`)
      for (const each of retained) screen.out(`  ${lineOf(each)}`)
    }
    if (damage !== null) screen.out(`damage: ${damage}`)
  } finally {
    await world.close()
  }
}
