/**
 * Sharing over a manager's paging: which containers have guests on other machines, and what proxies and the kernel ask of them.
 *
 * A machine becomes a guest only when the manager has said `local_support` for it. A container that has none is served as if this were not
 * here: its record has no gate.
 */
import {
  asOffset,
  isMachineId,
  proxyCalls,
  refuse,
  sharedPageCalls,
  supportUpcalls,
  type MachineId,
  type ResultOf,
  type Token,
} from '@katydid/abi'
import {
  invariant,
  later,
  type Handlers,
  type Messenger,
  type RemoteCalls,
  type RemoteHandlers,
} from '@katydid/actor'
import type { PendingTrap } from '@katydid/memory'
import type { PagedContainer } from '../paging/paged-container.js'
import { lookAgainMs, type Pager } from '../paging/pager.js'
import type { PagingContext } from '../paging/paging-context.js'
import type { Grant } from './page-record.js'
import { SharedContainer, waitMs, type Guest, type Recall } from './shared-container.js'

/** What guests have written comes home in this time, or the capture waits for another epoch. */
const gatherMs = 2_000
const recallMs = 5_000

/** A container of a manager that shares: its gate comes and goes. */
export interface Shareable extends PagedContainer {
  sharing: SharedContainer | null
}

export interface SharingContext extends PagingContext {
  readonly messenger: Messenger
  readonly containers: ReadonlyMap<Token, Shareable>
}

interface Gathering {
  readonly untilMs: number
  readonly done: (isHome: boolean) => void
}

const unknown = (token: Token) =>
  refuse('no_such_container', `container ${token} is shared with nobody here`)

export class Sharing {
  readonly #context: SharingContext
  readonly #pager: Pager
  readonly #remote: RemoteCalls
  readonly #allowed = new Map<Token, Set<MachineId>>()
  readonly #shared = new Map<Token, SharedContainer>()
  readonly #gatherings = new Map<SharedContainer, Gathering>()
  #guests = 0

