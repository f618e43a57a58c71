/** What happened in a run, as lines. Reads counters and events, decides nothing. */
import { inspect } from 'node:util'
import type { CounterSums, EventOf, LineHolder, Recovery } from 'katydid'
import { bytes, count, milliseconds, plural } from './numbers.js'

/** How the world came to be open. */
export function openingLine(
  dir: string,
  recovery: Recovery,
  frames: number,
  pageBytes: number,
): string {
  const memory = `${count(frames)} frames of ${bytes(pageBytes)}`
  if (recovery.created) return `world ${dir}: created, ${memory}`
  const from =
    recovery.capture === 0 ? 'nothing was recoverable' : `back at capture ${recovery.capture}`
  return `world ${dir}: opened, ${from}, in ${milliseconds(recovery.ms)}, ${memory}`
}

/** A line that a program printed, with its container; one that may be undone is marked. */
export function outputLine({ container, durable, text }: EventOf<'output'>): string {
  return `${container}${durable === 'volatile' ? ' (volatile)' : ''}: ${text}`
}

/** Who holds the line back, or that nobody does any more. */
export function laggingLine({
  isOver,
  holders,
  epoch,
  line,
  forMs,
}: EventOf<'line_lagging'>): string {
  if (isOver) return `the line has caught up, after ${milliseconds(forMs)}`
  return `the line lags (${line} of ${epoch}): ${holders.map(holderText).join('; ')}`
}

/** A container that holds the line back, and by whom. */
export function holderText({ container, loci, because }: LineHolder): string {
  const who = loci.length === 0 ? 'a locus' : loci.join(', ')
  if (because === 'no_rest') return `${who} in “${container}” does not come to rest`
  if (because === 'not_announced') return `the disk does not take the line of “${container}”`
  const what = because === 'no_snapshot' ? 'takes no snapshot' : 'did not make its snapshot stable'
  return `the manager of “${container}” ${what}`
}

/** How often the world was drained, and what that took. */
export function drainLine({ count: drains, totalMs, maxMs, givenUp }: Drains): string {
  if (drains === 0) return 'drains: none'
  const lost = givenUp === 0 ? '' : `, ${givenUp} given up`
  return `drains: ${count(drains)}, ${milliseconds(totalMs)} in all, ${milliseconds(maxMs)} at the most${lost}`
}

interface Drains {
  readonly count: number
  readonly totalMs: number
  readonly maxMs: number
  readonly givenUp: number
}

/** What it took, in one line each: paging, snapshots, disk. */
export function summaryLines(sums: CounterSums): string[] {
  const discards = sums.discardsClean + sums.discardsDirty
  const held =
    sums.snapshots === 0 ? '' : `, held ${milliseconds(sums.heldMaxUs / 1000)} at the most`
  return [
    `paging: ${plural(sums.faults, 'fault')}, ${plural(discards, 'discard')} (${count(sums.discardsDirty)} dirty), ${plural(sums.reReads, 're-read')}`,
    `snapshots: ${count(sums.snapshots)}${held}, ${count(sums.recoverable)} recoverable`,
    ...(sums.drains === 0 ? [] : [drainLine(drainsOf(sums))]),
    `disk: ${bytes(sums.bytesWritten)} in ${plural(sums.groups, 'group')}, ${plural(sums.barriers, 'barrier')}`,
  ]
}

const drainsOf = (sums: CounterSums): Drains => ({
  count: sums.drains,
  totalMs: sums.drainUs / 1000,
  maxMs: sums.drainMaxUs / 1000,
  givenUp: sums.drainsGivenUp,
})

/** One passing line while a program runs. */
export function progressLine(sums: CounterSums, seconds: number): string {
  return `${seconds.toFixed(0)} s: ${plural(sums.faults, 'fault')}, ${count(sums.discardsClean + sums.discardsDirty)} discards, ${plural(sums.snapshots, 'snapshot')}, ${bytes(sums.bytesWritten)} written`
}

/** A program's result: text as it is, anything else as Node shows it. */
export function resultText(result: unknown): string {
  return typeof result === 'string' ? result : inspect(result, { depth: 4, breakLength: 100 })
}
