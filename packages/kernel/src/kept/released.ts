/**
 * Output that has left the world since a kept line. Going back does not undo it: whoever received it may have acted on it. Each source is
 * a function of its own; what else comes to hold its output until it is recoverable gets one here.
 */
import type { lineCalls, ResultOf } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { releasedAfter } from '../output/released.js'
import { durableCallsOf } from '../locus/durable-calls.js'
import type { SavedLocus } from '../state-interval/records.js'
import type { KeptLine } from './kept-lines.js'
import { intervalAt } from './visits.js'

export type Released = ResultOf<(typeof lineCalls)['lineRollback']>['released'][number]

/** What a source says was released since the line. */
type Source = (machine: Machine, kept: KeptLine) => readonly Released[]

const lociThen = ({ record }: KeptLine): readonly SavedLocus[] => [
  ...record.state.containers.flatMap(({ loci }) => loci),
  ...record.state.loci,
]

/** Results of loci that were told as recoverable, and were not there on the line. */
const results: Source = (machine, kept) => {
  const ended = new Set(lociThen(kept).flatMap(({ id, end }) => (end === null ? [] : [id])))
  return machine.loci
    .all()
    .filter(({ id, end, told }) => end !== null && told && !ended.has(id))
    .map(({ name, end }) => ({
      kind: 'result',
      detail: `locus “${name}” has ended (${end!.status}), and that was told as recoverable`,
    }))
}

/** Answers of durable invokes that programs have had since. */
const answers: Source = (machine, kept) => {
  const then = new Map(lociThen(kept).map((each) => [each.id, each.durableCalls]))
  return machine.loci.all().flatMap((locus): Released[] => {
    const count = durableCallsOf(machine, locus) - (then.get(locus.id) ?? 0)
    if (count <= 0) return []
    const detail = `locus “${locus.name}” has had ${count} recoverable ${count === 1 ? 'answer' : 'answers'} since`
    return [{ kind: 'answer', detail }]
  })
}

/** Epochs of which it was told that no crash would undo them. */
const epochs: Source = (machine, { record }) => {
  const { line } = machine.captures
  if (line === record.line) return []
  const which = line === record.line + 1 ? `${line}` : `${record.line + 1} to ${line}`
  return [{ kind: 'epoch', detail: `captures ${which} were told as recoverable` }]
}

/** Lines that the console has told of intervals that will never have been. */
const lines: Source = (machine, { record }) =>
  machine.containers.all().flatMap((container): Released[] => {
    const { slot, generation, name } = container
    const then = record.state.containers.find(
      (each) => each.slot === slot && each.generation === generation,
    )
    const told = releasedAfter(
      machine,
      container,
      then === undefined ? 0 : intervalAt(record, then),
    )
    const newest = told.lines.at(-1)
    if (newest === undefined) return []
    const count = `${told.isCounted ? '' : 'at least '}${told.count} ${told.count === 1 ? 'line' : 'lines'}`
    return [
      { kind: 'line', detail: `“${name}” has told ${count}, the last of them “${newest.text}”` },
    ]
  })

const sources: readonly Source[] = [results, answers, lines, epochs]

/** All of it, as far as the kernel knows: of loci without a name it forgets the ends that it has told. */
export function releasedSince(machine: Machine, kept: KeptLine): Released[] {
  invariant(
    kept.record.line <= machine.captures.line,
    'SI70: a kept line is no newer than the line',
    {
      line: machine.captures.line,
    },
  )
  return sources.flatMap((each) => each(machine, kept))
}
