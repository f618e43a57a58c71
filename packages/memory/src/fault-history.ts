/**
 * The recent faults of each locus, in shared memory (`fault_history`): written by the thread that traps, read by managers
 * that read ahead or choose by what loci do. A fault that is being overwritten while it is read is left out, never torn.
 */
import {
  asContainer,
  faultHistoryLength,
  faultWords,
  locusWords,
  type Access,
  type ContainerSlot,
  type LocusSlot,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

/** A fault as its locus noted it. */
export interface PastFault {
  readonly container: ContainerSlot
  /** The exact byte offset. */
  readonly offset: number
  readonly access: Access
}

// Constants of this module, which the engine folds.
const { at } = faultWords
const entryWords = faultWords.bytes / 4
const length = faultHistoryLength
const accesses = ['read', 'write', 'execute'] as const
const recordWords = locusWords.bytes / 4
const historyAt = locusWords.at.faultHistory

const entryOf = (region: Region, locus: LocusSlot, sequence: number): number =>
  (region.plan.loci >> 2) + locus * recordWords + historyAt + (sequence % length) * entryWords

/** The locus notes its fault number `sequence`, when it has posted the trap: the manager that answers it may not see it here yet. */
export function noteFault(
  region: Region,
  locus: LocusSlot,
  sequence: number,
  fault: PastFault,
): void {
  const entry = entryOf(region, locus, sequence)
  region.words.store(entry + at.sequence, 0)
  region.i32[entry + at.what] = fault.container * 4 + accesses.indexOf(fault.access)
  region.f64[(entry + at.offset) >> 1] = fault.offset
  region.words.store(entry + at.sequence, sequence | 0)
}

/** The last faults of the locus, the newest first, at most twelve. Of a slot used anew, the former locus's among them. */
export function faultHistory(region: Region, locus: LocusSlot): PastFault[] {
  invariant(
    locus >= 0 && locus < region.plan.shape.maxLoci,
    'PS11: a history is of a locus of this machine',
    { locus },
  )
  const newest = region.words.load(region.locusWord(locus, 'trapSequence')) >>> 0
  const faults: PastFault[] = []
  for (let back = 0; back < length && back < newest; back++) {
    const sequence = newest - back
    const entry = entryOf(region, locus, sequence)
    const before = region.words.load(entry + at.sequence)
    const what = region.i32[entry + at.what]!
    const offset = region.f64[(entry + at.offset) >> 1]!
    const after = region.words.load(entry + at.sequence)
    if (before !== (sequence | 0) || after !== before) continue
    faults.push({ container: asContainer(what >> 2), offset, access: accesses[what & 3]! })
  }
  return faults
}
