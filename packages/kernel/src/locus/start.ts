/** Giving a locus its thread, at its creation and again after a rollback: one way. */
import {
  capabilityTables,
  locusPort,
  locusStates,
  locusWords,
  type LocusSlot,
  type Order,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PlacedCapability } from '../capability/capability-tables.js'
import { restoreTable } from '../capability/saved-table.js'
import type { Machine } from '../machine.js'
import type { Locus } from './locus.js'

type Replays = Extract<Order, { readonly order: 'start_locus' }>['replays']

/** What a locus had when it was captured. */
export interface SavedState {
  readonly slot: LocusSlot | null
  readonly registers: Uint8Array
  readonly capabilities: readonly PlacedCapability[]
  readonly durableCalls: number
}

/** Fills the locus's words and capability table and orders its thread; false when no slot is free. */
export function startLocus(machine: Machine, locus: Locus, saved: SavedState | null): boolean {
  invariant(
    locus.end === null && locus.slot === null,
    'LO60: only a locus without a thread is started',
    {
      id: locus.id,
    },
  )
  const slot = machine.loci.occupy(locus, saved?.slot ?? null)
  if (slot === null) return false
  const { region } = machine
  const from = region.locusWord(slot, 'state')
  const kept = region.locusWord(slot, 'generation')
  for (let word = from; word < from + locusWords.bytes / 4; word++)
    if (word !== kept) region.words.store(word, 0)
  region.words.store(region.locusWord(slot, 'container'), locus.container)
  const table = capabilityTables.ofLocus(region.plan.shape, slot)
  restoreTable(machine, table, saved?.capabilities ?? [])
  if (saved !== null) region.u8.set(saved.registers, region.locusWord(slot, 'registers') * 4)
  region.words.store(region.locusWord(slot, 'durableCalls'), saved?.durableCalls ?? 0)
  locus.resumed = saved !== null
  region.words.store(region.locusWord(slot, 'suspended'), locus.suspended ? 1 : 0)
  // Until its first instruction it looks at that word.
  locus.stands = locus.suspended
  Object.assign(locus.watch, { turns: -1, sinceTick: machine.tick(), reported: false })
  // Last: from now on the thread's own words count.
  region.words.store(region.locusWord(slot, 'state'), locusStates.starting)
  const { generation } = locus
  const replays = replaysOf(machine, locus)
  machine.order({ order: 'start_locus', port: locusPort(slot), generation, replays })
  return true
}

function replaysOf(machine: Machine, { replay, container, program }: Locus): Replays {
  if (replay === null) return null
  const of = machine.containers.at(container)
  invariant(of !== null, 'SI104: what is run again is run in its container', { container })
  return { container: of.name, program }
}

/** The bytes of a locus's 32 registers, copied. */
export function registersOf(machine: Machine, slot: LocusSlot): Uint8Array {
  const at = machine.region.locusWord(slot, 'registers') * 4
  const bytes = new Uint8Array(256)
  bytes.set(machine.region.u8.subarray(at, at + 256))
  return bytes
}
