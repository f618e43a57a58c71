/**
 * What every manager must do, as rules: a suite that takes the manager to be tested behind the few things a user of it
 * can do. It knows no test runner; whoever runs it registers the cases and says how to compare.
 */
import { invariant } from '@katydid/actor'

/** A machine with one container under the manager to be tested. */
export interface ConformanceWorld {
  /** Pages of the container; several times the frames the manager has. */
  readonly pages: number
  write(page: number, value: number): void
  read(page: number): number
  /** Captures the container; answers when the capture is recoverable. */
  capture(): void
  /** The process is killed and the world opened again. */
  kill(): ConformanceWorld
  /** The manager's thread dies; the world goes on at its line. */
  killManager(): void
  /** The kernel wants frames back; answers how many came. */
  discard(count: number): number
}

export interface ConformanceCase {
  /** Begins with the rule in brackets. */
  readonly title: string
  /** Answers what differs from what the rule says. */
  run(world: ConformanceWorld): readonly string[]
}

const values = (world: ConformanceWorld, salt: number): number[] =>
  Array.from({ length: world.pages }, (_, page) => salt * 1_000_000 + page + 1)

function writeAll(world: ConformanceWorld, all: readonly number[]): void {
  all.forEach((value, page) => world.write(page, value))
}

function differences(world: ConformanceWorld, all: readonly number[]): string[] {
  invariant(all.length === world.pages, 'MG4: every page is compared', { pages: world.pages })
  return all.flatMap((value, page) => {
    const read = world.read(page)
    return read === value ? [] : [`page ${page} reads ${read}, not ${value}`]
  })
}

/** The cases; each wants a world of its own. */
export const conformanceCases: readonly ConformanceCase[] = [
  {
    title: '[MG4] a page never written reads zeros',
    run: (world) =>
      differences(
        world,
        Array.from({ length: world.pages }, () => 0),
      ),
  },
  {
    title: '[MG4] every page reads what was last written to it',
    run: (world) => {
      writeAll(world, values(world, 1))
      writeAll(world, values(world, 2))
      return differences(world, values(world, 2))
    },
  },
  {
    title: '[MG9] a killed world comes back with its last recoverable content',
    run: (world) => {
      writeAll(world, values(world, 3))
      world.capture()
      writeAll(world, values(world, 4))
      return differences(world.kill(), values(world, 3))
    },
  },
  {
    title:
      '[MG10] what was written after the line is gone for good, also for the start after the next',
    run: (world) => {
      writeAll(world, values(world, 5))
      world.capture()
      writeAll(world, values(world, 6))
      const second = world.kill()
      second.write(0, 77)
      return differences(second.kill(), values(world, 5))
    },
  },
  {
    title: '[MG12] a manager that died comes back with the content of the line',
    run: (world) => {
      writeAll(world, values(world, 7))
      world.capture()
      writeAll(world, values(world, 8))
      world.killManager()
      return differences(world, values(world, 7))
    },
  },
  {
    title: '[MG14] page_discard gets its frames, and no content is lost',
    run: (world) => {
      writeAll(world, values(world, 9))
      const came = world.discard(3)
      return [
        ...(came === 3 ? [] : [`${came} frames came back, not 3`]),
        ...differences(world, values(world, 9)),
      ]
    },
  },
]

/** Registers every case with `register`, each on a world that `create` makes. */
export function runManagerConformance(
  register: (title: string, body: () => readonly string[]) => void,
  create: () => ConformanceWorld,
): void {
  for (const each of conformanceCases) register(each.title, () => each.run(create()))
}
