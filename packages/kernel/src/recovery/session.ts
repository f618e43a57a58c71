/**
 * A recovery session: one path for a killed process, a dead manager and a lost locus. It ends with the world open at its
 * line, or failed with a sentence. A manager that fails more than five times in a minute is given up.
 */
import { asGeneration } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { killDead } from '../capability/group-calls.js'
import { createOwnContainer, startManager } from '../manager/start-manager.js'
import { giveUpFailing, noteFailure } from '../manager/give-up.js'
import type { Manager } from '../manager/manager-table.js'
import { savedManagers } from '../manager/registry.js'
import type { Capture } from '../state-interval/capture-table.js'
import { openGate, shutGate } from '../state-interval/gate.js'
import { chooseLine } from './choose.js'
import { clearMemory, forgetContainers, forgetLoci, stopLoci } from './clear.js'
import { restoreContainers, restoreLoci, resumeLoci } from './restore.js'
import { problemOf, type Problem } from './problem.js'
import { tellLive } from './tell-live.js'

const endMs = 10_000

/** Brings the world back to its line and opens it; reports how. */
export function* recover(machine: Machine, reason: string, boot: boolean): Script<void> {
  invariant(machine.phase !== 'failed', 'SI15: a failed world is not recovered', {})
  const beganMs = machine.clock.nowMs()
  machine.phase = boot ? 'booting' : 'recovering'
  shutGate(machine)
  let why = reason
  for (let attempts = 1; ; attempts++) {
    machine.recoveryWanted = null
    const hopeless = giveUpFailing(machine, attempts, why)
    if (hopeless !== null) {
      machine.fail('manager_failed', hopeless)
      return
    }
    const problem = yield* attempt(machine, reason)
    if (phaseOf(machine) === 'failed') return
    if (problem === null && wanted(machine) === null) break
    why = problem?.sentence ?? wanted(machine) ?? reason
    if (problem !== null) yield* endManager(machine, problem)
  }
  machine.counters.set('recoveryMs', machine.clock.nowMs() - beganMs)
  finish(machine, reason, boot, beganMs)
}

// Both change while a script waits, which the compiler cannot see.
const phaseOf = (machine: Machine): Machine['phase'] => machine.phase
const wanted = (machine: Machine): string | null => machine.recoveryWanted

function* attempt(machine: Machine, reason: string): Script<Problem | null> {
  machine.session++
  machine.captures.queued
    .splice(0)
    .forEach((each) => each({ status: 'frozen', detail: 'the world goes back to its line' }))
  if (!(yield* stopLoci(machine, reason))) {
    machine.fail(
      'manager_failed',
      'a locus’s thread, or the disk, did not stop in time for a recovery',
    )
    return null
  }
  if (!(yield* clearMemory(machine))) {
    machine.fail('io_error', 'a transfer of the disk did not end in time for a recovery')
    return null
  }
  if (!(yield* note(machine, machine.captures.line, false))) return null
  for (const manager of machine.managers.all()) {
    if (manager.state === 'given_up') continue
    // It died after memory was cleared: what it had is taken back first, by another attempt.
    if (hasRemains(machine, manager)) {
      machine.recoveryWanted ??= reason
      return null
    }
    const problem = yield* bringUp(machine, manager)
    if (problem !== null || phaseOf(machine) === 'failed') return problem
  }
  const { base, newer } = machine.captures
  const candidates = [...(base === null ? [] : [base]), ...newer.filter((each) => each.durable)]
  const choice = yield* chooseLine(machine, [...machine.olderCaptures, ...candidates])
  if (choice === null || 'port' in choice) return choice
  machine.damage =
    [machine.damage, choice.damage].filter((each) => each !== null).join('; ') || null
  return yield* goTo(machine, choice.capture)
}

