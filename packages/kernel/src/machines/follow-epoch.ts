/** Epochs of a world's machines are kept near each other: who hears of one that is ahead begins it. */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { requestCapture } from '../state-interval/capture.js'

/** Begins the epoch that another machine is in, when this one is behind and captures nothing. */
export function followEpoch(machine: Machine): void {
  const { across, captures, phase } = machine
  if (across === null || phase !== 'open' || machine.recoveryWanted !== null) return
  if (across.epoch <= captures.epoch || captures.rendezvous !== null) return
  invariant(across.epoch > 0, 'SI164: an epoch that was heard of has begun', {})
  captures.raise(across.epoch - 1, captures.next)
  requestCapture(machine, () => {})
}
