/**
 * Which managers a world has: the first, self-managing one, those the host named when it opened the world, and those that the
 * world remembers because containers of theirs may come back. A name keeps its port for as long as it is remembered.
 */
import { actorPorts, asGeneration, asPort, isManagerPort, type ManagerProgram } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { CaptureRecord, SavedManager } from '../state-interval/records.js'
import type { Manager } from './manager-table.js'

/** A manager that has not been started. */
export const idleManager = (
  port: number,
  program: ManagerProgram,
  recordedHash: string | null = null,
): Manager => ({
  port: asPort(port),
  program,
  recordedHash,
  own: null,
  root: null,
  stable: null,
  state: 'idle',
  generation: asGeneration(0),
  failures: [],
  ended: null,
  why: '',
})

/**
 * The managers besides the first, with their ports. What is configured counts more than what was recorded; a name that is
 * neither configured nor has a container in any capture is forgotten. A sentence when there are more than ports.
 */
export function otherManagers(
  configured: readonly ManagerProgram[],
  recorded: readonly SavedManager[],
  captures: readonly CaptureRecord[],
): Manager[] | string {
  const used = new Set(captures.flatMap((each) => each.containers.map(({ manager }) => manager)))
  const found = new Map<string, Manager>()
  for (const { port, ...program } of recorded) {
    const now = configured.find(({ name }) => name === program.name)
    // Without containers of its own nothing hangs on what it was.
    const recordedHash = used.has(port) ? program.hash : null
    if (now !== undefined || used.has(port))
      found.set(program.name, idleManager(port, now ?? program, recordedHash))
  }
  const ports = new Set([...found.values()].map(({ port }) => Number(port)))
  for (const program of configured) {
    if (found.has(program.name)) continue
    let port = actorPorts.firstManager + 1
    while (ports.has(port)) port++
    if (!isManagerPort(port))
      return `the world has no port left for the manager “${program.name}”: ${[...found.keys()].join(', ')} have containers in it`
    ports.add(port)
    found.set(program.name, idleManager(port, program))
  }
  invariant(ports.size === found.size, 'MG1: a manager has a port of its own', {
    ports: ports.size,
  })
  return [...found.values()].sort((a, b) => a.port - b.port)
}

/** The managers besides the first, as each line record keeps them. */
export function savedManagers(machine: Machine): SavedManager[] {
  return (
    machine.managers
      .all()
      .filter(({ port }) => port !== actorPorts.firstManager)
      // Until it was started: whether its module may be another is not decided yet.
      .map(({ port, program, recordedHash }) => ({
        port,
        ...program,
        hash: recordedHash ?? program.hash,
      }))
  )
}
