/** Waiting until what the locus has done is recoverable: at rest, and so a safepoint. Many that wait share one capture. */
import { actorPorts, locusCalls } from '@katydid/abi'
import { systemClock } from '@katydid/actor'
import { LocusError } from './locus-error.js'
import type { LocusThread } from './locus-thread.js'

/** What is not recoverable after so long is not waited for. */
const durableMs = 60_000
/** Between two tries of what is refused only for a moment. */
const pauseMs = 20

/** Returns once it is; else throws `timed_out`, or what locus_stabilise was refused with, after `done`: what has been done all the same. */
export function untilRecoverable({ presence, messenger }: LocusThread, done: string): void {
  const { kernel } = actorPorts
  const until = systemClock.nowMs() + durableMs
  for (;;) {
    const reply = presence.resting(() =>
      messenger.callSync(kernel, locusCalls.locusStabilise, {}, durableMs),
    )
    if (reply.status === 'ok') return
    const isPassing = reply.status === 'busy' || reply.status === 'frozen'
    if (!isPassing || systemClock.nowMs() > until)
      throw new LocusError(
        isPassing ? 'timed_out' : reply.status,
        `${done}, and not yet known to be recoverable: ${reply.detail}`,
      )
    presence.quietUntil(() => false, pauseMs)
  }
}
