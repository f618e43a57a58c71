/**
 * The loop of an actor: drain the mail, give the event loop one turn when *control* was rung, else park.
 *
 * The bell is taken before anything is looked at, so whatever is rung from then on makes the next park return at once. The
 * park always ends within a second. An actor spends no promise on messages: only a control call costs a turn.
 */
import { actorStates, bellBits } from '@katydid/abi'
import { closeControl } from './control-port.js'
import type { Bell } from './bell.js'
import { longestParkMs, type Endpoint } from './endpoint.js'

export interface LoopOptions {
  readonly endpoint: Endpoint
  readonly bell: Bell
  /** Runs after the mail of each turn; answers in how many milliseconds it wants another: 0 at once, Infinity never. */
  readonly onTurn?: () => number
  readonly stopped: () => boolean
}

/** Runs until `stopped` says so, then closes the control port so that the worker ends by itself. What a handler throws ends it too. */
export async function serveForever(options: LoopOptions): Promise<void> {
  const { endpoint, bell, onTurn, stopped } = options
  const { region, port } = endpoint
  const { words } = region
  const turns = region.actorWord(port, 'turns')
  const spin = region.actorWord(port, 'spin')
  words.store(region.actorWord(port, 'state'), actorStates.running)
  let reasons: number = bellBits.control
  while (!stopped()) {
    reasons |= bell.take()
    const handled = endpoint.poll()
    const wantsMs = onTurn?.() ?? Infinity
    // For inspection only, so a plain store of one's own word is enough.
    region.i32[turns] = region.i32[turns]! + 1
    region.i32[spin] = bell.spin
    if ((reasons & bellBits.control) !== 0) {
      reasons = 0
      await eventLoopTurn()
    } else if (handled === 0 && wantsMs > 0) {
      reasons = bell.park(Math.min(wantsMs, endpoint.nextDeadlineMs(), longestParkMs))
      // An idle second: let the event loop pass on what was printed, and clean up.
      if (reasons === 0) reasons = bellBits.control
    } else {
      reasons = 0
    }
  }
  await eventLoopTurn()
  closeControl()
}

/** Messages on ports arrive in the poll phase, which lies between two immediates. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
