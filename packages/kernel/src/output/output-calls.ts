/** The calls of hosts about output: wait until all was told, and ask what a container's going back would not undo. */
import {
  asInterval,
  refuse,
  type Answer,
  type ArgsOf,
  type outputCalls,
  type PortId,
} from '@katydid/abi'
import { invariant, later, run, type IncomingCall, type Script } from '@katydid/actor'
import { resolveContainer } from '../capability/resolve.js'
import type { Machine } from '../machine.js'
import { isSettled } from './release.js'
import { releasedAfter } from './released.js'

type Settled = (typeof outputCalls)['outputSettled']
type Released = (typeof outputCalls)['outputReleased']

const settleMs = 2_000

/** output_settled. */
export function outputSettled(machine: Machine, call: IncomingCall<Settled>): typeof later {
  run(machine.messenger, settled(machine), call.reply.bind(call))
  return later
}

function* settled(machine: Machine): Script<Answer<Settled>> {
  if (yield* machine.waits.until(() => isSettled(machine), settleMs)) return { status: 'ok' }
  return refuse('busy', 'lines wait to be told, and nobody takes them')
}

/** output_released. */
export function outputReleased(
  machine: Machine,
  from: PortId,
  { cont, after }: ArgsOf<Released>,
): Answer<Released> {
  const found = resolveContainer(machine, from, cont, 'read')
  if (found.status !== 'ok') return found
  invariant(after >= 0, 'DV7: intervals are counted from 1, and 0 is before them', { after })
  const { count, isCounted, lines } = releasedAfter(machine, found.container, after)
  const told = lines.map((each) => ({ ...each, interval: asInterval(each.interval) }))
  return { status: 'ok', count, isCounted, lines: told }
}
