/**
 * A recovery of a machine of several: with all the others, coordinated by whichever of those that lost something has the lowest number. It ends
 * with this machine's part carried out; or with nothing done, where there is nothing to be done without the others.
 */
import { actorPorts, type MachineId } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { note } from '../recovery/note.js'
import type { Departure } from '../recovery/partly.js'
import type { Problem } from '../recovery/problem.js'
import { phaseOf, wanted } from '../recovery/under-way.js'
import type { Across } from './across.js'
import { coordinate } from './coordinate.js'
import type { Part } from './part.js'
import { participate } from './participate.js'
import { PartlyPart } from './partly-part.js'
import { WholePart } from './whole-part.js'

export interface Agreed {
  /** What went wrong, or nil. A sentence: what some were to do again differed. */
  readonly problem: Problem | string | null
  /** Units that went back while the others ran on; nil: all of the machine went back. */
  readonly departure: Departure | null
}

/** A machine that is not there is named after so long. */
const patienceMs = 5_000
const againMs = 1_000
/** Machines that are in each other's way try again at different times. */
const apartMs = 20

export function* agree(machine: Machine, across: Across, reason: string): Script<Agreed> {
  const { lost } = machine
  const part =
    lost === 'world' ? new WholePart(machine, reason) : new PartlyPart(machine, lost, reason)
  const nothing: Departure = { going: new Map(), moved: [] }
  const problem = yield* part.prepare()
  if (problem !== null) return { problem, departure: null }
  const beganMs = machine.clock.nowMs()
  let named: MachineId | null = null
  while (phaseOf(machine) !== 'failed' && wanted(machine) === null) {
    const outcome = yield* attempt(machine, across, part, reason)
    if (outcome === null) {
      // Under the number of a recovery nothing is written before that stands on the disk.
      yield* note(machine, { rolledBack: false, back: [] })
      return { problem: null, departure: nothing }
    }
    if (outcome.outcome === 'applied')
      return {
        problem: outcome.problem,
        departure: part.whole ? null : (part.departure ?? nothing),
      }
    if (outcome.outcome === 'unreachable') {
      if (named === null && machine.clock.nowMs() - beganMs >= patienceMs) {
        named = outcome.machine
        report(machine, named)
      }
      const { machine: missing } = outcome
      yield* machine.waits.until(
        () => isAwake(machine, across) || across.isPresent(missing),
        againMs,
      )
    } else yield* machine.waits.until(() => isAwake(machine, across), apartMs * across.self)
  }
  return { problem: null, departure: part.whole ? null : nothing }
}

/** As a participant where this machine is asked, else as the coordinator if there is a reason; nil: there is none. */
function* attempt(machine: Machine, across: Across, part: Part, reason: string) {
  if (across.requests.length > 0) {
    const outcome = yield* participate(machine, across, part)
    if (outcome.outcome !== 'left' || part.hasLost || across.mustAgree) return outcome
  }
  if (across.requests.length > 0) return { outcome: 'again' } as const
  if (!part.hasLost && !across.mustAgree) return null
  return yield* coordinate(machine, across, part, reason)
}

const isAwake = (machine: Machine, across: Across): boolean =>
  across.requests.length > 0 || phaseOf(machine) === 'failed' || wanted(machine) !== null

function report(machine: Machine, missing: MachineId): void {
  invariant(machine.across !== null, 'SI176: only a machine of several waits for another', {
    missing,
  })
  const detail = `machine ${missing} does not answer; what machine ${machine.across.self} has lost comes back when it does`
  machine.report({ kind: 'trouble', port: actorPorts.kernel, status: 'unreachable', detail })
}
