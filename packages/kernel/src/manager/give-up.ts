/**
 * Managers that fail again and again. One that ends, or has to be ended, more than five times in a minute is not started again in
 * this session. Without the first no world goes on. Of any other only the containers stop: they are kept as they are at the line,
 * and the next opening tries again.
 */
import { actorPorts } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Manager } from './manager-table.js'

const mostFailures = 5
const failureWindowMs = 60_000

/** It ended, or answered what no manager may answer. */
export function noteFailure(machine: Machine, manager: Manager): void {
  invariant(manager.state !== 'given_up', 'MG70: who is given up does not fail again', {
    port: manager.port,
  })
  manager.failures.push(machine.clock.nowMs())
}

function fails(machine: Machine, manager: Manager): boolean {
  const now = machine.clock.nowMs()
  manager.failures = manager.failures.filter((at) => now - at < failureWindowMs)
  return manager.failures.length > mostFailures
}

/**
 * Gives up whoever has failed too often; `why` is the last that happened. A sentence when the world cannot go on without it, or
 * when its recovery does not come to an end.
 */
export function giveUpFailing(machine: Machine, attempts: number, why: string): string | null {
  const managers = machine.managers.all().filter(({ state }) => state !== 'given_up')
  for (const manager of managers) {
    if (!fails(machine, manager)) continue
    const times = manager.failures.length
    // What others noticed of its end says less than what it said itself.
    const last = manager.ended?.sentence ?? why
    if (manager.port === actorPorts.firstManager)
      return `the manager “${manager.program.name}” failed ${times} times in a minute; last: ${last}`
    giveUp(machine, manager, times, last)
  }
  // Each attempt in vain is somebody's failure, so this many come only of losses that have no culprit.
  return attempts > mostFailures * (managers.length + 1)
    ? `the world could not be brought back in ${attempts - 1} attempts; last: ${why}`
    : null
}

function giveUp(machine: Machine, manager: Manager, times: number, why: string): void {
  const { name } = manager.program
  invariant(manager.state !== 'running', 'MG70: who is given up has ended', { port: manager.port })
  manager.state = 'given_up'
  manager.why = `the manager “${name}” failed ${times} times in a minute and was given up, and its containers have stopped; see to it and open the world again (last: ${why})`
  machine.report({ kind: 'manager_given_up', port: manager.port, name, detail: manager.why })
}
