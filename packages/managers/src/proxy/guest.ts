/**
 * One guest: a container of another machine whose pages are supplied here. Its pages by the rules of `GuestPages`, in frames of the proxy's page set,
 * with calls on the manager at home.
 */
import {
  asOffset,
  sharedPageCalls,
  type Consistency,
  type Frame,
  type MachineId,
  type PageLevel,
  type PortId,
  type Token,
} from '@katydid/abi'
import { invariant, type RemoteMessenger } from '@katydid/actor'
import type { Lcd } from '@katydid/memory'
import { ringFor } from '../paging/ringing.js'
import type { VolatileContainer } from '../paging/volatile-container.js'
import { GuestPages, type Granted } from './guest-pages.js'
import type { ProxyContext } from './proxy-context.js'

/** A little longer than home waits for another machine, so that its own sentence arrives. */
const requestMs = 5_500
/** A return that nobody knows to have arrived is made again after so long. */
const againMs = 250

/** Where the guest's container lives, and what it goes by there. */
export interface HomeAddress {
  readonly machine: MachineId
  readonly port: PortId
  readonly token: Token
  /** Which guest of it this is. */
  readonly guest: number
  readonly consistency: Consistency
}

interface Stale {
  readonly page: number
  readonly number: number
}

type Acquired = 'ok' | 'unreachable'

export class Guest {
  readonly at: HomeAddress
  readonly container: VolatileContainer
  readonly pages: GuestPages
  /** Home does not know it any more: it waits for the kernel to end it. */
  dropped = false
  readonly #context: ProxyContext
  readonly #home: RemoteMessenger
  readonly #lcd: Lcd
  /** Pages on their way down, and the generation that every locus has to acknowledge. */
  readonly #lowering = new Map<number, number>()
  /** Who acquires, and which copies they wait for to be gone. */
  #acquiring: { readonly stale: readonly Stale[]; readonly done: (status: Acquired) => void }[] = []
  /** Pages whose return is to be made again, and when. */
  readonly #again = new Map<number, number>()

  /** Called at `home` by the address `at`; `container` is its place on this machine. */
  constructor(
    context: ProxyContext,
    home: RemoteMessenger,
    at: HomeAddress,
    container: VolatileContainer,
  ) {
    invariant(container.lcd !== null, 'CH2: a guest has its place on its machine', {
      token: container.token,
    })
    this.at = at
    this.container = container
    this.#context = context
    this.#home = home
    this.#lcd = container.lcd
    this.pages = new GuestPages({
      frame: (page) => this.#frame(page),
      free: (page) => this.#free(page),
      show: (page, level, content) => this.#show(page, level, content),
      lower: (page, level) => this.#lower(page, level),
      ask: (page, access, sequence, have) => this.#ask(page, access, sequence, have),
      giveBack: (page, number, level, withContent) =>
        this.#giveBack(page, number, level, withContent),
    })
  }

  get isAwaiting(): boolean {
    return this.#lowering.size > 0
  }

  /** What is due; answers when the next is, in milliseconds of the same clock. */
  turn(nowMs: number): number {
    for (const [page, generation] of this.#lowering) {
      if (!this.#lcd.acknowledged(generation)) continue
      this.#lowering.delete(page)
      this.container.awaited--
      invariant(this.container.awaited >= 0, 'ME1: every removal is awaited once', { page })
      this.pages.acknowledged(page)
    }
    this.#acquired()
    let next = this.pages.expire(nowMs)
    for (const [page, atMs] of this.#again) {
      if (atMs > nowMs) {
        next = Math.min(next, atMs)
        continue
      }
      this.#again.delete(page)
      this.pages.untold(page)
    }
    return next
  }

  /** Gives up what other machines have overwritten; `done` when nobody here sees it any more. */
  acquire(done: (status: Acquired) => void): void {
    const { token: cont, guest, port, consistency } = this.at
    if (this.dropped || consistency === 'sequential') return done('ok')
    const { pageBytes } = this.#context
    this.#home.call(
      port,
      sharedPageCalls.shareAcquire,
      { cont, guest },
      (reply) => {
        if (reply.status === 'no_such_container') this.drop()
        if (reply.status !== 'ok') return done(this.dropped ? 'ok' : 'unreachable')
        const stale = reply.stale.map(({ addr, number }) => ({ page: addr / pageBytes, number }))
        for (const { page, number } of stale) this.pages.recalled(page, number, 'none')
        this.#acquiring.push({ stale, done })
      },
      requestMs,
    )
  }

