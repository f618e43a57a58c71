/**
 * The end of a guest: what runs on its pages ends, the proxy lets go, and its slot is free. Nothing is returned: the container went back, or its home is told that what was written
 * here is lost, and takes it back.
 */
import { actorPorts, guestUpcalls, locusPort, machineCalls } from '@katydid/abi'
import { invariant, run, until, type Script } from '@katydid/actor'
import { reclaim } from '@katydid/memory'
import { dropSlices } from '../container/slices.js'
import type { Machine } from '../machine.js'
import type { Guest } from './guest-table.js'

const stopMs = 60_000
const tellMs = 5_000
const againMs = 100
/** Told again as long as its home is the one that knew of it, at the most so often. */
const mostTold = 600

/** It is over: nothing is begun on it any more. Twice is once. */
export function endGuest(machine: Machine, guest: Guest): void {
  // One that begins is freed by who begins it.
  const wasLive = guest.state === 'live'
  if (guest.state === 'over') return
  guest.state = 'over'
  for (const { locus } of guest.visits.values()) {
    if (locus === null || locus.slot === null) continue
    const reason = 'the container whose pages it used went back, or they are gone'
    const { slot, generation } = locus
    machine.order({ order: 'stop_locus', port: locusPort(slot), generation, reason })
  }
  if (wasLive) run(machine.messenger, letGo(machine, guest), () => {})
}

/** What runs on it has been ended, or never began. */
export function* letGo(machine: Machine, guest: Guest): Script<void> {
  const { proxy, token, shadow } = guest
  invariant(guest.state === 'over', 'CH60: what is let go is over', { slot: shadow.slot })
  const isQuiet = (): boolean => [...guest.visits.values()].every(({ locus }) => locus === null)
  yield* machine.waits.until(isQuiet, stopMs)
  machine.containers.haltShadow(shadow)
  // Without a limit: a proxy that is only slow could show a page in what is another's by then. One that is gone answers too.
  if (token !== null)
    yield* until<unknown>((done) =>
      machine.messenger.call(proxy, guestUpcalls.guestEnd, { cont: token }, done, Infinity),
    )
  reclaim.pageTable(machine.region, shadow.slot)
  dropSlices(machine, shadow)
  machine.containers.removeShadow(shadow)
  guest.isFreed = true
  yield* tellHome(machine, guest)
  machine.guests.remove(guest)
}

function* tellHome(machine: Machine, { home, incarnation, homeIncarnation }: Guest): Script<void> {
  const { across } = machine
  invariant(across !== null, 'CH60: a guest is of another machine', { ...home })
  const args = { cont: home.slot, generation: home.generation, incarnation }
  for (let times = 0; times < mostTold; times++) {
    // Another life of it has no guest here.
    if (across.incarnationOf(home.machine) !== homeIncarnation) return
    const reply = yield* until<{ readonly status: string }>((done) =>
      across.remote
        .to(home.machine)
        .call(actorPorts.kernel, machineCalls.guestOver, args, done, tellMs),
    )
    if (reply.status === 'ok') return
    yield* machine.waits.until(() => false, againMs)
  }
}

/** Guests of a life of their home that is over end with it. */
export function endGuestsOfLost(machine: Machine): void {
  const { across } = machine
  if (across === null) return
  for (const guest of machine.guests.all())
    if (across.incarnationOf(guest.home.machine) !== guest.homeIncarnation) endGuest(machine, guest)
}

/** Those that a proxy supplied, or all: their pages are gone with it, or with the machine’s state. */
export function endGuestsWith(machine: Machine, isIts: (guest: Guest) => boolean): void {
  for (const guest of machine.guests.all()) if (isIts(guest)) endGuest(machine, guest)
}
