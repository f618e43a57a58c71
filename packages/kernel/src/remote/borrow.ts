/** Visits that another machine has lent to this one: run on the pages of the guest, by the threads that run visits, and told to the home when they are over. */
import {
  actorPorts,
  capabilityTables,
  guestUpcalls,
  machineCalls,
  refuse,
  type Answer,
  type ArgsOf,
  type ContainerSlot,
  type MachineId,
} from '@katydid/abi'
import { invariant, isDead } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'
import type { CallEnd } from './far-calls.js'
import type { Borrowed, Guest } from './guest-table.js'
import { freeVisitor, startVisitor, type VisitingLocus } from './visitors.js'

type Lend = (typeof machineCalls)['visitLend']

const acquireMs = 8_000
const tellMs = 5_000
const againMs = 100
const lookMs = 20
const nowhere = -1 as ContainerSlot
const nothing = new Uint8Array(0)

/** visit_lend, of a machine that is in the same recovery. */
export function visitLent(
  machine: Machine,
  across: Across,
  from: MachineId,
  args: ArgsOf<Lend>,
): Answer<Lend> {
  const { number, cont, generation, incarnation } = args
  const guest = machine.guests.of({ machine: from, slot: cont, generation })
  const none = (why: string): Answer<Lend> => refuse('not_supported', why)
  if (machine.phase !== 'open' || machine.recoveryWanted !== null)
    return none(`machine ${across.self} is stopping, or goes back`)
  if (guest?.state !== 'live' || guest.incarnation !== incarnation)
    return none(`machine ${across.self} has no guest of container ${cont} as it is now`)
  if (guest.visits.has(number)) return { status: 'ok' }
  if (number <= guest.highest) return none(`visit ${number} is over`)
  guest.highest = number
  const { program, block, epoch, mixed } = args
  guest.visits.set(number, {
    guest,
    number,
    here: machine.visits.takeNumber(),
    program,
    block: block.slice(),
    epoch,
    mixed,
    locus: null,
    end: null,
    tellAtMs: 0,
  })
  runBorrowed(machine, across)
  return { status: 'ok' }
}

/** Begins what waits, and tells what has ended; milliseconds until there is more to do. */
export function runBorrowed(machine: Machine, across: Across): number {
  const nowMs = machine.clock.nowMs()
  let next = Infinity
  for (const guest of machine.guests.all()) {
    for (const visit of guest.visits.values()) {
      if (visit.end !== null) next = Math.min(next, tell(machine, across, visit, nowMs))
      else if (visit.locus === null && guest.state === 'live') {
        const locus = freeVisitor(machine)
        if (locus === null) {
          startVisitor(machine, waiting(guest))
          next = Math.min(next, lookMs)
        } else begin(machine, locus, visit)
      }
    }
  }
  return next
}

const waiting = ({ visits }: Guest): number =>
  [...visits.values()].filter(({ locus, end }) => locus === null && end === null).length

/** First the proxy gives up what other machines have overwritten: whatever the invoker has seen, the program sees. */
function begin(machine: Machine, locus: VisitingLocus, visit: Borrowed): void {
  const { visitor } = locus
  const { next } = visitor
  const { guest, here, program, block, epoch, mixed } = visit
  invariant(
    next !== null && visitor.visit === null && visitor.borrowed === null && guest.token !== null,
    'LO160: a visitor runs one invocation at a time',
    { id: locus.id },
  )
  visitor.borrowed = visit
  visitor.next = null
  visit.locus = locus
  const given = { number: here, container: guest.shadow.slot, program, block, epoch, mixed }
  machine.messenger.call(
    guest.proxy,
    guestUpcalls.guestAcquire,
    { cont: guest.token },
    (reply) => {
      if (locus.slot === null || visitor.borrowed !== visit) return
      if (reply.status === 'ok') return next({ status: 'ok', visit: { ...given, lent: true } })
      // Home is silent, or the proxy is gone: it waits, as what has not been begun.
      visitor.borrowed = null
      visitor.next = next
      visit.locus = null
    },
    acquireMs,
  )
}

/** Its program has returned, or failed. */
export function borrowedIsOver(machine: Machine, locus: VisitingLocus, end: CallEnd): void {
  const { visitor, slot } = locus
  const { borrowed } = visitor
  invariant(borrowed !== null && slot !== null, 'LO160: what is over was begun', { id: locus.id })
  const { region } = machine
  visitor.borrowed = null
  borrowed.locus = null
  // Its failure is its proxy’s death, of which we shall hear: it is not the program’s fault, and it runs again.
  const lost = end.end !== 'ok' && isDead(region, borrowed.guest.proxy)
  borrowed.end = { ...end, end: lost ? 'locus_lost' : end.end, lost }
  region.words.store(region.locusWord(slot, 'container'), nowhere)
  region.words.store(region.locusWord(slot, 'depth'), 0)
  machine.capabilities.clear(capabilityTables.ofLocus(region.plan.shape, slot))
}

/** Its thread has ended: what it had written is half done. */
export function borrowedIsLost(machine: Machine, locus: VisitingLocus, why: string): void {
  const { borrowed } = locus.visitor
  invariant(borrowed !== null, 'LO160: what is lost was begun', { id: locus.id })
  const { fate } = locus
  locus.visitor.borrowed = null
  borrowed.locus = null
  const end = fate === null ? 'locus_lost' : fate.status
  borrowed.end = { end, detail: fate?.detail ?? why, block: nothing, lost: true }
  machine.trace('locus_ended', borrowed.guest.shadow.slot, 0)
}

function tell(machine: Machine, across: Across, visit: Borrowed, nowMs: number): number {
  const { guest, number, end, tellAtMs } = visit
  invariant(end !== null, 'LO161: only an end is told', { number })
  if (guest.state === 'over') {
    guest.visits.delete(number)
    return Infinity
  }
  if (tellAtMs === null) return Infinity
  if (tellAtMs > nowMs) return tellAtMs - nowMs
  visit.tellAtMs = null
  const { end: status, detail, block, lost } = end
  across.remote.to(guest.home.machine).call(
    actorPorts.kernel,
    machineCalls.visitOver,
    { number, lost, status, detail, block },
    (reply) => {
      if (reply.status === 'ok') guest.visits.delete(number)
      else visit.tellAtMs = machine.clock.nowMs() + againMs
    },
    tellMs,
  )
  return Infinity
}
