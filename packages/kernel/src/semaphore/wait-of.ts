/** In which of its waits at semaphores a locus stands. */
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'

/** The number of the wait that the locus is in, as its own thread says; 0: none that is captured. */
export function waitOf(machine: Machine, locus: Locus): number {
  if (locus.slot === null || locus.end !== null) return 0
  return machine.region.words.load(machine.region.locusWord(locus.slot, 'semaphoreWait'))
}
