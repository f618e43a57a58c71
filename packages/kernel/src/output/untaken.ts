/**
 * Lines that nobody has taken yet, of containers whose end is on the line. They are of that line, though no unit of it holds them: a kept line
 * has them, and going back to it tells them.
 */
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { SavedOutput } from './output.js'
import { since } from './with-told.js'

/** Those of the line to come, with which these containers end. */
export function untakenOn(machine: Machine, ending: readonly Container[]): SavedOutput[] {
  return machine.output
    .all()
    .filter(
      ({ slot, generation, endedAfter, lines }) =>
        lines.length > 0 &&
        (endedAfter !== null ||
          ending.some((each) => each.slot === slot && each.generation === generation)),
    )
    .map((each) => each.save())
}

/** The same, written again: without those that were told meanwhile, and with the numbers that were. */
export function stillUntaken(machine: Machine, untaken: readonly SavedOutput[]): SavedOutput[] {
  return untaken.map((saved) => {
    const output = machine.output.find(saved)
    return output === null ? saved : since(saved, output)
  })
}

/** They wait to be told, as on the line that is gone back to, whose record lies behind that log position. */
export function takeUpUntaken(
  machine: Machine,
  untaken: readonly SavedOutput[],
  after: number,
): void {
  for (const saved of untaken) machine.output.goBack(saved).endedAfter = after
}