  #acquired(): void {
    const isOver = (stale: readonly Stale[]): boolean =>
      stale.every(({ page, number }) => !this.pages.isSeen(page, number))
    const over = this.#acquiring.filter(({ stale }) => isOver(stale))
    if (over.length === 0) return
    this.#acquiring = this.#acquiring.filter((each) => !over.includes(each))
    for (const { done } of over) done('ok')
  }

  /** Home is not to be asked any more: whoever waits hears `frozen`, and so does whoever comes. */
  drop(): void {
    this.dropped = true
    this.pages.end('frozen')
    this.#again.clear()
    this.#acquired()
  }

  /** The guest is over: every frame leaves. */
  end(): void {
    this.drop()
    const { container } = this
    const { pageBytes } = this.#context
    container.awaited -= this.#lowering.size
    invariant(container.awaited >= 0, 'ME1: every removal is awaited once', {
      token: container.token,
    })
    this.#lowering.clear()
    const shown = [...container.resident]
      .map(([page, frame]) => ({ offset: page * pageBytes, frame }))
      .filter(({ offset, frame }) => this.#lcd.query(offset).frame === frame)
    const generation = this.#lcd.remove(shown.map(({ offset }) => offset))
    for (const frame of container.resident.values())
      this.#context.departures.leave(frame, generation)
    container.resident.clear()
  }

  #frame(page: number): boolean {
    invariant(!this.container.resident.has(page), 'MG2: a page has one live frame', { page })
    const { frames, reserve } = this.#context
    const frame = reserve.take()
    if (frame === null) return false
    frames.hold(frame, this.container, page)
    this.container.resident.set(page, frame)
    return true
  }

  #frameOf(page: number): Frame {
    const frame = this.container.resident.get(page)
    invariant(frame !== undefined, 'CH2: a page that is here has a frame', { page })
    return frame
  }

  #free(page: number): void {
    const frame = this.#frameOf(page)
    const { frame: shown } = this.#lcd.query(page * this.#context.pageBytes)
    invariant(shown === null, 'ME1: only a frame that nobody can use is used anew', { page, shown })
    this.container.resident.delete(page)
    this.#context.departures.leave(frame, this.#lcd.remove([]))
  }

  #show(page: number, level: PageLevel, content: Granted['content']): void {
    const { region, pageBytes, policy, trace } = this.#context
    const frame = this.#frameOf(page)
    const offset = page * pageBytes
    if (content !== 'yours') {
      invariant(
        this.#lcd.query(offset).frame === null,
        'CH1: a page is filled before it is shown',
        { page },
      )
      if (content === 'zeros') region.frameBytes(frame).fill(0)
      else region.frameBytes(frame).set(content)
    }
    const access = level === 'write' ? 'write' : 'read'
    const status = this.#lcd.install([{ offset, frame, access }])
    // Its stand-in is not live any more: the kernel is about to end it, and loci hear of it there.
    invariant(
      status === 'ok' || status === 'no_such_container',
      'LD2: a guest shows frames of its proxy’s page set',
      { status, page },
    )
    policy.referenced(frame)
    trace.event('install', offset, frame)
  }

  #lower(page: number, level: PageLevel): void {
    invariant(level !== 'write', 'CH2: a copy comes down', { page })
    const { container } = this
    const { pageBytes } = this.#context
    if (!this.#lowering.has(page)) container.awaited++
    ringFor(this.#context.port, container)
    const offset = page * pageBytes
    const shown = this.#lcd.query(offset).frame === null ? [] : [offset]
    this.#lowering.set(page, level === 'none' ? this.#lcd.remove(shown) : this.#lcd.protect(shown))
  }

  #ask(page: number, access: 'read' | 'write', sequence: number, have: number): void {
    const context = this.#context
    const { token: cont, guest, port } = this.at
    const addr = asOffset(page * context.pageBytes)
    const args = { cont, guest, addr, accessType: access, sequence, have }
    this.#home.call(
      port,
      sharedPageCalls.pageRequest,
      args,
      (reply) => {
        if (reply.status === 'no_such_container') return this.drop()
        if (reply.status !== 'ok') return this.pages.refused(page, sequence, asStatus(reply.status))
        const { number, level, content } = reply
        const bytes = reply.page === null ? null : reply.page
        const isWhole = content !== 'bytes' || bytes?.length === context.pageBytes
        if (!isWhole) return this.pages.refused(page, sequence, 'manager_failed')
        // Written into a frame before the message's bytes are used anew.
        this.pages.granted(page, sequence, {
          status: 'ok',
          number,
          level,
          content: content === 'bytes' ? bytes! : content,
        })
      },
      requestMs,
    )
  }

  #giveBack(page: number, number: number, level: PageLevel, withContent: boolean): void {
    const context = this.#context
    const { token: cont, guest, port } = this.at
    const addr = asOffset(page * context.pageBytes)
    const bytes = withContent
      ? Uint8Array.from(context.region.frameBytes(this.#frameOf(page)))
      : null
    const args = { cont, guest, addr, number, level, page: bytes }
    this.#home.call(port, sharedPageCalls.pageReturn, args, (reply) => {
      if (this.dropped) return
      if (reply.status === 'ok') this.pages.told(page)
      else if (reply.status === 'no_such_container') this.drop()
      else this.#again.set(page, context.clock.nowMs() + againMs)
    })
  }
}

/** What a locus may hear of a page of another machine. */
const asStatus = (status: string) =>
  status === 'timed_out' ||
  status === 'actor_gone' ||
  status === 'bad_message' ||
  status === 'unreachable'
    ? 'unreachable'
    : (status as
        | 'busy'
        | 'frozen'
        | 'access_denied'
        | 'io_error'
        | 'checksum_mismatch'
        | 'manager_failed')
