/**
 * What users ask of the manager that retains a container's snapshots. The kernel looks at the rights and carries the request:
 * of a container that shall begin as a snapshot it puts a capability into the manager's table, which calls set_manager.
 *
 * Both kinds are containers like any other. One that shows an opened snapshot is never written, and is destroyed when whoever
 * opened it has ended: the locus, or the process of the host. A fork is snapshotted by the next capture though nobody wrote to it.
 */
import {
  capabilityTables,
  isLocusPort,
  refuse,
  retainedUpcalls,
  type Answer,
  type AnySignature,
  type ArgsOf,
  type ErrorOf,
  type PortId,
  type Refusal,
  type Reply,
  type Status,
  type snapshotCalls,
} from '@katydid/abi'
import { invariant, later, type Handlers, type IncomingCall } from '@katydid/actor'
import { resolveContainer, type Right } from '../capability/resolve.js'
import { grantContainer } from '../container/container-calls.js'
import { isAuditCopy, type Container } from '../container/container.js'
import { retire } from '../container/retire.js'
import type { Machine } from '../machine.js'

type Calls = typeof snapshotCalls
type Take = Calls['snapshotOpen'] | Calls['snapshotFork']

const answerMs = 30_000

/** The calls about retained snapshots. */
export function snapshotHandlers(machine: Machine): Handlers<Calls> {
  return {
    snapshotList: ({ cont }, call) => {
      const found = managed(machine, call, cont, 'read')
      if (found.status !== 'ok') return found
      const { container, port } = found
      return carry(machine, call, port, retainedUpcalls.retainedList, {
        args: { cont: container.token },
        answer: ({ snapshots }) => ({ status: 'ok', snapshots, size: container.size }),
      })
    },
    snapshotOpen: (args, call) => take(machine, args, call, false),
    snapshotFork: (args, call) => take(machine, args, call, true),
    snapshotDrop: ({ cont, stateInterval }, call) => {
      const found = managed(machine, call, cont, 'snapshot')
      if (found.status !== 'ok') return found
      const { container, port } = found
      return carry(machine, call, port, retainedUpcalls.retainedDrop, {
        args: { cont: container.token, stateInterval },
        answer: () => ({ status: 'ok' }),
      })
    },
    snapshotRetain: ({ cont, count }, call) => {
      const found = managed(machine, call, cont, 'snapshot')
      if (found.status !== 'ok') return found
      const { container, port } = found
      return carry(machine, call, port, retainedUpcalls.retainedKeep, {
        args: { cont: container.token, count },
        answer: () => ({ status: 'ok' }),
      })
    },
  }
}

/** Destroys containers that show opened snapshots and whose openers have ended, and copies whose audit is over. What is in use is tried again. */
export function closeOpened(machine: Machine): void {
  if (machine.phase !== 'open') return
  for (const container of machine.containers.live()) {
    // One that was captured before its manager had taken it on goes too.
    if (isAuditCopy(container) && machine.audits.current === null && retire(machine, container))
      machine.changed()
    if (container.snapshotOf?.kind !== 'open') continue
    const { opener } = container.snapshotOf
    invariant(!container.selfManaged, 'MG102: no manager lives in a snapshot', {
      slot: container.slot,
    })
    const isThere =
      opener === 0
        ? machine.openedHere.has(nameOf(container))
        : machine.loci.withId(opener)?.end === null
    if (!isThere && retire(machine, container)) machine.changed()
  }
}

const nameOf = ({ slot, generation }: Container): string => `${slot} ${generation}`

type CapabilityRefusal = Refusal<'invalid_capref' | 'wrong_type' | 'right_missing' | 'entity_gone'>

