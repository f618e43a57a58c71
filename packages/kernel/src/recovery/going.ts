/**
 * Who goes back with what was lost: whoever has received, since its own point on the line, something that is not on the line of one
 * that goes back. Others keep their present state: nobody who goes back remembers less of them than the line does.
 */
import { asContainer, locusStates, type ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Locus } from '../locus/locus.js'
import { reachableFrom } from '../container/supplier.js'
import type { Machine } from '../machine.js'
import { mergeInto } from '../state-interval/points.js'
import type { Because } from './moved.js'
import { unitsOf } from '../state-interval/units.js'

/** Units that go back, and what drags each. */
export type Going = ReadonlyMap<number, Because | null>

export function goingWith(machine: Machine, lost: Iterable<number>): Going {
  invariant(machine.phase !== 'booting', 'SI30: a part goes back of what is there', {})
  const going = new Map<number, Because | null>([...lost].map((unit) => [unit, null]))
  const units = unitsOf(machine)
  const onLine = new Map(units.map(({ unit, history }) => [unit, history.base?.interval ?? 0]))
  // A map hands out what is added while it is gone through, so one look at each is enough.
  for (const unit of going.keys())
    for (const other of units) {
      if (going.has(other.unit)) continue
      const interval = receivedOf(machine, other.unit, unit)
      if (interval > (onLine.get(unit) ?? 0)) going.set(other.unit, { unit, interval })
    }
  return going
}

/** The newest interval of `sender` that the unit has received since its point on the line; 0: none. */
function receivedOf(machine: Machine, unit: number, sender: number): number {
  const { maxContainers } = machine.region.plan.shape
  const received = new Map<number, number>()
  const known = unitsOf(machine).find((each) => each.unit === unit)
  invariant(known !== undefined, 'SI30: only a unit is asked', { unit })
  mergeInto(received, known.history.owed)
  for (const { dependencies } of known.history.newer) mergeInto(received, dependencies)
  for (const locus of machine.loci.all())
    if (locus.container === unit)
      for (const grant of locus.grants) mergeInto(received, new Map([[grant.unit, grant.interval]]))
  if (unit < maxContainers && sender < maxContainers) {
    const row = machine.region.dependencyIndex(asContainer(unit), asContainer(sender))
    mergeInto(received, new Map([[sender, Number(Atomics.load(machine.region.i64, row))]]))
    if (reaches(machine, asContainer(unit), asContainer(sender)))
      mergeInto(received, new Map([[sender, machine.containers.interval(asContainer(sender))]]))
  }
  return received.get(sender) ?? 0
}

/**
 * Whether loci of one reach the other by a mapping, now or a moment ago: what they have read of it they say when they come to rest, so at
 * any other moment it may be everything.
 */
function reaches(machine: Machine, host: ContainerSlot, supplier: ContainerSlot): boolean {
  const { region } = machine
  const of = machine.containers.at(host)
  const to = machine.containers.at(supplier)
  if (of === null || to === null || of === to) return false
  if (reachableFrom(machine, of).has(to)) return true
  return machine.loci.threads().some(({ slot }) => {
    if (slot === null || region.words.load(region.locusWord(slot, 'container')) !== Number(host))
      return false
    const attached = region.words.load(region.containerWord(supplier, 'attached') + (slot >> 5))
    return (attached & (1 << (slot & 31))) !== 0
  })
}

/** Loci whose threads are rooted in a container that goes back, stand in one, or have a transaction open on one. */
export function lociIn(machine: Machine, going: Going): Locus[] {
  const { words } = machine.region
  const busy = transactingOn(machine, going)
  return machine.loci.threads().filter((each) => {
    if (going.has(each.container) || busy.has(each.id)) return true
    return (
      each.slot !== null && going.has(words.load(machine.region.locusWord(each.slot, 'container')))
    )
  })
}

/** Loci that have a transaction open on one of them. */
const transactingOn = (machine: Machine, going: Going): Set<number> =>
  new Set(
    machine.overlays
      .all()
      .filter(({ transaction, below }) => transaction !== 0 && going.has(below.slot))
      .map(({ locus }) => locus),
  )

/** Whether a locus is on its way into one of them at this moment. Who waits outside is not. */
export function someoneComes(machine: Machine, going: Going): boolean {
  const { words } = machine.region
  const inside = transactingOn(machine, going)
  return machine.loci.threads().some(({ slot, id }) => {
    if (slot === null || inside.has(id)) return false
    const word = (field: 'awaits' | 'state' | 'container'): number =>
      words.load(machine.region.locusWord(slot, field))
    const to = word('awaits') - 1
    return going.has(to) && word('container') !== to && word('state') === locusStates.running
  })
}

/** The slots among the units. */
export const slotsOf = (machine: Machine, going: Going): ContainerSlot[] =>
  [...going.keys()]
    .filter((unit) => unit < machine.region.plan.shape.maxContainers)
    .map((unit) => asContainer(unit))
