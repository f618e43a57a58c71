/**
 * What every manager must do, as rules: a suite that takes the manager to be tested behind the few things a user of it
 * can do. It knows no test runner; whoever runs it registers the cases and says how to compare.
 *
 * A manager that keeps nothing over a crash is held to the cases of `paging` alone.
 */
import { invariant } from '@katydid/actor'
import { conformanceCases, type Demand } from './conformance-cases.js'

/** What `query` may be asked of: the interval that the line names, and one that never was. */
export type Asked = 'line' | 'never'

/** A machine with one container under the manager to be tested. */
export interface ConformanceWorld {
  /** Pages of the container; several times the frames the manager has. */
  readonly pages: number
  /** Writes one word of the page by a locus; answers `ok`, or the status or silence it met. */
  write(page: number, value: number): string
  /** Reads that word; a status other than `ok` is no value. */
  read(page: number): number | string
  /** Two loci write two words of the page at the same time; answers what each met. */
  writeTogether(page: number, value: number): readonly string[]
  /** Captures the container; answers whether the capture became recoverable in time. */
  capture(): boolean
  /** Asks the manager for the state of an interval of the container. */
  query(asked: Asked): string
  /** The process is killed and the world opened again. */
  kill(): ConformanceWorld
  /** The manager's thread dies; the world goes on at its line. */
  killManager(): void
  /** A locus is lost: the world goes back to its line, the manager lives on. */
  loseLocus(): void
  /** The kernel wants frames back; answers how many came. */
  discard(count: number): number
}

export interface ConformanceCase {
  /** A word for it, as tables of who fails what have it. */
  readonly name: string
  /** Begins with the rule in brackets. */
  readonly title: string
  readonly demand: Demand
  /** Answers what differs from what the rule says. */
  run(world: ConformanceWorld): readonly string[]
}

/** What the case finds wrong; a world that breaks under it is a finding too. */
export function findings(each: ConformanceCase, create: () => ConformanceWorld): readonly string[] {
  try {
    return each.run(create())
  } catch (error) {
    return [`the world broke: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** The cases that a manager of this kind must pass. */
function casesFor(keeps: 'nothing' | 'snapshots'): readonly ConformanceCase[] {
  const cases = conformanceCases.filter(
    ({ demand }) => demand === 'paging' || keeps === 'snapshots',
  )
  invariant(cases.length > 0, 'MG60: a manager is held to something', { keeps })
  return cases
}

/** Registers every case with `register`, each on a world that `create` makes. */
export function runManagerConformance(
  register: (title: string, body: () => readonly string[]) => void,
  create: () => ConformanceWorld,
  keeps: 'nothing' | 'snapshots' = 'snapshots',
): void {
  for (const each of casesFor(keeps)) register(each.title, () => findings(each, create))
}
