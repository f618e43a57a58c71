/**
 * Stand-ins: container slots that stand for containers of other machines, as long as a capability here names them. They are units of nothing, and in
 * no capture; points keep what they stand for.
 */
import { asMachine } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Capability, Far } from '../capability/capability-tables.js'
import type { Container, Home } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { FarCapability } from './far-capability.js'
import { mergeInto } from '../state-interval/points.js'

const noneToAvoid: ReadonlySet<number> = new Set()

/** The stand-in for that container, made if there is none; null when no slot is free. */
export function standInFor(
  machine: Machine,
  { machine: at, slot, generation, size }: Far,
  avoid: ReadonlySet<number> = noneToAvoid,
): Container | null {
  const home: Home = { machine: at, slot, generation }
  const { containers } = machine
  const known = containers
    .standIns()
    .find((each) => isSameHome(each.home, home) && !isVoid(machine, each))
  if (known !== undefined) return known
  const made = containers.createStandIn(home, size, avoid)
  if (made !== null) return made
  endUnnamed(machine)
  return containers.createStandIn(home, size, avoid)
}

/** Stand-ins that no capability names any more leave their slots. */
export function endUnnamed(machine: Machine): void {
  const standIns = machine.containers.standIns()
  if (standIns.length === 0) return
  const named = machine.capabilities.slotsNamed('container')
  for (const standIn of standIns)
    if (!named.has(standIn.slot) && !isUsed(machine, standIn)) machine.containers.remove(standIn)
}

/** Whether a locus runs, or looks, into it at this moment: only where there is local support for it. */
function isUsed(machine: Machine, { slot }: Container): boolean {
  const { region } = machine
  const frames = region.words.load(region.containerWord(slot, 'frames'))
  invariant(frames >= 0, 'LO40: whoever goes out came in', { slot, frames })
  const attached = region.containerWord(slot, 'attached')
  return frames !== 0 || [0, 1, 2, 3].some((word) => region.words.load(attached + word) !== 0)
}

/**
 * Whoever is given a capability for the stand-in depends on these intervals of units of other machines: should they go back, there may never have been what it stands for, and another
 * container may have its name.
 */
export function noteSeen(standIn: Container, seen: ReadonlyMap<number, number>): void {
  invariant(standIn.home !== null, 'CP40: only a stand-in is seen from afar', {
    slot: standIn.slot,
  })
  mergeInto(standIn.intervals.history.owed, seen)
}

/** Whether what was known of it when it was made went back. */
export const isVoid = (machine: Machine, { home, intervals }: Container): boolean =>
  home !== null && machine.across?.ends.hasAny(intervals.history.owed) === true

const isSameHome = (one: Home | null, other: Home): boolean =>
  one !== null &&
  one.machine === other.machine &&
  one.slot === other.slot &&
  one.generation === other.generation

/**
 * The capability for this machine's tables: for a container of its own as it was, else for the stand-in. Null when no slot is free. What is
 * checked is checked when it is used.
 */
export function capabilityHere(machine: Machine, told: FarCapability): Capability | null {
  const { home, slot, generation, size, group, rights } = told
  const bound = { kind: 'container', rights } as const
  if (home === machine.across?.self) return { ...bound, slot, generation, group }
  const far = { machine: asMachine(home), slot, generation, size, group }
  const standIn = standInFor(machine, far)
  if (standIn === null) return null
  return { ...bound, slot: standIn.slot, generation: standIn.generation, group: 0, far }
}
