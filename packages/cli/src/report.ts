/** What happened in a run, as lines. Reads counters and events, decides nothing. */
import { inspect } from 'node:util'
import type { CounterSums, Recovery } from 'katydid'
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

/** What it took, in one line each: paging, snapshots, disk. */
export function summaryLines(sums: CounterSums): string[] {
  const discards = sums.discardsClean + sums.discardsDirty
  const held =
    sums.snapshots === 0 ? '' : `, held ${milliseconds(sums.heldMaxUs / 1000)} at the most`
  return [
    `paging: ${plural(sums.faults, 'fault')}, ${plural(discards, 'discard')} (${count(sums.discardsDirty)} dirty), ${plural(sums.reReads, 're-read')}`,
    `snapshots: ${count(sums.snapshots)}${held}, ${count(sums.recoverable)} recoverable`,
    `disk: ${bytes(sums.bytesWritten)} in ${plural(sums.groups, 'group')}, ${plural(sums.barriers, 'barrier')}`,
  ]
}

/** One passing line while a program runs. */
export function progressLine(sums: CounterSums, seconds: number): string {
  return `${seconds.toFixed(0)} s: ${plural(sums.faults, 'fault')}, ${count(sums.discardsClean + sums.discardsDirty)} discards, ${plural(sums.snapshots, 'snapshot')}, ${bytes(sums.bytesWritten)} written`
}

/** A program's result: text as it is, anything else as Node shows it. */
export function resultText(result: unknown): string {
  return typeof result === 'string' ? result : inspect(result, { depth: 4, breakLength: 100 })
}
