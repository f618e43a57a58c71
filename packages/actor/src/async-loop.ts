/**
 * The loop of an actor that hears from ports and sockets as well as from mailboxes: drain the mail, give the event loop a turn, park
 * in it. Slower to wake than `serveForever`, whose actors hear from mailboxes alone; every other actor has that.
 */
import { actorStates } from '@katydid/abi'
import type { AsyncBell } from './async-bell.js'
import { closeControl } from './control-port.js'
import { longestParkMs, type Endpoint } from './endpoint.js'

export interface AsyncLoopOptions {
  readonly endpoint: Endpoint
  readonly bell: AsyncBell
  /** Runs after the mail of each turn; answers in how many milliseconds it wants another: 0 at once, Infinity never. */
  readonly onTurn: () => number
  readonly stopped: () => boolean
}

/** Runs until `stopped` says so, then closes the control port. What a handler throws ends it too. */
export async function serveWithEvents(options: AsyncLoopOptions): Promise<void> {
  const { endpoint, bell, onTurn, stopped } = options
  const { region, port } = endpoint
  const turns = region.actorWord(port, 'turns')
  region.words.store(region.actorWord(port, 'state'), actorStates.running)
  while (!stopped()) {
    bell.take()
    const handled = endpoint.poll()
    const wantsMs = onTurn()
    // For inspection only, so a plain store of one's own word is enough.
    region.i32[turns] = region.i32[turns]! + 1
    if (handled > 0 || wantsMs <= 0) await immediate()
    else await bell.park(Math.min(wantsMs, endpoint.nextDeadlineMs(), longestParkMs))
  }
  closeControl()
}

function immediate(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