  constructor(context: SharingContext, pager: Pager, remote: RemoteCalls) {
    this.#context = context
    this.#pager = pager
    this.#remote = remote
    remote.serve(sharedPageCalls, this.#forProxies())
    context.messenger.serve(supportUpcalls, this.#forKernel())
  }

  /** The machine may become a guest: the manager has answered so. */
  allow(token: Token, machine: MachineId): void {
    invariant(isMachineId(machine), 'MG171: a guest is on a machine', { token, machine })
    const machines = this.#allowed.get(token)
    if (machines === undefined) this.#allowed.set(token, new Set([machine]))
    else machines.add(machine)
  }

  sift(traps: readonly PendingTrap[]): readonly PendingTrap[] {
    return traps
  }

  forget({ token }: PagedContainer): void {
    this.#allowed.delete(token)
    const shared = this.#shared.get(token)
    if (shared === undefined) return
    this.#shared.delete(token)
    this.#context.containers.get(token)!.sharing = null
    shared.end()
    this.#gathered(shared, false)
  }

  turn(): number {
    const now = this.#context.clock.nowMs()
    for (const [shared, { untilMs }] of this.#gatherings)
      if (untilMs <= now) {
        this.#gathered(shared, false)
        shared.directory.thaw()
      }
    for (const shared of this.#shared.values()) shared.settle(now)
    return Infinity
  }

  ring(): number {
    const now = this.#context.clock.nowMs()
    let next = Infinity
    for (const shared of this.#shared.values())
      next = Math.min(next, shared.recall(now, lookAgainMs))
    for (const { untilMs } of this.#gatherings.values()) next = Math.min(next, untilMs)
    return Math.max(0, next - now)
  }

  /** Brings home what guests have written, if there are any; grants nothing until it is thawed. */
  gather(shared: SharedContainer, done: (isHome: boolean) => void): void {
    invariant(
      this.#shared.get(shared.container.token) === shared,
      'CH5: what is captured is shared here',
      { token: shared.container.token },
    )
    this.#gathered(shared, false)
    this.#gatherings.set(shared, { untilMs: this.#context.clock.nowMs() + gatherMs, done })
    shared.directory.gather(() => this.#gathered(shared, true))
  }

  #gathered(shared: SharedContainer, isHome: boolean): void {
    const gathering = this.#gatherings.get(shared)
    this.#gatherings.delete(shared)
    gathering?.done(isHome)
  }

  #forProxies(): RemoteHandlers<typeof sharedPageCalls> {
    const { containers, pageBytes } = this.#context
    return {
      shareJoin: ({ cont }, { machine, from }) => {
        const container = containers.get(cont)
        if (container === undefined || container.lcd === null) return unknown(cont)
        if (this.#allowed.get(cont)?.has(machine) !== true)
          return refuse('not_supported', `container ${cont} was not given to machine ${machine}`)
        const shared = this.#shared.get(cont)
        if (shared?.guests.has(machine) === true || (shared && this.#gatherings.has(shared)))
          return refuse(
            'busy',
            `machine ${machine} has a guest of container ${cont} still, or it is being captured`,
          )
        const guest = { machine, port: from, number: ++this.#guests }
        this.#share(container).guests.set(machine, guest)
        const { consistency } = this.#context.options
        return { status: 'ok', guest: guest.number, size: container.size, consistency }
      },
      pageRequest: (args, call) => {
        const shared = this.#guest(call.machine, args)
        if (shared === null) return unknown(args.cont)
        const { addr, accessType, sequence, have } = args
        if (!(addr >= 0 && addr < shared.container.size))
          return refuse('bad_argument', `container ${args.cont} has no offset ${addr}`)
        const access = accessType === 'read' ? 'read' : 'write'
        if (access === 'write' && !shared.container.writable)
          return refuse('access_denied', `container ${args.cont} is read only`)
        this.#context.counters.add('faults')
        shared.directory.request(Math.floor(addr / pageBytes), {
          holder: call.machine,
          access,
          sequence,
          have,
          untilMs: this.#context.clock.nowMs() + waitMs,
          answer: (given) =>
            call.reply(
              given.status === 'ok' ? packed(given) : refused(given.status, args.cont, addr),
            ),
        })
        return later
      },
      pageReturn: (args, call) => {
        const shared = this.#guest(call.machine, args)
        if (shared === null) return unknown(args.cont)
        const { addr, number, level, page } = args
        if (page !== null && page.length !== pageBytes)
          return refuse('bad_argument', `a page has ${pageBytes} bytes, not ${page.length}`)
        // The message's bytes are the mailbox's.
        const bytes = page === null ? null : page.slice()
        const at = Math.floor(addr / pageBytes)
        shared.directory.returned(call.machine, at, number, level, bytes, () =>
          call.reply({ status: 'ok' }),
        )
        return later
      },
      shareAcquire: (args, { machine }) => {
        const shared = this.#guest(machine, args)
        if (shared === null) return unknown(args.cont)
        if (this.#context.options.consistency === 'sequential') return { status: 'ok', stale: [] }
        const stale = shared.directory
          .stale(machine)
          .map(({ page, number }) => ({ addr: asOffset(page * pageBytes), number }))
        return { status: 'ok', stale }
      },
    }
  }

  #forKernel(): Handlers<typeof supportUpcalls> {
    return {
      supportGather: ({ cont }, call) => {
        const shared = this.#shared.get(cont)
        if (shared === undefined) return unknown(cont)
        this.gather(shared, (isHome) =>
          call.reply(
            isHome
              ? { status: 'ok' }
              : refuse('busy', `what guests have written of container ${cont} has not come home`),
          ),
        )
        return later
      },
      supportThaw: ({ cont }) => {
        const shared = this.#shared.get(cont)
        if (shared === undefined) return unknown(cont)
        this.#gathered(shared, false)
        shared.directory.thaw()
        return { status: 'ok' }
      },
      supportLost: ({ cont, machine }) => {
        const shared = this.#shared.get(cont)
        if (shared === undefined) return unknown(cont)
        return { status: 'ok', pages: shared.lost(machine) }
      },
    }
  }

  #share(container: Shareable): SharedContainer {
    const known = this.#shared.get(container.token)
    if (known !== undefined) return known
    invariant(
      container.lcd !== null && !this.#context.sealed,
      'MG171: what changes by commits alone has no guests',
      { token: container.token },
    )
    const shared = new SharedContainer(this.#context, this.#pager, container, (guest, recalls) =>
      this.#recall(container.token, guest, recalls),
    )
    this.#shared.set(container.token, shared)
    container.sharing = shared
    return shared
  }

  /** The container whose guest calls; null: it is none, or not this one any more. */
  #guest(
    machine: MachineId,
    { cont, guest }: { readonly cont: Token; readonly guest: number },
  ): SharedContainer | null {
    const shared = this.#shared.get(cont)
    return shared?.guests.get(machine)?.number === guest ? shared : null
  }

  #recall(cont: Token, guest: Guest, recalls: readonly Recall[]): void {
    invariant(recalls.length > 0, 'CH2: pages are recalled', { cont })
    const copies = recalls.map(({ page, number, level }) => ({
      addr: asOffset(page * this.#context.pageBytes),
      number,
      level,
    }))
    // Refused or lost: it is made again, until the page is back or the kernel says that the guest is lost.
    this.#remote
      .to(guest.machine)
      .call(
        guest.port,
        proxyCalls.pageRecall,
        { cont, guest: guest.number, copies },
        () => {},
        recallMs,
      )
  }
}

type Requested = typeof sharedPageCalls.pageRequest

function packed({ number, level, content }: Grant): { status: 'ok' } & ResultOf<Requested> {
  const isBytes = typeof content !== 'string'
  return {
    status: 'ok',
    number,
    level,
    content: isBytes ? 'bytes' : content,
    page: isBytes ? content : null,
  }
}

function refused(status: string, cont: Token, addr: number) {
  const where = `offset ${addr} of container ${cont}`
  switch (status) {
    case 'busy':
    case 'frozen':
    case 'unreachable':
    case 'io_error':
    case 'checksum_mismatch':
      return refuse(status, where)
    default:
      return refuse('manager_failed', `${where}: ${status}`)
  }
}
