/** The calls about snapshots: snapshot_request, state_interval_stable, snapshot_discard, world_snapshot. */
import {
  asInterval,
  managerUpcalls,
  refuse,
  type Answer,
  type ArgsOf,
  type locusCalls,
  type managerDowncalls,
  type PortId,
  type Refusal,
} from '@katydid/abi'
import { ask, invariant, later, run, type IncomingCall, type Script } from '@katydid/actor'
import { reportedContainer, resolveContainer } from '../capability/resolve.js'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { askToKeep } from '../kept/keep.js'
import type { Manager } from '../manager/manager-table.js'
import { rootPageBytes } from '../manager/root-page.js'
import type { CaptureOutcome, Tick } from './capture-table.js'
import { requestCapture } from './capture.js'
import { carryAlong } from './carry-along.js'
import { giveUpPoints } from './give-up-points.js'
import { advanceLine, feedPoints, rootRecord, settleLine, trim } from './line.js'
import { makeBaseline, markDiscarded, markStable, openPoint } from './points.js'
import { needsAnother } from './on-the-way.js'
import { askToStabilise } from './stabilise.js'

type Calls = typeof managerDowncalls
type WorldSnapshot = (typeof locusCalls)['worldSnapshot']

/** A capture that is not recoverable after this long is not waited for. */
const durableMs = 60_000
/** So often is looked whether another epoch is needed. */
const againMs = 100

/** snapshot_request: of a user container with all of the world, of a self-managed one by itself. */
export function snapshotRequest(
  machine: Machine,
  args: ArgsOf<Calls['snapshotRequest']>,
  call: IncomingCall<Calls['snapshotRequest']>,
): Answer<Calls['snapshotRequest']> | typeof later {
  const found = resolveContainer(machine, call.from, args.cont, 'snapshot')
  if (found.status !== 'ok') return found
  const { container } = found
  if (container.manager === null)
    return refuse(
      'no_manager',
      `“${container.name}” has no manager; adopt it first (manage_request)`,
    )
  if (machine.containers.hasFailed(container))
    return refuse('manager_failed', machine.managers.at(container.manager)?.why ?? '')
  if (container.selfManaged) {
    if (call.from !== container.manager)
      return refuse('not_supported', 'the manager of a self-managed container snapshots it itself')
    run(machine.messenger, snapshotOwn(machine, container), call.reply.bind(call))
    return later
  }
  const isOpened = container.snapshotOf?.kind === 'open'
  if (container.intervals.volatile || isOpened) return noSnapshots(container)
  // A manager without a root page may keep no snapshots at all: then it says so when it is asked for one.
  const keeps = machine.managers.at(container.manager)?.program.keepsRoot
  if (container.intervals.label === 0 && keeps === false) container.intervals.mustCapture = true
  requestCapture(machine, (outcome) => {
    if (outcome.status !== 'ok') return call.reply(outcome)
    if (container.intervals.volatile) return call.reply(noSnapshots(container))
    if (machine.containers.at(container.slot) !== container)
      return call.reply(refuse('entity_gone', 'the container was destroyed meanwhile'))
    call.reply(outcomeFor(container, outcome))
  })
  return later
}

function outcomeFor(container: Container, tick: Tick): Answer<Calls['snapshotRequest']> {
  const { slot, intervals } = container
  const busy = tick.busy.get(slot)
  if (busy !== undefined) return refuse('busy', busy)
  const refused = tick.refused.get(slot)
  if (refused !== undefined) return refuse('manager_failed', refused)
  return { status: 'ok', stateInterval: intervals.label }
}

const noSnapshots = (container: Container) =>
  refuse('not_supported', `the manager of “${container.name}” keeps no snapshots`)

/** The snapshot of a self-managed container, named by the kernel and taken by its manager while it waits for this. */
function* snapshotOwn(machine: Machine, own: Container): Script<Answer<Calls['snapshotRequest']>> {
  invariant(
    own.selfManaged && own.manager !== null,
    'SI17: a manager snapshots its own container',
    {
      slot: own.slot,
    },
  )
  const label = asInterval(machine.containers.interval(own.slot))
  machine.containers.setInterval(own.slot, label + 1)
  openPoint(own.intervals, label)
  const args = { cont: own.token, stateInterval: label }
  const reply = yield* ask(machine.messenger, own.manager, managerUpcalls.containerSnapshot, args)
  if (reply.status === 'ok') return { status: 'ok', stateInterval: label }
  markDiscarded(own.intervals, label)
  return refuse('manager_failed', `the manager took no snapshot of itself: ${reply.status}`)
}

