/** What a proxy serves: guests that the kernel of its machine begins and ends, recalls of their homes, and faults that come as messages. */
import {
  asMachine,
  asPort,
  guestUpcalls,
  proxyCalls,
  refuse,
  sharedPageCalls,
  type ArgsOf,
  type managerRequests,
  type managerUpcalls,
  type Token,
  asCapref,
  asToken,
} from '@katydid/abi'
import { invariant, later, type Handlers, type IncomingCall, type Messenger } from '@katydid/actor'
import { faultAnswer } from '../paging/fault-answer.js'
import { seat } from '../paging/seat.js'
import { VolatileContainer } from '../paging/volatile-container.js'
import { Guest } from './guest.js'
import type { ProxyContext } from './proxy-context.js'

type Begin = typeof guestUpcalls.guestBegin
type Upcalls = Handlers<typeof managerUpcalls>

const joinMs = 5_000

const unknown = (token: Token) =>
  refuse('no_such_container', `this proxy has no guest by the token ${token}`)

/** It takes no container on: guests are begun. */
export const refusesAll: Handlers<typeof managerRequests> = {
  manageRequest: () => ({ status: 'ok', success: false }),
}

/** Serves what begins and ends guests, at once: what comes before the proxy is up waits for that. */
export function serveGuestCalls(
  messenger: Messenger,
  whenUp: (then: (context: ProxyContext) => void) => void,
): void {
  let lastToken = 0
  messenger.serve(guestUpcalls, {
    guestBegin: (args, call) => {
      whenUp((context) => begin(context, asToken(++lastToken), args, call))
      return later
    },
    guestEnd: ({ cont }, call) => {
      whenUp(({ guests }) => {
        const guest = guests.get(cont)
        guest?.end()
        guests.delete(cont)
        call.reply(guest === undefined ? unknown(cont) : { status: 'ok' })
      })
      return later
    },
    guestAcquire: ({ cont }, call) => {
      whenUp(({ guests }) => {
        const guest = guests.get(cont)
        if (guest === undefined) return call.reply(unknown(cont))
        guest.acquire((status) =>
          call.reply(
            status === 'ok'
              ? { status }
              : refuse(status, `machine ${guest.at.machine} did not say what was overwritten`),
          ),
        )
      })
      return later
    },
  })
}

/** Serves recalls of its guests' homes. */
export function serveRecalls({ guests, remote, pageBytes }: ProxyContext): void {
  remote.serve(proxyCalls, {
    pageRecall: ({ cont, guest: number, copies }, { machine, from }) => {
      const guest = [...guests.values()].find(
        ({ at }) =>
          at.machine === machine && at.port === from && at.token === cont && at.guest === number,
      )
      if (guest === undefined || guest.dropped) return unknown(cont)
      for (const { addr, number: grant, level } of copies)
        guest.pages.recalled(Math.floor(addr / pageBytes), grant, level)
      return { status: 'ok' }
    },
  })
}

function begin(
  context: ProxyContext,
  token: Token,
  { machine, port, cont, slot }: ArgsOf<Begin>,
  call: IncomingCall<Begin>,
): void {
  const { guests, remote, options } = context
  invariant(slot >= 0 && token > 0, 'CH2: the kernel says where its stand-in is', { slot })
  if (guests.size >= options.mostGuests)
    return call.reply(refuse('not_supported', `this proxy has ${guests.size} guests, and no more`))
  const home = remote.to(asMachine(machine))
  home.call(
    asPort(port),
    sharedPageCalls.shareJoin,
    { cont },
    (joined) => {
      if (joined.status !== 'ok') return call.reply(notJoined(joined.status, joined.detail))
      const { guest: number, size, consistency } = joined
      const container = new VolatileContainer(token)
      seat(placesOf(context), container, { capability: asCapref(0), slot, size })
      const at = { machine, port: asPort(port), token: cont, guest: number, consistency }
      invariant(!guests.has(token), 'MG1: a token is given once', { token })
      guests.set(token, new Guest(context, home, at, container))
      call.reply({ status: 'ok', cont: token, size })
    },
    joinMs,
  )
}

const placesOf = ({ region, port, reserve }: ProxyContext) => ({ region, port, reserve })

function notJoined(status: string, detail: string) {
  switch (status) {
    case 'no_such_container':
    case 'not_supported':
    case 'busy':
      return refuse(status, detail)
    default:
      return refuse('unreachable', detail)
  }
}

/** Its guests are in no capture of this machine, and have no snapshots here: only faults and frames are its affair. */
export function proxyUpcalls(context: ProxyContext): Upcalls {
  const { guests, reserve, counters, clock, pageBytes } = context
  const notHere = ({ cont }: { readonly cont: Token }) =>
    guests.has(cont)
      ? refuse('not_supported', `container ${cont} is captured at its home`)
      : unknown(cont)
  return {
    containerFault: ({ cont, addr, accessType }, call) => {
      const guest = guests.get(cont)
      if (guest === undefined) return unknown(cont)
      guest.pages.fault(Math.floor(addr / pageBytes), {
        access: accessType === 'read' ? 'read' : 'write',
        untilMs: clock.nowMs() + 6_000,
        answer: (status) => call.reply(faultAnswer(status, cont, addr)),
      })
      return later
    },
    pageDiscard: ({ pageset, pageCount }) => {
      if (pageset !== reserve.pageSet)
        return refuse('no_such_page_set', `page set ${pageset} is not of this proxy`)
      counters.add('pageDiscards')
      reserve.owe(pageCount)
      return { status: 'ok' }
    },
    invokeNoSupport: notHere,
    containerSnapshot: notHere,
    stateIntervalQuery: ({ cont }) => unknown(cont),
    containerStabiliseRequest: ({ cont }) => unknown(cont),
    snapshotIsRecoverable: ({ cont }) => unknown(cont),
    contRollback: ({ cont }) => unknown(cont),
    containerDestroyed: ({ cont }) => unknown(cont),
  }
}
