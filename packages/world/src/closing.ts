/** The last things that are done in an open world: each machine takes a durable snapshot, and what can be told is told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { locusCalls } from '@katydid/abi'
import type { Machine } from './machine.js'
import type { Machines } from './machines.js'

/** What waits for a machine that is away does so no longer. */
const longestMs = 10_000

/** All at once: what one machine has is recoverable only with what it has received of others. */
export async function closeMachines(
  machines: Machines,
  { takesSnapshot }: { readonly takesSnapshot: boolean },
): Promise<void> {
  const lives = machines.open.flatMap(({ newest }) => newest ?? [])
  const running = lives.filter(({ failure }) => failure === null)
  if (takesSnapshot) {
    const taken = Promise.all(running.map((life) => lastSnapshot(life)))
    await (machines.areSeveral
      ? Promise.race([taken, sleep(longestMs, null, { ref: false })])
      : taken)
  }
  // What is not told now is told at the next opening.
  await Promise.all(running.map((life) => life.outputSettled().catch(() => undefined)))
}

/** A world that is busy keeps its newest recoverable state: closing must not wait for a program that never rests. */
async function lastSnapshot(life: Machine): Promise<void> {
  await life.host(locusCalls.worldSnapshot, { durable: true, keep: true }).catch(() => undefined)
}
