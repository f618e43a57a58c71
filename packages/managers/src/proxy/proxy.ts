/**
 * A proxy: the manager, on this machine, of containers whose home is another. It serves faults of their loci by calls on the manager at home, and
 * gives pages back when that recalls them or the machine wants its frames. No threads, no time of its own.
 *
 * What it promises: an access of a guest is served, or refused by its deadline: with the wire cut as `unreachable`. It never waits for home.
 *
 * One life: guest_begin, share_join at home → a fault: a frame, page_request, the page shown → page_recall: taken from the page table, acknowledged by
 * every locus, page_return with what it holds → no frames: pages that are only read go first, written ones are sent home → guest_end.
 */
import type { ManagerBoot } from '@katydid/abi'
import { invariant, run } from '@katydid/actor'
import { takeTraps } from '@katydid/memory'
import { EarlyCalls } from '../paging/early-calls.js'
import { lookAgainMs } from '../paging/pager.js'
import { ringFor } from '../paging/ringing.js'
import type { Surroundings } from '../paging/surroundings.js'
import type { ProxyOptions } from './options.js'
import { press } from './pressing.js'
import { proxyUpcalls, refusesAll, serveGuestCalls, serveRecalls } from './proxy-calls.js'
import { openProxy, type ProxyContext } from './proxy-context.js'

/** A fault is refused after so long: before the kernel takes its manager for one that has failed. */
const faultMs = 6_000

export class ProxyManager {
  #context: ProxyContext | null = null
  readonly #waiting: ((context: ProxyContext) => void)[] = []

  /** Serves its calls at once and begins to start; guests can begin when it is up. */
  constructor(surroundings: Surroundings<ProxyOptions>, boot: ManagerBoot) {
    invariant(
      boot.port === surroundings.messenger.port,
      'MG1: a manager lives at the port it was started for',
      { port: boot.port },
    )
    const early = new EarlyCalls(surroundings.messenger)
    serveGuestCalls(surroundings.messenger, (then) => {
      if (this.#context === null) this.#waiting.push(then)
      else then(this.#context)
    })
    run(surroundings.messenger, openProxy(surroundings), (context) => {
      this.#context = context
      serveRecalls(context)
      early.open({ upcalls: proxyUpcalls(context), requests: refusesAll })
      for (const then of this.#waiting.splice(0)) then(context)
    })
  }

  get isUp(): boolean {
    return this.#context !== null
  }

  /** Everything that can be done now. Answers in how many milliseconds it wants another turn. */
  turn(): number {
    const context = this.#context
    if (context === null) return Infinity
    this.#takeFaults(context)
    const now = context.clock.nowMs()
    let next = this.#guests(context, now)
    context.departures.settle()
    context.reserve.settle()
    const all = [...context.guests.values()]
    for (const guest of all) guest.pages.retry()
    const waiting = all.reduce((sum, guest) => sum + guest.pages.waiting, 0)
    press(
      context,
      context.departures.count + all.reduce((sum, guest) => sum + guest.pages.leaving, 0),
      waiting,
    )
    // Without a locus running there the acknowledgement is there already.
    next = Math.min(next, this.#guests(context, now))
    context.departures.settle()
    for (const { container } of all) ringFor(context.port, container)
    const isAwaiting =
      waiting > 0 || context.departures.count > 0 || all.some((guest) => guest.isAwaiting)
    return isAwaiting ? Math.min(lookAgainMs, next - now) : Math.max(0, next - now)
  }

  #guests(context: ProxyContext, now: number): number {
    let next = Infinity
    for (const guest of context.guests.values()) next = Math.min(next, guest.turn(now))
    return next
  }

  #takeFaults({ region, port, guests, clock, counters, trace, pageBytes }: ProxyContext): void {
    for (const trap of takeTraps(region, port)) {
      const guest = guests.get(trap.token)
      counters.add('faults')
      trace.event('fault', trap.offset, trap.token)
      if (guest === undefined || guest.dropped) {
        trap.answer(guest === undefined ? 'no_such_container' : 'frozen')
        continue
      }
      guest.pages.fault(Math.floor(trap.offset / pageBytes), {
        access: trap.access === 'read' ? 'read' : 'write',
        untilMs: clock.nowMs() + faultMs,
        answer: (status) => void trap.answer(status),
      })
    }
  }
}