function* goTo(machine: Machine, capture: Capture | null): Script<Problem | null> {
  const { captures } = machine
  if (!(yield* note(machine, capture?.id ?? 0, true))) return null
  forgetContainers(machine, capture)
  restoreTables(machine, capture)
  const problem = capture === null ? null : yield* restoreContainers(machine, capture)
  if (problem !== null) return problem
  const before = forgetLoci(machine, capture)
  if (capture !== null) restoreLoci(machine, capture, before)
  killDead(machine)
  captures.line = capture?.id ?? 0
  captures.base = capture
  captures.newer = []
  return null
}

/** What stands in no container: permission groups and semaphores. Before the tables that refer to them. */
function restoreTables(machine: Machine, capture: Capture | null): void {
  const { groups = [], nextGroup = 0, semaphores = [], nextSemaphore = 0 } = capture?.record ?? {}
  machine.groups.restore(groups, nextGroup)
  machine.semaphores.restore(semaphores, nextSemaphore)
}

/** A record of the session, durable before the world does anything under its number. */
function* note(machine: Machine, capture: number, rolledBack: boolean): Script<boolean> {
  const written = yield* machine.log.write([
    {
      kind: 'line',
      session: machine.session,
      capture,
      rolledBack,
      managers: savedManagers(machine),
    },
  ])
  if (written.status === 'ok') return true
  machine.fail(
    'io_error',
    `the disk did not take the recovery’s record: ${written.status}, ${written.detail}`,
  )
  return false
}

function* bringUp(machine: Machine, manager: Manager): Script<Problem | null> {
  if (manager.state === 'running') return null
  if (manager.own === null && !createOwnContainer(machine, manager)) {
    machine.fail(
      'no_resource',
      `no container slot is left for the manager “${manager.program.name}”; open the world with fewer managers`,
    )
    return null
  }
  const up = yield* startManager(machine, manager)
  return up
    ? null
    : problemOf(
        manager.port,
        `the manager “${manager.program.name}” (port ${manager.port}) did not start in time`,
      )
}

/** Whether a dead manager still has frames: one that starts now would find them shown in its own container. */
function hasRemains(machine: Machine, { port, root, state }: Manager): boolean {
  if (state === 'running') return false
  return root !== null || machine.pageSets.all().some((set) => set.manager === port)
}

/** A manager that answered wrongly or not at all is ended, so that the next attempt begins with a new one. */
function* endManager(machine: Machine, { port, sentence }: Problem): Script<void> {
  const manager = machine.managers.at(port)
  invariant(manager !== null, 'SI15: a problem is somebody’s', { port })
  const { state } = manager
  if (state === 'running' || state === 'starting') {
    const generation = asGeneration(
      machine.region.words.load(machine.region.actorWord(port, 'generation')),
    )
    machine.order({ order: 'stop_actor', port, generation, reason: sentence })
    yield* machine.waits.until(() => manager.state === 'dead', endMs)
  }
  // Its end is a failure by itself. One that never came up, or does not end, has none.
  if (manager.state === state && state !== 'dead') {
    noteFailure(machine, manager)
    manager.state = 'dead'
  }
}

function finish(machine: Machine, reason: string, boot: boolean, beganMs: number): void {
  const { captures } = machine
  machine.phase = 'open'
  captures.changesSeen = machine.changes
  captures.takenAtMs = machine.clock.nowMs()
  const containers = captures.base?.record.containers.map((each) => each.name) ?? []
  if (!boot) {
    machine.counters.add('rollbacks')
    machine.report({ kind: 'rollback', capture: captures.line, reason, containers })
  }
  tellLive(machine)
  resumeLoci(machine, captures.base?.record.loci ?? [])
  machine.destroyedLoci.clear()
  if (phaseOf(machine) === 'failed') return
  openGate(machine)
  if (boot)
    machine.report({
      kind: 'ready',
      recoveredCapture: captures.line,
      damage: machine.damage,
      recoveryMs: machine.clock.nowMs() - beganMs,
    })
}

/** Starts a session when one is wanted and none is under way. */
export function recoverIfWanted(machine: Machine): void {
  const reason = machine.recoveryWanted
  if (reason === null || (machine.phase !== 'open' && machine.phase !== 'stopping')) return
  run(machine.messenger, recover(machine, reason, false))
}
