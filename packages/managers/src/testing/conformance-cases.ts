/** The cases of the conformance suite: each makes a short story of a world and answers what of it is not as the rule says. */
import { invariant } from '@katydid/actor'
import type { ConformanceCase, ConformanceWorld } from './conformance.js'

/** What a case is about: pages in memory and on a disk, or snapshots and what survives. */
export type Demand = 'paging' | 'snapshots'

const values = (world: ConformanceWorld, salt: number): number[] =>
  Array.from({ length: world.pages }, (_, page) => salt * 1_000_000 + page + 1)

/** Writes every page; stops at the first that cannot be written, and says so. */
function writeAll(world: ConformanceWorld, all: readonly number[]): string[] {
  for (const [page, value] of all.entries()) {
    const status = world.write(page, value)
    if (status !== 'ok') return [`page ${page} cannot be written: ${status}`]
  }
  return []
}

/** Reads every page; stops at the first that cannot be read. */
function differences(world: ConformanceWorld, all: readonly number[]): string[] {
  invariant(all.length === world.pages, 'MG4: every page is compared', { pages: world.pages })
  const found: string[] = []
  for (const [page, value] of all.entries()) {
    const read = world.read(page)
    if (read !== value) found.push(`page ${page} reads ${read}, not ${value}`)
    if (typeof read === 'string') break
  }
  return found
}

const unless = (holds: boolean, sentence: string): string[] => (holds ? [] : [sentence])
const captured = (world: ConformanceWorld): string[] =>
  unless(world.capture(), 'the capture did not become recoverable')

const zeros = (world: ConformanceWorld): number[] => Array.from({ length: world.pages }, () => 0)

const paging: readonly Omit<ConformanceCase, 'demand'>[] = [
  {
    name: 'zeros',
    title: '[MG4] a page never written reads zeros',
    run: (world) => differences(world, zeros(world)),
  },
  {
    name: 'last',
    title: '[MG4] every page reads what was last written to it',
    run: (world) => [
      ...writeAll(world, values(world, 1)),
      ...writeAll(world, values(world, 2)),
      ...differences(world, values(world, 2)),
    ],
  },
  {
    name: 'together',
    title: '[MG61] two loci on one page get one frame, and nothing of either is lost',
    run: (world) => {
      const first = world.writeTogether(3, 7)
      const filled = writeAll(world, values(world, 1).fill(0, 3, 4))
      const second = world.writeTogether(3, 9)
      return [...first, ...second]
        .flatMap((status) => unless(status === 'ok', status))
        .concat(filled)
    },
  },
  {
    name: 'discard',
    title: '[MG14] page_discard gets its frames, and no content is lost',
    run: (world) => {
      const written = writeAll(world, values(world, 9))
      if (written.length > 0) return written
      const came = world.discard(3)
      return [
        ...unless(came === 3, `${came} frames came back, not 3`),
        ...differences(world, values(world, 9)),
      ]
    },
  },
]

const snapshots: readonly Omit<ConformanceCase, 'demand'>[] = [
  {
    name: 'known',
    title: '[MG62] a capture becomes recoverable, and the manager knows of it and of no other',
    run: (world) => {
      const problems = [...writeAll(world, values(world, 2)), ...captured(world)]
      if (problems.length > 0) return problems
      const line = world.query('line')
      const never = world.query('never')
      return [
        ...unless(line === 'stable' || line === 'recoverable', `of the line it says ${line}`),
        ...unless(never === 'none', `of an interval that never was it says ${never}`),
      ]
    },
  },
  {
    name: 'killed',
    title: '[MG9] a killed world comes back with its last recoverable content',
    run: (world) => {
      const written = [...writeAll(world, values(world, 3)), ...captured(world)]
      if (written.length > 0) return written
      writeAll(world, values(world, 4))
      return differences(world.kill(), values(world, 3))
    },
  },
  {
    name: 'gone',
    title:
      '[MG10] what was written after the line is gone for good, also for the start after the next',
    run: (world) => {
      const written = [...writeAll(world, values(world, 5)), ...captured(world)]
      if (written.length > 0) return written
      writeAll(world, values(world, 6))
      const second = world.kill()
      second.write(0, 77)
      return differences(second.kill(), values(world, 5))
    },
  },
  {
    name: 'rollback',
    title: '[MG10] a manager that lives through a rollback shows the content of the line',
    run: (world) => {
      const written = [...writeAll(world, values(world, 5)), ...captured(world)]
      if (written.length > 0) return written
      writeAll(world, values(world, 6))
      world.loseLocus()
      return differences(world, values(world, 5))
    },
  },
  {
    name: 'died',
    title: '[MG12] a manager that died comes back with the content of the line',
    run: (world) => {
      const written = [...writeAll(world, values(world, 7)), ...captured(world)]
      if (written.length > 0) return written
      writeAll(world, values(world, 8))
      world.killManager()
      return differences(world, values(world, 7))
    },
  },
]

/** The cases; each wants a world of its own. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...paging.map((each) => ({ ...each, demand: 'paging' as const })),
  ...snapshots.map((each) => ({ ...each, demand: 'snapshots' as const })),
]
