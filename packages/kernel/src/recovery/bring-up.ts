/** Managers before what they manage: those that do not run are started. */
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { createOwnContainer, startManager } from '../manager/start-manager.js'
import type { Manager } from '../manager/manager-table.js'
import { problemOf, type Problem } from './problem.js'
import { phaseOf } from './under-way.js'

/** Starts the managers that do not run; what went wrong, or nil. */
export function* bringUpAll(machine: Machine): Script<Problem | null> {
  invariant(machine.phase !== 'open', 'SI15: managers are started in a recovery', {})
  for (const manager of machine.managers.all()) {
    if (manager.state === 'given_up') continue
    // It died after memory was cleared: what it had is taken back first, by another attempt.
    if (hasRemains(machine, manager)) {
      machine.recoveryWanted ??= `the manager “${manager.program.name}” ended`
      return null
    }
    const problem = yield* bringUp(machine, manager)
    if (problem !== null || phaseOf(machine) === 'failed') return problem
  }
  return null
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
