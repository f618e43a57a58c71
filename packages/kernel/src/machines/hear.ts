/** What other machines tell of their durable points and of their line: the engine is fed with it, and letters that were received for good leave the logs. */
import { refuse, type Answer, type ArgsOf, type machineCalls, type MachineId } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { advanceLine, feedPoints } from '../state-interval/line.js'
import type { Point } from '../state-interval/line/line.js'
import { restartEngine } from '../state-interval/engine-again.js'
import type { Across } from './across.js'
import { asHeard, isForeign } from './foreign-units.js'
import { letGo } from './let-go.js'

type Gossip = (typeof machineCalls)['lineGossip']

export function hearLine(
  machine: Machine,
  across: Across,
  from: MachineId,
  told: ArgsOf<Gossip>,
): Answer<Gossip> {
  const apart = whyApart(machine, across, told.recovery)
  if (apart !== null) return refuse('frozen', apart)
  if (told.number === 0 && machine.captures.announcing)
    return refuse('frozen', `machine ${across.self} writes its line`)
  across.hearEpoch(told.epoch)
  const { recovery } = across
  const stream = across.streams.get(from)
  invariant(stream !== undefined, 'SI161: who tells is a machine of the world', { from })
  const expected = stream.expects(told.stream, told.number)
  if (expected !== true) return { status: 'ok', accepted: expected === null, recovery }
  const heard = (unit: number): number => asHeard(across.self, from, unit)
  for (const { unit, interval, received } of told.points) {
    const dependencies = new Map(received.map((each) => [heard(each.unit), each.interval]))
    hearPoint(machine, across, { unit: heard(unit), interval, dependencies })
  }
  for (const { unit, interval } of told.lines) across.known.raise(heard(unit), interval)
  for (const receipt of told.receipts) letGo(machine, receipt, heard)
  // What its line stands on was never told to this machine: from now on it is there.
  if (told.number === 0 && knowsLess(machine, across)) restartEngine(machine)
  prune(machine, across)
  feedPoints(machine)
  advanceLine(machine)
  return { status: 'ok', accepted: true, recovery }
}

/** Why what another machine says is not heeded: it, or this one, is in a recovery that the other is not in. Nil: it is. */
export function whyApart(machine: Machine, across: Across, recovery: number): string | null {
  across.hearRecovery(recovery)
  if (machine.phase !== 'open' && machine.phase !== 'stopping')
    return `machine ${across.self} is being recovered`
  if (recovery === across.recovery) return null
  if (recovery > across.recovery) across.mustAgree = true
  return `machine ${across.self} has taken part in recovery ${across.recovery}, and the other in ${recovery}`
}

function hearPoint(machine: Machine, across: Across, point: Point): void {
  invariant(isForeign(point.unit), 'SI161: nobody tells a machine of its own units', {
    unit: point.unit,
  })
  invariant(
    !across.ends.hasAny(point.dependencies),
    'SI166: who has received what never was is not told of',
    {
      unit: point.unit,
      interval: point.interval,
    },
  )
  if (across.known.learn(point)) machine.engine.stable(point)
}

const knowsLess = (machine: Machine, across: Across): boolean =>
  [...across.known.lines].some(([unit, line]) => machine.engine.announced(unit) < line)

/** What this machine finds on the line by itself is on it. */
function prune(machine: Machine, across: Across): void {
  for (const { unit } of across.known.points())
    across.known.raise(unit, machine.engine.announced(unit))
}
