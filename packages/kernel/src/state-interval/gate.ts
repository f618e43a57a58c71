/**
 * The gate: shut, every locus comes to rest at its next safepoint and stays there. The gate is stored before loci are
 * rung and looked at; a locus stores its state before it loads the gate. So either sees the other.
 */
import { bellBits, locusStates } from '@katydid/abi'
import { invariant, ring } from '@katydid/actor'
import type { Machine } from '../machine.js'

export function shutGate(machine: Machine): void {
  machine.captures.freezes++
  invariant(machine.captures.freezes > 0, 'SI2: the number of a freeze is never 0', {})
  machine.region.words.store(machine.region.machineWord('gate'), machine.captures.freezes)
  ringLoci(machine)
}

/** Lets loci go on, and answers those that asked meanwhile what to enter. */
export function openGate(machine: Machine): void {
  machine.region.words.store(machine.region.machineWord('gate'), 0)
  ringLoci(machine)
  const held = machine.heldBegins
  machine.heldBegins = []
  for (const answer of held) answer()
}

/** Whether no locus can run an instruction of a program until the gate opens. */
export function allAtRest(machine: Machine): boolean {
  const gate = machine.region.words.load(machine.region.machineWord('gate'))
  invariant(gate !== 0, 'SI2: loci are at rest only behind a shut gate', {})
  return machine.loci.threads().every((locus) => {
    if (locus.end !== null) return true
    invariant(locus.slot !== null, 'LO60: a thread has a slot', { id: locus.id })
    const state = machine.region.words.load(machine.region.locusWord(locus.slot, 'state'))
    // `ended` without an end: its locus_end is in the mail and belongs into this capture.
    return state === locusStates.resting || state === locusStates.starting
  })
}

function ringLoci(machine: Machine): void {
  for (const { slot } of machine.loci.threads())
    if (slot !== null)
      ring(machine.region.words, machine.region.locusWord(slot, 'bell'), bellBits.mail)
}
