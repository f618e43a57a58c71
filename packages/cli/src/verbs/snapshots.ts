/**
 * `katydid snapshots DIR`: from which state a world would go on, which older lines it keeps to be gone back to, and which snapshots of
 * each container it retains, with the lines that each belongs to. Opens it without letting any locus go on.
 */
import { Command } from 'commander'
import { KatydidError, openWorld, type KeptLine, type RetainedSnapshot, type World } from 'katydid'
import { dateText, plural } from '../numbers.js'
import type { Screen } from '../screen.js'

export function snapshotsVerb(screen: Screen): Command {
  return new Command('snapshots')
    .description(
      'the capture a world would go on from, the lines it keeps, and what it retains, container by container',
    )
    .argument('<dir>', 'directory of the world')
    .option('--json', 'print one JSON object instead of lines')
    .action((dir: string, flags: { readonly json?: true }) =>
      snapshots(screen, dir, flags.json ?? false),
    )
}

/** A retained snapshot, and the kept lines that it belongs to. */
type Listed = RetainedSnapshot & { readonly lines: readonly number[] }

interface Point {
  readonly container: string
  readonly recoverable: number
  readonly retained: readonly Listed[]
}

/** What can be opened of the container of that name; nothing when its manager retains no snapshots. */
async function retainedOf(
  world: World,
  name: string,
  kept: readonly KeptLine[],
): Promise<readonly Listed[]> {
  try {
    const retained = await world.snapshots(await world.createContainer({ name }))
    return retained.map((each) => ({ ...each, lines: linesOf(kept, name, each.stateInterval) }))
  } catch (error) {
    if (error instanceof KatydidError && error.status === 'not_supported') return []
    throw error
  }
}

const linesOf = (kept: readonly KeptLine[], name: string, snapshot: number): number[] =>
  kept
    .filter(({ members }) =>
      members.some((each) => each.isThere && each.container === name && each.snapshot === snapshot),
    )
    .map(({ line }) => line)

function textOf({ stateInterval, takenMs, pages, state, lines }: Listed): string {
  const of = lines.length === 0 ? '' : `, of kept line ${lines.join(', ')}`
  return `${stateInterval}: ${state}, taken ${dateText(takenMs)}, ${plural(pages, 'page')}${of}`
}

function memberText({
  container,
  interval,
  snapshot,
  isThere,
}: KeptLine['members'][number]): string {
  const what = snapshot === 0 ? 'empty' : `snapshot ${snapshot}`
  return `${container || '(unnamed)'} at interval ${interval}, ${what}${isThere ? '' : ', destroyed since'}`
}

async function snapshots(screen: Screen, dir: string, asJson: boolean): Promise<void> {
  const world = await openWorld({ dir, create: false, hold: true, snapshotEveryMs: 0 })
  try {
    const { capture, damage } = world.recovery
    const { containers } = await world.status()
    const lines = await world.lines()
    const points: Point[] = []
    for (const { name, recoverable, manager } of containers) {
      const isUser = name !== '' && manager !== 'none' && !name.startsWith('(manager ')
      const retained = isUser ? await retainedOf(world, name, lines) : []
      points.push({ container: name, recoverable, retained })
    }
    if (asJson) {
      screen.out(JSON.stringify({ capture, damage, lines, points }))
      return
    }
    screen.out(capture === 0 ? 'no recoverable capture yet' : `capture ${capture}: recoverable`)
    for (const { line, keptMs, members } of lines) {
      screen.out(`line ${line}: kept ${dateText(keptMs)}`)
      for (const each of members) screen.out(`  ${memberText(each)}`)
    }
    for (const { container, recoverable, retained } of points) {
      screen.out(`container ${container}: snapshot ${recoverable}`)
      for (const each of retained) screen.out(`  ${textOf(each)}`)
    }
    if (damage !== null) screen.out(`damage: ${damage}`)
  } finally {
    await world.close()
  }
}
