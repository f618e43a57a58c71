/** Which pages of guests go when frames are wanted: read ones are dropped, written ones sent home, as the policy orders them. */
import { invariant } from '@katydid/actor'
import { frameStates } from '../paging/frame-table.js'
import type { Candidates } from '../policies/policy.js'
import type { Guest } from './guest.js'
import type { ProxyContext } from './proxy-context.js'

/** Gives up as many pages as the reserve wants, ahead of the faults that need them. `coming`: on their way already. */
export function press(context: ProxyContext, coming: number, waiting: number): void {
  const { reserve, policy, frames, guests, trace } = context
  const wanted = reserve.wanted(coming, waiting)
  if (wanted === 0) return
  invariant(wanted > 0 && coming >= 0, 'MG173: pages are given up because frames are wanted', {
    wanted,
  })
  const of = new Map([...guests.values()].map((guest) => [guest.container.token, guest]))
  const guestOf = (frame: Parameters<Candidates['allows']>[0]): Guest => {
    const token = frames.container(frame)?.token
    const guest = token === undefined ? undefined : of.get(token)
    invariant(guest !== undefined, 'CH2: a frame of the proxy holds a page of a guest', { frame })
    return guest
  }
  const candidates: Candidates = {
    allows: (frame) =>
      frames.state(frame) === frameStates.shown && guestOf(frame).pages.isHeld(frames.page(frame)),
    isDirty: (frame) => guestOf(frame).pages.isWritten(frames.page(frame)),
    wasTouched: (frame) =>
      guestOf(frame).container.lcd!.ageOut(frames.page(frame) * context.pageBytes),
  }
  // When faults wait and nothing is on its way, something has to go, touched or not.
  const victims = policy.choose(wanted, candidates, waiting > 0 && coming === 0 ? 2 : 1)
  for (const frame of victims) {
    const guest = guestOf(frame)
    trace.event('discard', 1, guest.container.token)
    guest.pages.press(frames.page(frame))
  }
}
