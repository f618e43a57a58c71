/** What going back to a kept line does: looked at before it is done, and told again when it is. Changes nothing. */
import { asInterval, type lineCalls, type ResultOf, type StateInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { presentOf } from '../recovery/moved.js'
import type { KeptRecord, SavedContainer, SavedLocus } from '../state-interval/records.js'
import type { KeptLine } from './kept-lines.js'
import { releasedSince } from './released.js'
import { intervalAt } from './visits.js'

type Foretold = ResultOf<(typeof lineCalls)['lineRollback']>

/** Whether the same container is there now. */
export const isThere = (machine: Machine, { slot, generation }: SavedContainer): boolean =>
  presentOf(machine).some((each) => each.slot === slot && each.generation === generation)

export function foretell(machine: Machine, kept: KeptLine): Foretold {
  const { record } = kept
  const from = machine.captures.line
  invariant(record.line <= from, 'SI70: a kept line is no newer than the line', { from })
  return {
    from,
    keptMs: record.keptMs,
    containers: containersOf(machine, record),
    loci: lociOf(
      machine,
      record.state.containers.flatMap(({ loci, name }) =>
        loci.map((each) => ({ ...each, home: name })),
      ),
    ),
    released: releasedSince(machine, kept),
  }
}

function containersOf(machine: Machine, record: KeptRecord): Foretold['containers'] {
  const members = record.state.containers
  // Of a world that has just been opened the open interval says nothing to anybody; where it would be without this, does.
  const onLine = (slot: number): StateInterval | null => {
    const interval = machine.captures.vector.get(slot)
    return interval === undefined ? null : asInterval(interval)
  }
  const present = presentOf(machine)
  const then = members.map((each) => {
    const now = present.find(
      ({ slot, generation }) => slot === each.slot && generation === each.generation,
    )
    return {
      container: each.name,
      fate: now === undefined ? ('returns' as const) : ('back' as const),
      from: now === undefined ? null : onLine(now.slot),
      to: asInterval(intervalAt(record, each)),
    }
  })
  const since = present
    .filter(
      ({ slot, generation }) =>
        !members.some((each) => each.slot === slot && each.generation === generation),
    )
    .map(({ container, slot }) => ({
      container,
      fate: 'vanishes' as const,
      from: onLine(slot),
      to: null,
    }))
  return [...then, ...since]
}

function lociOf(
  machine: Machine,
  then: readonly (SavedLocus & { readonly home: string })[],
): Foretold['loci'] {
  const present = machine.loci.all()
  const live = then.filter(({ end }) => end === null)
  const back = live.map(({ id, name, home }) => {
    const goesOn = present.some((each) => each.id === id && each.end === null)
    return { name, container: home, fate: goesOn ? ('back' as const) : ('returns' as const) }
  })
  const gone = present
    .filter(({ id }) => !then.some((each) => each.id === id))
    .map(({ name, container }) => ({
      name,
      container: machine.containers.at(container)?.name ?? '',
      fate: 'vanishes' as const,
    }))
  return [...back, ...gone]
}
