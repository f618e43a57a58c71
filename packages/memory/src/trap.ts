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

const codec = fixedCodec(managerUpcalls.containerFault)
const views = new WeakMap<Region, DataView>()

function viewOf(region: Region): DataView {
  const known = views.get(region)
  if (known) return known
  const view = new DataView(region.i32.buffer)
  views.set(region, view)
  return view
}

const recordAddress = (region: Region, locus: LocusSlot): number =>
  region.locusWord(locus, 'trapRecord') * 4

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
  const word = (field: keyof typeof locusWords.at): number => region.locusWord(locus, field)
  invariant(
    words.load(word('trapState')) === trapStates.idle,
    'ME6: a locus has at most one trap',
    { locus },
  )
  const sequence = (words.load(word('trapSequence')) + 1) >>> 0
  words.store(word('trapSequence'), sequence | 0)
  words.store(word('trapManager'), trap.manager)
  words.store(
    word('trapManagerGeneration'),
    words.load(region.actorWord(trap.manager, 'generation')),
  )
  words.store(word('trapContainer'), trap.container)
  const token = words.load(region.containerWord(trap.container, 'token')) >>> 0
  const machineId = words.load(region.machineWord('machineId'))
  codec.write(viewOf(region), recordAddress(region, locus), sequence, {
    machineId: machineId as Token,
    cont: token as Token,
    addr: trap.offset as never,
    accessType: trap.access,
  })
  words.store(word('trapState'), trapStates.posted)
  words.or(region.actorWord(trap.manager, 'traps') + (locus >> 5), 1 << (locus & 31))
  ring(words, region.actorWord(trap.manager, 'bell'), bellBits.mail)
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
  const state = region.locusWord(locus, 'trapState')
  if (words.load(region.locusWord(locus, 'trapManager')) !== manager) return null
  if (words.compareExchange(state, trapStates.posted, trapStates.taken) !== trapStates.posted)
    return null
  const sequence = words.load(region.locusWord(locus, 'trapSequence')) >>> 0
  const args = codec.read(viewOf(region), recordAddress(region, locus))
  if (args === null) {
    answerTrap(region, locus, sequence, 'bad_message')
    return null
  }
  invariant(locus < region.plan.shape.maxLoci, 'ME6: a locus has a slot of its machine', { locus })
  const container = words.load(region.locusWord(locus, 'trapContainer')) as ContainerSlot
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
  if (words.load(region.locusWord(locus, 'trapSequence')) >>> 0 !== sequence) return false
  words.store(region.locusWord(locus, 'trapStatus'), statusCode(status))
  const state = region.locusWord(locus, 'trapState')
  if (words.compareExchange(state, trapStates.taken, trapStates.answered) !== trapStates.taken)
    return false
  ring(words, region.locusWord(locus, 'bell'), bellBits.mail)
  return true
}

/** Ends the trap of a locus whose manager is gone or silent, posted or taken: kernel's and supervisor's way. */
export function failTrap(region: Region, locus: LocusSlot, status: Status): boolean {
  const { words } = region
  const state = region.locusWord(locus, 'trapState')
  const sequence = words.load(region.locusWord(locus, 'trapSequence')) >>> 0
  if (
    words.compareExchange(state, trapStates.posted, trapStates.taken) !== trapStates.posted &&
    words.load(state) !== trapStates.taken
  )
    return false
  return answerTrap(region, locus, sequence, status)
}

/** Posts, in place of a thread, for a locus of the simulator or a test: same record, no parking. */
export function managerOf(region: Region, container: ContainerSlot): PortId | null {
  const manager = region.words.load(region.containerWord(container, 'manager'))
  return manager < 0 ? null : asPort(manager)
}