/** A container and the manager that can be asked about it. */
function managed(
  machine: Machine,
  { from }: { readonly from: PortId },
  cont: ArgsOf<Calls['snapshotList']>['cont'],
  right: Right,
):
  | { readonly status: 'ok'; readonly container: Container; readonly port: PortId }
  | CapabilityRefusal
  | Refusal<'no_manager' | 'not_supported' | 'frozen' | 'manager_failed'> {
  const found = resolveContainer(machine, from, cont, right)
  if (found.status !== 'ok') return found
  const { container } = found
  if (container.manager === null) return refuse('no_manager', `“${container.name}” has no manager`)
  if (container.selfManaged)
    return refuse('not_supported', 'a manager’s own container has one snapshot, its root page’s')
  if (machine.recoveryWanted !== null)
    return refuse(
      'frozen',
      'a manager or a locus was lost and the world goes back to its line; ask again',
    )
  const manager = machine.managers.at(container.manager)
  if (manager?.state !== 'running')
    return refuse('manager_failed', `the manager of “${container.name}” does not run`)
  return { status: 'ok', container, port: manager.port }
}

/** Asks the manager and answers the user: what the manager refuses with, or that it did not answer. */
function carry<S extends AnySignature, U extends AnySignature>(
  machine: Machine,
  call: IncomingCall<S>,
  port: PortId,
  signature: U,
  request: {
    readonly args: ArgsOf<U>
    readonly answer: (reply: Extract<Reply<U>, { status: 'ok' }>) => Answer<S>
    readonly refused?: () => void
  },
): typeof later {
  machine.messenger.call(
    port,
    signature,
    request.args,
    (reply) => {
      if (reply.status === 'ok')
        return call.reply(request.answer(reply as Extract<Reply<U>, { status: 'ok' }>))
      request.refused?.()
      call.reply(passedOn<S>(reply as Refusal<ErrorOf<U>>))
    },
    answerMs,
  )
  return later
}

/** What a user hears of these: the manager has another life since, the world went back while it was asked, or it is silent. */
const heardAs: Partial<Record<Status, Status>> = {
  no_such_container: 'frozen',
  actor_gone: 'frozen',
  timed_out: 'manager_failed',
  bad_message: 'manager_failed',
}

function passedOn<S>({ status, detail }: Refusal<Status>): Answer<S> {
  return { status: heardAs[status] ?? status, detail } as unknown as Answer<S>
}

/** snapshot_open and snapshot_fork. */
function take(
  machine: Machine,
  { cont, source, stateInterval }: ArgsOf<Take>,
  call: IncomingCall<Calls['snapshotOpen']> & IncomingCall<Calls['snapshotFork']>,
  writable: boolean,
): Answer<Calls['snapshotOpen']> | typeof later {
  const target = resolveContainer(machine, call.from, cont, 'manage')
  if (target.status !== 'ok') return target
  const from = managed(machine, call, source, 'read')
  if (from.status !== 'ok') return from
  const { container, capability } = target
  const { port } = from
  if (container.manager !== null || container.snapshotOf !== null)
    return refuse('bad_argument', `“${container.name}” has a manager, or is being made already`)
  if (container.size < from.container.size)
    return refuse(
      'bad_argument',
      `“${container.name}” of ${container.size} bytes is smaller than “${from.container.name}”`,
    )
  const granted = grantContainer(machine, port, container, capability.rights)
  if (granted === null) return refuse('no_resource', 'the manager’s capability table is full')
  // Before the manager says anything: a capture that comes in between knows what the container is.
  const speaker = isLocusPort(call.from) ? machine.loci.speaking(call.from, call.generation) : null
  container.snapshotOf = { kind: writable ? 'fork' : 'open', opener: speaker?.id ?? 0 }
  if (speaker === null) machine.openedHere.add(nameOf(container))
  const { intervals } = container
  intervals.mustCapture = writable
  const refused = (): void => {
    if (container.manager !== null) return
    container.snapshotOf = null
    intervals.mustCapture = false
    const table = capabilityTables.ofActor(machine.region.plan.shape, port)
    machine.capabilities.drop(table, 'container', container.slot)
  }
  return carry(machine, call, port, retainedUpcalls.retainedTake, {
    args: { cont: granted, source: from.container.token, stateInterval, writable },
    answer: () => {
      machine.changed()
      return { status: 'ok' }
    },
    refused,
  })
}
