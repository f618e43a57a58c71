/**
 * A container of another machine begins as a guest on this one: a page table in a slot of its own, and the proxy here supplies it. The stand-in stays what it is, so that an
 * invocation goes to the container’s home, which counts it and lends it back.
 */
import { guestUpcalls, type MachineId, type Reply, type Token } from '@katydid/abi'
import { invariant, run, until, type Script } from '@katydid/actor'
import type { Home } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'
import type { Manager } from '../manager/manager-table.js'
import { endGuest, letGo } from './end-guest.js'
import type { Guest } from './guest-table.js'

type Begin = typeof guestUpcalls.guestBegin

/** Where its manager is called, and which life of the container that is. */
export interface Lender {
  readonly port: number
  readonly cont: Token
  readonly incarnation: number
}

/** By this name a machine’s manager is its proxy. */
const proxyName = 'proxy'
const beginMs = 8_000
/** The manager there may not have heard yet that the guest before is gone. */
const againMs = 50

/** Whether the container has a guest here from now on. Without one its home runs what is invoked. */
export function* beginGuest(
  machine: Machine,
  across: Across,
  of: { readonly home: Home; readonly size: number },
  lender: Lender,
): Script<boolean> {
  const { home, size } = of
  invariant(home.machine !== across.self, 'CH60: a guest is of another machine', { ...home })
  const deadlineMs = machine.clock.nowMs() + beginMs
  for (;;) {
    const leftMs = deadlineMs - machine.clock.nowMs()
    if (leftMs <= 0 || machine.phase !== 'open') return false
    const known = machine.guests.of(home)
    if (known === null) break
    if (isOf(across, known, lender)) {
      if (known.state === 'live') return true
    } else endGuest(machine, known)
    yield* machine.waits.until(() => hasMoved(machine, known), leftMs)
  }
  const proxy = machine.managers.all().find(isProxy)
  const shadow = proxy === undefined ? null : machine.containers.createGuest(size)
  if (proxy === undefined || shadow === null) return false
  const guest: Guest = {
    home,
    incarnation: lender.incarnation,
    homeIncarnation: across.incarnationOf(home.machine),
    shadow,
    proxy: proxy.port,
    token: null,
    state: 'beginning',
    isFreed: false,
    highest: 0,
    visits: new Map(),
  }
  machine.guests.add(guest)
  return yield* open(machine, guest, lender, deadlineMs)
}

const isProxy = ({ program, state }: Manager): boolean =>
  program.name === proxyName && state === 'running'

const isOf = (across: Across, guest: Guest, { incarnation }: Lender): boolean =>
  guest.state !== 'over' &&
  guest.incarnation === incarnation &&
  guest.homeIncarnation === across.incarnationOf(guest.home.machine)

const hasMoved = ({ guests }: Machine, guest: Guest): boolean =>
  guest.state === 'live' || !guests.has(guest)

function* open(
  machine: Machine,
  guest: Guest,
  lender: Lender,
  deadlineMs: number,
): Script<boolean> {
  const { home, shadow, proxy } = guest
  const where: { readonly machine: MachineId } = home
  const args = { ...where, port: lender.port, cont: lender.cont, slot: shadow.slot }
  for (;;) {
    const begun = yield* until<Reply<Begin>>((done) =>
      machine.messenger.call(proxy, guestUpcalls.guestBegin, args, done, beginMs),
    )
    if (begun.status === 'ok') {
      guest.token = begun.cont
      // It was ended meanwhile, by a recovery or as its home went back.
      const isWanted = guest.state === 'beginning' && begun.size === shadow.size
      if (isWanted) {
        machine.containers.openGuest(shadow, proxy, begun.cont)
        guest.state = 'live'
        return true
      }
    }
    const isLate = machine.clock.nowMs() + againMs >= deadlineMs
    if (begun.status !== 'busy' || isLate || guest.state !== 'beginning') break
    yield* machine.waits.until(() => false, againMs)
  }
  guest.state = 'over'
  run(machine.messenger, letGo(machine, guest), () => {})
  return false
}
