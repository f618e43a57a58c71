/**
 * The trap record of a locus: how an access that misses reaches the manager, and how its answer comes back. Two hops.
 *
 * `trapState` runs idle → posted (locus) → taken (manager) → answered (manager, or kernel for a manager that is gone) →
 * idle (locus). Each step but the first and last is a compare-exchange, so a late answer to a withdrawn trap changes nothing.
 * The record itself is the upcall `container_fault`, msgpack of a fixed shape, written and read in place.
 */
import {
  asPort,
  bellBits,
  locusWords,
  managerUpcalls,
  statusCode,
  trapStates,
  type Access,
  type ContainerSlot,
  type LocusSlot,
  type PortId,
  type Status,
  type Token,
} from '@katydid/abi'
import { fixedCodec, invariant, ring, type Region } from '@katydid/actor'
import { noteFault } from './fault-history.js'

// Constants of this module, which the engine folds: what is imported it loads anew at each use.
const codec = fixedCodec(managerUpcalls.containerFault)
const { at, bytes } = locusWords
const recordBytes = locusWords.fields.trapRecord.words * 4
const states = trapStates
const mail = bellBits.mail
const views = new WeakMap<Region, DataView>()

function viewOf(region: Region): DataView {
  const known = views.get(region)
  if (known) return known
  const view = new DataView(region.i32.buffer)
  views.set(region, view)
  return view
}

/** Word index at which the record of a locus begins. */
const recordOf = (region: Region, locus: LocusSlot): number =>
  (region.plan.loci + locus * bytes) >> 2

/** A trap that a manager has taken and must answer exactly once. */
export interface PendingTrap {
  readonly locus: LocusSlot
  readonly sequence: number
  readonly machineId: Token
  readonly token: Token
  readonly container: ContainerSlot
  readonly offset: number
  readonly access: Access
  /** Ends the trap and wakes the locus. False when the locus has withdrawn it meanwhile. */
  answer(status: Status): boolean
}

/** The locus posts its trap and rings the manager. Everything is stored before `posted`, and `posted` before the bit and the bell. */
export function postTrap(
  region: Region,
  locus: LocusSlot,
  trap: { container: ContainerSlot; offset: number; access: Access; manager: PortId },
): void {
  const { words } = region
  const record = recordOf(region, locus)
  invariant(
    words.load(record + at.trapState) === states.idle,
    'ME6: a locus has at most one trap',
    { locus },
  )
  invariant(codec.bytes <= recordBytes, 'ME6: a trap fits its record', { bytes: codec.bytes })
  const sequence = (words.load(record + at.trapSequence) + 1) >>> 0
  words.store(record + at.trapSequence, sequence | 0)
  words.store(record + at.trapManager, trap.manager)
  words.store(
    record + at.trapManagerGeneration,
    words.load(region.actorWord(trap.manager, 'generation')),
  )
  words.store(record + at.trapContainer, trap.container)
  const token = words.load(region.containerWord(trap.container, 'token')) >>> 0
  const machineId = words.load(region.machineWord('machineId'))
  codec.write(viewOf(region), (record + at.trapRecord) * 4, sequence, {
    machineId: machineId as Token,
    cont: token as Token,
    addr: trap.offset as never,
    accessType: trap.access,
  })
  words.store(record + at.trapState, states.posted)
  words.or(region.actorWord(trap.manager, 'traps') + (locus >> 5), 1 << (locus & 31))
  ring(words, region.actorWord(trap.manager, 'bell'), mail)
  // Noted while the manager is already at it: the fault itself it has in the record.
  noteFault(region, locus, sequence, trap)
}

/** The manager on port `manager` takes every trap posted to it. A record that does not read as a fault is answered `bad_message`. */
export function takeTraps(region: Region, manager: PortId): PendingTrap[] {
  const taken: PendingTrap[] = []
  for (let word = 0; word < 4; word++) {
    const index = region.actorWord(manager, 'traps') + word
    let bits = region.words.load(index) === 0 ? 0 : region.words.exchange(index, 0)
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits & -bits)
      bits &= bits - 1
      const trap = takeTrap(region, manager, (word * 32 + bit) as LocusSlot)
      if (trap !== null) taken.push(trap)
    }
  }
  return taken
}

function takeTrap(region: Region, manager: PortId, locus: LocusSlot): PendingTrap | null {
  const { words } = region
  const record = recordOf(region, locus)
  const state = record + at.trapState
  if (words.load(record + at.trapManager) !== manager) return null
  if (words.compareExchange(state, states.posted, states.taken) !== states.posted) return null
  const sequence = words.load(record + at.trapSequence) >>> 0
  const args = codec.read(viewOf(region), (record + at.trapRecord) * 4)
  if (args === null) {
    answerTrap(region, locus, sequence, 'bad_message')
    return null
  }
  invariant(locus < region.plan.shape.maxLoci, 'ME6: a locus has a slot of its machine', { locus })
  const container = words.load(record + at.trapContainer) as ContainerSlot
  return {
    locus,
    sequence,
    machineId: args.machineId,
    token: args.cont,
    container,
    offset: args.addr,
    access: args.accessType,
    answer: (status) => answerTrap(region, locus, sequence, status),
  }
}

/** Ends a taken trap with `status` and wakes the locus. False when it is no longer waiting for this trap. */
export function answerTrap(
  region: Region,
  locus: LocusSlot,
  sequence: number,
  status: Status,
): boolean {
  const { words } = region
  const record = recordOf(region, locus)
  if (words.load(record + at.trapSequence) >>> 0 !== sequence) return false
  const state = record + at.trapState
  // An answer that comes twice must not change the status of the first.
  if (words.load(state) !== states.taken) return false
  words.store(record + at.trapStatus, statusCode(status))
  if (words.compareExchange(state, states.taken, states.answered) !== states.taken) return false
  ring(words, record + at.bell, mail)
  return true
}

/** Ends the trap of a locus whose manager is gone or silent, posted or taken: kernel's and supervisor's way. */
export function failTrap(region: Region, locus: LocusSlot, status: Status): boolean {
  const { words } = region
  const record = recordOf(region, locus)
  const state = record + at.trapState
  const sequence = words.load(record + at.trapSequence) >>> 0
  if (
    words.compareExchange(state, states.posted, states.taken) !== states.posted &&
    words.load(state) !== states.taken
  )
    return false
  return answerTrap(region, locus, sequence, status)
}

/** Posts, in place of a thread, for a locus of the simulator or a test: same record, no parking. */
export function managerOf(region: Region, container: ContainerSlot): PortId | null {
  const manager = region.words.load(region.containerWord(container, 'manager'))
  return manager < 0 ? null : asPort(manager)
}
