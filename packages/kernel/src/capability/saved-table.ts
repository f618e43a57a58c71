/**
 * Capability tables in points. What a capability names of another machine is kept as it is called there; its stand-in is made again when the table
 * is restored.
 */
import { actorPorts } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { standInFor } from '../remote/stand-ins.js'
import type { PlacedCapability } from './capability-tables.js'

/** The table as a point keeps it. */
export const savedTable = (machine: Machine, table: number): PlacedCapability[] =>
  machine.capabilities
    .list(table)
    .map((each) => (each.far === undefined ? each : { ...each, slot: 0, generation: 0 }))

/**
 * Makes a table what a point says. Slots in `avoid` are about to be given to others. Where no slot is left for a stand-in the capability counts as gone, and is kept: a
 * later recovery tries again.
 */
export function restoreTable(
  machine: Machine,
  table: number,
  saved: readonly PlacedCapability[],
  avoid: ReadonlySet<number> = new Set(),
): void {
  // Before the table is emptied its stand-ins are in use.
  const placed = saved.map((each) => withStandIn(machine, each, avoid))
  machine.capabilities.restore(table, placed)
}

function withStandIn(
  machine: Machine,
  saved: PlacedCapability,
  avoid: ReadonlySet<number>,
): PlacedCapability {
  const { far } = saved
  if (far === undefined) return saved
  invariant(machine.across?.self !== far.machine, 'CP40: what is of this machine has no stand-in', {
    ...far,
  })
  const standIn = standInFor(machine, far, avoid)
  if (standIn !== null) return { ...saved, slot: standIn.slot, generation: standIn.generation }
  const detail = `no container slot is free to stand for container ${far.slot} of machine ${far.machine}; open the world with room for more`
  machine.report({ kind: 'trouble', port: actorPorts.kernel, status: 'no_resource', detail })
  return saved
}
