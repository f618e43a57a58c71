/**
 * Numbers of units of other machines. Each kernel numbers its own units plainly, and those of machine m as m × 2^32 + their number there. On the
 * wire numbers are the sender's.
 */
import type { MachineId } from '@katydid/abi'
import { invariant } from '@katydid/actor'

const machineStride = 2 ** 32

/** A unit of another machine, as this one numbers it. */
export function foreignUnit(machine: MachineId, unit: number): number {
  invariant(unit >= 0 && unit < machineStride, 'SI160: a unit has a number of its machine’s', {
    machine,
    unit,
  })
  return machine * machineStride + unit
}

/** The machine of a unit that is another's; 0: it is one's own. */
export const machineOf = (unit: number): number => Math.floor(unit / machineStride)

export const isForeign = (unit: number): boolean => unit >= machineStride

/** The number on its own machine. */
export const plainNumber = (unit: number): number => unit % machineStride

/** A unit that `sender` has named, as `self` numbers it. */
export function asHeard(self: MachineId, sender: MachineId, unit: number): number {
  invariant(self !== sender, 'SI160: what is heard comes from another machine', { self })
  if (!isForeign(unit)) return foreignUnit(sender, unit)
  return machineOf(unit) === self ? plainNumber(unit) : unit
}
