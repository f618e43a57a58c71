/**
 * Visits on a kept line that no capture holds. A logged container is kept as it was captured, with what came into it until the line, so
 * that it is had by running that again: one that is visited all the time is on kept lines too.
 */
import { invariant } from '@katydid/actor'
import { chainOf, type LoggedInput } from '../logged/chain.js'
import type { UnitPoint } from '../state-interval/history.js'
import type { KeptRecord, SavedContainer, SavedInput } from '../state-interval/records.js'

/** So much may have come into all containers of a line since they were captured. */
export const mostVisitBytes = 4 * 1024 * 1024

/** What the fields of an input take besides its bytes, and those of a call that it made. */
const inputBytes = 256
const callBytes = 64

/** What came in between the captured point and this one; none, when it was captured. */
export const inputsTo = (point: UnitPoint): SavedInput[] =>
  chainOf(point).map(({ interval, logged }) => {
    invariant(logged?.durable === true, 'SI74: what is kept is on the line', { interval })
    return { interval, dependencies: [], input: logged.input }
  })

/** What came into a unit between what the record has of it and the line. */
export const visitsOf = ({ visits }: KeptRecord, unit: number): readonly SavedInput[] =>
  visits?.find((each) => each.unit === unit)?.inputs ?? []

/** The interval that a container ends on the line. */
export const intervalAt = (record: KeptRecord, { slot, interval }: SavedContainer): number =>
  visitsOf(record, slot).at(-1)?.interval ?? interval

/** About what the visits of a record take. */
export const visitBytes = ({ visits = [] }: KeptRecord): number =>
  visits.reduce(
    (sum, { inputs }) => inputs.reduce((more, { input }) => more + sizeOf(input), sum),
    0,
  )

function sizeOf(input: LoggedInput | null): number {
  if (input === null) return inputBytes
  const { block, seed, result, times, calls, detail } = input
  return calls.reduce(
    (sum, each) => sum + callBytes + each.block.length + each.detail.length,
    inputBytes + block.length + seed.length + result.length + 8 * times.length + detail.length,
  )
}
