/**
 * A container of an earlier record, as it is written to the log once more, or for a kept line: with what was told since. The records that say so
 * lie before the copy, and may be trimmed.
 */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { SavedContainer } from '../state-interval/records.js'
import type { ContainerOutput, SavedOutput } from './output.js'

/** The same container, and no line in it that was told; its next line has a number that no line had which may have been told. */
export function withTold(machine: Machine, saved: SavedContainer): SavedContainer {
  const output = machine.output.find(saved)
  if (output === null || (saved.output === undefined && output.given === 0)) return saved
  return { ...saved, output: since(saved.output ?? nothing(output), output) }
}

/** It had printed nothing then. */
const nothing = ({ slot, generation, container }: ContainerOutput): SavedOutput => ({
  slot,
  generation,
  container,
  next: 1,
  told: 0,
  lines: [],
  recent: [],
})

/** What was printed by then, without the lines that were told since. */
export function since(then: SavedOutput, { told, given, recent }: ContainerOutput): SavedOutput {
  invariant(given >= told, 'DV13: what was told was given to the console', { given, told })
  // After a restart the log may know less than an older copy, which was written in a life whose note of it was refused.
  if (told < then.told) return { ...then, next: Math.max(then.next, given + 1) }
  const lines = then.lines.filter(({ sequence }) => sequence > told)
  return { ...then, told, recent: [...recent], lines, next: Math.max(then.next, given + 1) }
}
