/**
 * The loop of actors that hear from ports and sockets as well as from mailboxes, or share a thread: drain the mail, give the event loop a turn, park
 * in it. Slower to wake than `serveForever`, whose actors hear from mailboxes alone and have a thread each.
 */
import { actorStates } from '@katydid/abi'
import type { AsyncBell } from './async-bell.js'
import { closeControl } from './control-port.js'
import { longestParkMs, type Endpoint } from './endpoint.js'

/** One of the actors on the loop. */
export interface LoopPart {
  readonly endpoint: Endpoint
  /** Runs after the mail of each turn; answers in how many milliseconds it wants another: 0 at once, Infinity never. */
  readonly onTurn: () => number
  readonly stopped: () => boolean
}

export interface AsyncLoopOptions {
  /** Rung for each of them. */
  readonly bell: AsyncBell
  readonly parts: readonly LoopPart[]
}

/** Runs until one of them says that it has stopped, then closes the control ports. What a handler throws ends it too. */
export async function serveWithEvents({ bell, parts }: AsyncLoopOptions): Promise<void> {
  const served = parts.map((part) => {
    const { region, port } = part.endpoint
    region.words.store(region.actorWord(port, 'state'), actorStates.running)
    return { ...part, i32: region.i32, turns: region.actorWord(port, 'turns') }
  })
  while (!parts.some((part) => part.stopped())) {
    bell.take()
    let handled = 0
    let parkMs = longestParkMs
    for (const { endpoint, onTurn, i32, turns } of served) {
      handled += endpoint.poll()
      parkMs = Math.min(parkMs, onTurn(), endpoint.nextDeadlineMs())
      // For inspection only, so a plain store of one's own word is enough.
      i32[turns] = i32[turns]! + 1
    }
    if (handled > 0 || parkMs <= 0) await immediate()
    else await bell.park(parkMs)
  }
  // The call that ended it has its answer first.
  await immediate()
  closeControl()
}

function immediate(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
