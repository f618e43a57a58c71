/**
 * Calls as messages of the line. Who names an entity by a capability has sent it a message and has its answer: what holds the
 * caller depends on what holds the entity, and the other way round. Calls of managers and of hosts are none: managers have what they say
 * in their own records, and hosts stand outside.
 */
import { isLocusPort, locusOfPort, type PortId } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Capability } from '../capability/capability-tables.js'
import type { Container } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import { mergeInto } from './points.js'
import { homeOf } from './home.js'
import { historyOf } from './units.js'

/** The container in which the locus runs now; null when it has no thread. */
export function currentContainer(machine: Machine, { slot }: Locus): Container | null {
  if (slot === null) return null
  const { words } = machine.region
  return machine.containers.at(words.load(machine.region.locusWord(slot, 'container')))
}

/** `from` has made a call on what this capability names, and is about to be answered. */
export function noteCall(machine: Machine, from: PortId, { kind, slot }: Capability): void {
  const unit = homeOf(machine, kind, slot)
  if (unit === null) return
  const { maxContainers } = machine.region.plan.shape
  if (unit >= maxContainers) {
    const semaphore = machine.semaphores.knownAs(unit - maxContainers)
    if (semaphore !== null) semaphore.changed = true
  }
  noteMessage(machine, from, unit)
}

/** A message of a locus to a unit and its answer. */
export function noteMessage(machine: Machine, from: PortId, unit: number): void {
  if (!isLocusPort(from)) return
  const { words } = machine.region
  const inside = words.load(machine.region.locusWord(locusOfPort(from), 'container'))
  if (inside === unit) return
  exchange(machine, inside, unit)
}

/** What `receiver` holds from now on needs what `sender` is at this moment. */
export function noteReceived(machine: Machine, receiver: number, sender: number): void {
  if (receiver !== sender) receive(machine, receiver, sender)
}

function exchange(machine: Machine, a: number, b: number): void {
  invariant(a !== b, 'SI23: a message goes from one unit to another', { unit: a })
  receive(machine, a, b)
  receive(machine, b, a)
}

function receive(machine: Machine, receiver: number, sender: number): void {
  const history = historyOf(machine, receiver)
  const interval = openInterval(machine, sender)
  if (history === null || interval === null) return
  mergeInto(history.owed, new Map([[sender, interval]]))
}

/** The interval of the unit that is open; null when there is no such unit, or it is a manager’s own container. */
function openInterval(machine: Machine, unit: number): number | null {
  const { maxContainers } = machine.region.plan.shape
  if (unit >= maxContainers)
    return machine.semaphores.knownAs(unit - maxContainers)?.interval ?? null
  const container = machine.containers.at(unit)
  if (container === null || container.selfManaged) return null
  return machine.containers.interval(container.slot)
}
