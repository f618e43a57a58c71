/**
 * The log of visits: points that are logged go to the disk in groups, one write at a time. At once where somebody waits for the line,
 * else when the first of them is 20 ms old or there are 256 KiB of them.
 */
import { actorPorts } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { advanceLine, feedPoints } from '../state-interval/line.js'
import { rootOf } from './chain.js'
import { inputsRecord, type LoggedPoints } from './inputs-record.js'

const gatherMs = 20
const gatherBytes = 256 * 1024

/** What the log of visits has to remember. */
export class InputLog {
  /** When the oldest of those came that are to be written; nil: none. */
  sinceMs: number | null = null
  bytes = 0
  writing = false
  /** Of the visits there have been: how many are on the disk or came to nothing, and how many an epoch waits for. */
  #noted = 0
  #settled = 0
  #wanted = 0
  #records = 0

  /** A record takes the next number of the process. */
  takeNumber(): number {
    return ++this.#records
  }

  note(nowMs: number, bytes: number): void {
    this.sinceMs ??= nowMs
    this.bytes += bytes
    this.#noted++
  }

  /** Points of an epoch have heard of what was noted until now: it is written at once. */
  want(): void {
    this.#wanted = this.#noted
  }

  /** Whether something that is wanted so is on its way. */
  get isWanted(): boolean {
    return this.#settled < this.#wanted
  }

  /** All that is noted now is about to be written: answers what has to be called when that is over. */
  take(): () => void {
    const noted = this.#noted
    return () => {
      this.#settled = noted
    }
  }
}

/** Writes what is due; milliseconds until the next look is wanted. `now`: somebody waits for it. */
export function flushInputs(machine: Machine, now = false): number {
  const { inputs, clock, phase } = machine
  // While something goes back it is not known yet what of it is void.
  if (inputs.sinceMs === null || (phase !== 'open' && phase !== 'stopping')) return Infinity
  if (inputs.writing) return gatherMs
  const left = inputs.sinceMs + gatherMs - clock.nowMs()
  if (!now && !inputs.isWanted && left > 0 && inputs.bytes < gatherBytes) return left
  const all = waiting(machine)
  // Only behind the record that they are run on, as a log is read in its order: the others come next time.
  const ready = all.filter(({ points }) => points[0]!.capture.durable)
  inputs.sinceMs = ready.length < all.length ? clock.nowMs() : null
  inputs.bytes = 0
  const settle = inputs.take()
  if (ready.length === 0) {
    if (inputs.sinceMs !== null) return gatherMs
    settle()
    return Infinity
  }
  inputs.writing = true
  run(machine.messenger, write(machine, ready), () => {
    inputs.writing = false
    // Those whose capture is not on the disk are of an epoch that is waited for anyway.
    settle()
  })
  return gatherMs
}

/** Points that are not on the disk. */
function waiting(machine: Machine): LoggedPoints[] {
  return machine.containers.all().flatMap(({ slot, generation, intervals: { history } }) => {
    const points = history.newer.filter(({ logged }) => logged?.durable === false)
    // Those that are run on another capture stand in a record of their own.
    const roots = new Set(points.map((each) => rootOf(each)))
    return [...roots].map((root) => {
      const those = points.filter((each) => rootOf(each) === root)
      return { unit: slot, generation, points: those }
    })
  })
}

function* write(machine: Machine, groups: readonly LoggedPoints[]): Script<void> {
  invariant(machine.inputs.writing, 'SI103: one write of inputs at a time', {})
  const written = yield* machine.log.write(groups.map((each) => inputsRecord(machine, each)))
  const points = groups.flatMap((each) => each.points)
  if (written.status === 'ok') {
    for (const { logged } of points) if (logged !== null) logged.durable = true
    feedPoints(machine)
    advanceLine(machine)
    return
  }
  const { status } = written
  const detail = `the disk did not take what came into logged containers: ${status}, ${written.detail}`
  for (const { unit } of groups) machine.containers.at(unit)?.intervals.history.dropLogged(detail)
  if (status === 'io_error') machine.fail(status, detail)
  else machine.report({ kind: 'trouble', port: actorPorts.kernel, status, detail })
}
