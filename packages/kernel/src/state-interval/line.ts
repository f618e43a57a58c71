/**
 * The line: the newest capture of which everything is stable. It only goes forward. Its own record is durable before
 * anybody is told, because managers drop older snapshots then.
 */
import { actorPorts, asInterval, managerUpcalls } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import { bury } from '../container/retire.js'
import { reportEnd } from '../locus/locus-end.js'
import type { Machine } from '../machine.js'
import type { Manager } from '../manager/manager-table.js'
import type { Capture } from './capture-table.js'
import { counts, makeBaseline } from './points.js'
import { savedManagers } from '../manager/registry.js'
import type { RootRecord } from './records.js'

/** A root page's record this many groups behind the log's end is written again, so that the log can be trimmed. */
const rootLag = 64

/** The newest capture that could be the line now; null when none is newer than it. */
function candidate(machine: Machine): Capture | null {
  // While the world goes back, what captures name is not there to be asked.
  if (machine.phase !== 'open' && machine.phase !== 'stopping') return null
  if (machine.managers.all().some((each) => keepsRoot(each) && each.stable === null)) return null
  const stable = machine.captures.newer.filter((each) => each.durable && isStable(machine, each))
  return stable.at(-1) ?? null
}

/** Of one that was given up before its root page was ever stable there is nothing to wait for, and nothing to keep. */
const keepsRoot = ({ program, state, stable }: Manager): boolean =>
  program.keepsRoot && (state !== 'given_up' || stable !== null)

function isStable(machine: Machine, capture: Capture): boolean {
  return capture.record.containers.every((saved) => {
    const container = machine.containers.at(saved.slot)
    if (container === null || container.generation !== saved.generation) return true
    return counts(container.intervals, saved.label)
  })
}

/** Moves the line as far as it goes; one announcement at a time. */
export function advanceLine(machine: Machine): void {
  if (machine.captures.announcing || candidate(machine) === null) return
  machine.captures.announcing = true
  const { session } = machine
  run(machine.messenger, announce(machine), () => {
    machine.captures.announcing = false
    if (machine.session !== session) advanceLine(machine)
  })
}

function* announce(machine: Machine): Script<void> {
  const { session } = machine
  for (;;) {
    const capture = candidate(machine)
    if (capture === null) return
    const roots = machine.managers.all().filter((each) => lags(machine, each))
    const before = machine.log.position
    const written = yield* machine.log.write([
      ...roots.map((each) => rootRecord(machine, each)),
      {
        kind: 'line',
        session,
        capture: capture.id,
        rolledBack: false,
        managers: savedManagers(machine),
      },
    ])
    if (machine.session !== session || !machine.captures.newer.includes(capture)) return
    if (written.status !== 'ok') {
      const { status } = written
      const detail = `the disk did not take the line: ${status}, ${written.detail}`
      // The next capture, or the next snapshot that becomes stable, moves it.
      if (status === 'io_error') machine.fail(status, detail)
      else machine.report({ kind: 'trouble', port: actorPorts.kernel, status, detail })
      return
    }
    for (const { stable } of roots) if (stable !== null) stable.after = before
    machine.captures.advance(capture)
    tellRecoverable(machine, capture)
    trim(machine)
  }
}

/** Managers, hosts and waiting loci learn that the capture can be restored after any crash. */
function tellRecoverable(machine: Machine, capture: Capture): void {
  machine.counters.add('recoverable')
  machine.report({ kind: 'recoverable', capture: capture.id })
  for (const saved of capture.record.containers) {
    const container = machine.containers.at(saved.slot)
    if (container === null || container.generation !== saved.generation) continue
    if (saved.label <= container.intervals.recoverable) continue
    makeBaseline(container.intervals, saved.label)
    if (container.manager === null) continue
    const args = { cont: container.token, stateInterval: asInterval(saved.label) }
    machine.messenger.call(container.manager, managerUpcalls.snapshotIsRecoverable, args, () => {})
  }
  for (const locus of machine.loci.all()) {
    if (locus.end === null || locus.endedInCapture === 0 || locus.endedInCapture > capture.id)
      continue
    if (!locus.told) {
      locus.told = true
      reportEnd(machine, locus)
    }
    if (locus.name === '' && locus.slot === null) machine.loci.forget(locus)
  }
  bury(machine)
}

function lags(machine: Machine, manager: Manager): boolean {
  return manager.stable !== null && machine.log.position - manager.stable.after > rootLag
}

/** The record of a manager's stable root page. */
export function rootRecord(machine: Machine, manager: Manager): RootRecord {
  const { port, own, stable, program } = manager
  invariant(own !== null && stable !== null, 'SI17: only a stable root page is written again', {
    port,
  })
  return {
    kind: 'root_page',
    session: machine.session,
    port,
    slot: own.slot,
    generation: own.generation,
    size: own.size,
    module: program.module,
    hash: program.hash,
    offset: stable.offset,
    interval: stable.interval,
    bytes: stable.bytes,
  }
}

/** Gives up the log before the line's capture and before each root page's record. */
export function trim(machine: Machine): void {
  const { base } = machine.captures
  if (base === null) return
  const needed = machine.managers
    .all()
    .filter(keepsRoot)
    .map((each) => each.stable?.after ?? 0)
  machine.log.trim(Math.min(base.after, ...needed))
}