/** state_interval_stable: of a self-managed container answered when its root page is on the disk. */
export function stateIntervalStable(
  machine: Machine,
  args: ArgsOf<Calls['stateIntervalStable']>,
  call: IncomingCall<Calls['stateIntervalStable']>,
): Answer<Calls['stateIntervalStable']> | typeof later {
  const found = reportedContainer(machine, call.from, args.cont)
  if (found.status !== 'ok') return found
  const { container } = found
  if (container.manager !== call.from)
    return refuse('right_missing', 'only the container’s manager reports its snapshots')
  const manager = machine.managers.at(call.from)
  if (container.selfManaged && manager !== null) {
    const { points, recoverable } = container.intervals
    if (args.stateInterval === recoverable && recoverable !== 0) return { status: 'ok' }
    if (!points.has(args.stateInterval))
      return refuse('no_such_interval', `no snapshot is named ${args.stateInterval}`)
    if (manager.root === null)
      return refuse('no_such_interval', 'no root page is mapped; call map_root_page first')
    run(
      machine.messenger,
      commitRoot(machine, manager, container, args.stateInterval),
      call.reply.bind(call),
    )
    return later
  }
  const marked = markStable(container.intervals, args.stateInterval)
  if (marked.status === 'ok') moveLine(machine)
  return marked
}

/** The one write that commits a self-managed container: its root page, as it is now. */
function* commitRoot(
  machine: Machine,
  manager: Manager,
  own: Container,
  interval: ArgsOf<Calls['stateIntervalStable']>['stateInterval'],
): Script<Answer<Calls['stateIntervalStable']>> {
  invariant(manager.root !== null, 'SI17: only a mapped root page is committed', {
    port: manager.port,
  })
  const stable = {
    offset: manager.root.offset,
    interval,
    bytes: rootPageBytes(machine, manager),
    after: machine.log.position,
  }
  const record = rootRecord(machine, { ...manager, stable })
  // Recovery waits for this write: what the disk has, a restarted manager must begin with.
  machine.rootWrites++
  const written = yield* machine.log.write([record])
  machine.rootWrites--
  if (written.status !== 'ok')
    return refuse('io_error', `the root page was not written: ${written.detail}`)
  if ((manager.stable?.interval ?? 0) < interval) manager.stable = stable
  markStable(own.intervals, interval)
  makeBaseline(own.intervals, Math.max(interval, own.intervals.recoverable))
  const args = { cont: own.token, stateInterval: interval }
  machine.messenger.call(manager.port, managerUpcalls.snapshotIsRecoverable, args, () => {})
  // The older root page holds the log no more. On a full disk no line may come that would say so.
  if (machine.phase === 'open' || machine.phase === 'stopping') trim(machine)
  advanceLine(machine)
  carryAlong(machine)
  return { status: 'ok' }
}

function moveLine(machine: Machine): void {
  feedPoints(machine)
  advanceLine(machine)
  // What is stable now may stand for what was before it.
  giveUpPoints(machine)
}

/** snapshot_discard. */
export function snapshotDiscard(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['snapshotDiscard']>,
): Answer<Calls['snapshotDiscard']> {
  const found = reportedContainer(machine, from, args.cont)
  if (found.status !== 'ok') return found
  if (found.container.manager !== from)
    return refuse('right_missing', 'only the container’s manager discards its snapshots')
  const marked = markDiscarded(found.container.intervals, args.stateInterval)
  if (marked.status === 'ok') moveLine(machine)
  return marked
}

/** world_snapshot: with `durable`, answered when the cut is recoverable. */
export function worldSnapshot(
  machine: Machine,
  args: ArgsOf<WorldSnapshot>,
  call: IncomingCall<WorldSnapshot>,
): typeof later {
  if (args.keep) askToKeep(machine, machine.captures.epoch + 1)
  requestCapture(machine, (outcome) => {
    if (outcome.status !== 'ok') return call.reply(outcome)
    const problem = problemOf(outcome)
    if (problem !== null) return call.reply(problem)
    if (args.keep) askToKeep(machine, outcome.epoch)
    if (!args.durable) return call.reply({ status: 'ok', capture: outcome.epoch })
    run(machine.messenger, untilRecoverable(machine, outcome), call.reply.bind(call))
  })
  return later
}

/** What keeps an epoch from holding the whole world. */
export function problemOf({ busy, refused }: Tick): Refusal<'busy' | 'manager_failed'> | null {
  for (const why of busy.values()) return refuse('busy', why)
  for (const why of refused.values()) return refuse('manager_failed', why)
  return null
}

/**
 * Waits until the epoch, or a newer one, is on the line. Where all of it is stable and it is not, somebody has received what another
 * had in no point of that epoch: then the epoch after has both, and is asked for, as somebody waits.
 */
export function* untilRecoverable(machine: Machine, tick: Tick): Script<Answer<WorldSnapshot>> {
  const { session, captures } = machine
  const giveUpMs = machine.clock.nowMs() + durableMs
  const over = (): boolean =>
    captures.line >= tick.epoch ||
    tick.failed !== null ||
    machine.session !== session ||
    machine.phase === 'failed'
  while (!over() && machine.clock.nowMs() < giveUpMs) {
    settleLine(machine, 'output')
    askToStabilise(machine)
    yield* machine.waits.until(over, againMs)
    if (!over() && needsAnother(machine, tick.epoch)) requestCapture(machine, () => {})
  }
  if (captures.line >= tick.epoch) return { status: 'ok', capture: tick.epoch }
  if (tick.failed !== null) return refuse('io_error', tick.failed)
  if (machine.session !== session)
    return refuse('frozen', 'the world went back to its line before that')
  return refuse('manager_failed', 'a manager did not make its snapshot stable in time')
}

export type { CaptureOutcome }
