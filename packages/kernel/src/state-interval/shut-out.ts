/**
 * Shutting out, for a cut, the loci of other containers that reach this one by mappings. Its gate says cutting; each takes note at its
 * next access and waits. When all that run have, nobody loads or stores a byte of it until the gate opens.
 */
import { containerGates, type LocusSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { acknowledged, laggards, raiseGeneration, receivedFrom } from '@katydid/memory'
import type { Container } from '../container/container.js'
import { dependentsOf } from '../container/supplier.js'
import type { Machine } from '../machine.js'
import { isAtRest } from './gate.js'

/** How long a locus may run without an access before the capture is given up. */
const noteMs = 500
/** How long a container waits for those that store into it, to be cut in one step with them. */
const companyMs = 100
/** The same in the last capture of a world, for all that have it mapped: shut out they would never rest. */
const lastCompanyMs = 1_500

export interface ShutOut {
  readonly generation: number
  readonly sinceMs: number
}

/** Has them take note. The gate says cutting. */
export function shutOut(machine: Machine, { slot }: Container): ShutOut {
  const { region, clock } = machine
  const gate = region.words.load(region.containerWord(slot, 'gate'))
  invariant(gate === containerGates.cutting, 'SI91: the gate comes first', { slot, gate })
  return { generation: raiseGeneration(region, slot), sinceMs: clock.nowMs() }
}

/** Whether all have. */
export const areOut = (machine: Machine, { slot }: Container, { generation }: ShutOut): boolean =>
  acknowledged(machine.region, slot, generation)

/** Whether somebody took too long. */
export const isOverdue = (machine: Machine, { sinceMs }: ShutOut): boolean =>
  machine.clock.nowMs() - sinceMs >= noteMs

/** Who has not taken note yet, for the report. */
export function whoIsLate(machine: Machine, { slot }: Container, { generation }: ShutOut): string {
  const { region } = machine
  const nameOf = (late: LocusSlot): string => {
    const locus = machine.loci.threads().find((each) => each.slot === late)
    const inside = region.words.load(region.locusWord(late, 'container'))
    const host = machine.containers.all().find((each) => Number(each.slot) === inside)
    const name = locus?.name === undefined || locus.name === '' ? `a locus` : locus.name
    return `${name} of “${host?.name ?? ''}”`
  }
  const names = laggards(region, slot, generation).map(nameOf)
  return names.length === 0 ? 'a locus' : names.join(', ')
}

/**
 * Whether it is better to wait until others of `pending`, into which it is mapped, have come to rest too: they have stored into it, and
 * what they store after its cut and before theirs would tie their points to its next one.
 */
export function waitsForCompany(
  machine: Machine,
  container: Container,
  pending: ReadonlySet<Container>,
  { beganMs, keepShut }: { readonly beganMs: number; readonly keepShut: boolean },
): boolean {
  const { region, clock } = machine
  if (clock.nowMs() - beganMs >= (keepShut ? lastCompanyMs : companyMs)) return false
  for (const host of dependentsOf(machine, container)) {
    if (host === container || !pending.has(host) || isAtRest(machine, host)) continue
    if (keepShut || receivedFrom(region, container.slot, host.slot) !== 0n) return true
  }
  return false
}
