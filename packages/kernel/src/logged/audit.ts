/**
 * Audits of deterministic containers: does a container that does its visits again come to hold what it held? A copy of it is made from
 * one captured image, the visits up to the next one are run again in the copy, and the state hashes of the two are compared.
 *
 * Nobody waits for that. The copy is in no capture, and is gone when the audit is over. Whatever comes in between ends it: a recovery, the
 * world's closing, a visit that is no point, a lack of slots or room.
 */
import {
  asInterval,
  capabilityTables,
  managerUpcalls,
  masterRights,
  retainedUpcalls,
  type PortId,
  type StateInterval,
} from '@katydid/abi'
import { ask, invariant, run, type Script } from '@katydid/actor'
import { grantContainer } from '../container/container-calls.js'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { UnitPoint } from '../state-interval/history.js'
import { openPoint } from '../state-interval/points.js'
import { Audit, isAuditable } from './audit-of.js'
import { demote } from './level.js'
import { replay, type Replay } from './replay.js'

/** How long the next capture may take to come. */
const captureMs = 120_000
const answerMs = 30_000
/** So many slots for containers, and for loci, stay free for others. */
const spareSlots = 1

/** Begins an audit where one is due; called when the container was captured at `point`. `captureAgain` asks for another capture. */
export function noteCapture(
  machine: Machine,
  container: Container,
  point: UnitPoint,
  captureAgain: () => void,
): void {
  const { audits } = machine
  audits.current?.noteCapture(container, point)
  const every = machine.config.auditEvery ?? defaultAuditEvery
  if (every === 0 || !isAuditable(machine, container) || point.image === 0) return
  if (!audits.begins(container, every)) return
  const audit = new Audit(container, point)
  audits.current = audit
  audits.begun++
  run(machine.messenger, doAudit(machine, audit, captureAgain), (isOver) => {
    audits.current = null
    if (!isOver) audits.givenUp++
  })
}

/** Every so many captures of a container, when the configuration does not say. */
const defaultAuditEvery = 16

/** Whether it came to an end, with whatever outcome. */
function* doAudit(machine: Machine, audit: Audit, captureAgain: () => void): Script<boolean> {
  const { container, from } = audit
  const { manager, intervals, token } = container
  invariant(manager !== null && from.image > 0, 'SI112: what is audited has an image', {
    slot: container.slot,
  })
  const { session } = machine
  const isOff = (): boolean =>
    audit.void ||
    machine.session !== session ||
    machine.phase !== 'open' ||
    machine.recoveryWanted !== null ||
    !machine.containers.isThere(container)
  const isOnLine = (): boolean => intervals.recoverable >= from.image
  yield* machine.waits.until(() => isOff() || isOnLine(), captureMs)
  if (isOff() || intervals.recoverable !== from.image) return false
  const copy = yield* copyOf(machine, container, manager, asInterval(from.image))
  if (copy === null) return false
  yield* machine.waits.until(() => isOff() || audit.to?.capture.durable === true, captureMs)
  const { to, inputs } = audit
  if (isOff() || to === null || !to.capture.durable) return false
  const was = yield* hashOf(machine, manager, token, asInterval(to.image))
  if (was === null || isOff()) return false
  const again: Replay = { inputs, given: 0, problem: null, done: false, lost: false }
  const problem = yield* replay(machine, copy, again, isOff)
  if (isOff() || again.lost) return false
  const is = again.done ? yield* hashAfter(machine, manager, copy) : null
  if (isOff() || (again.problem === null && is === null)) return false
  const differs = again.problem === null ? Buffer.compare(was, is!) !== 0 : true
  if (!differs) return true
  tell(machine, audit, to, problem)
  // What has been logged since is not to be relied on: the next capture makes it needless.
  captureAgain()
  return true
}

/** Its points are captures only, from now on and until the world is opened again. */
function tell(
  machine: Machine,
  { container, from }: Audit,
  to: UnitPoint,
  problem: string | null,
): void {
  invariant(
    container.serviceLevel === 'deterministic',
    'SI114: only what is deterministic is audited',
    {
      slot: container.slot,
    },
  )
  const { name, slot, intervals } = container
  const detail =
    problem ??
    `its visits from interval ${from.interval} to ${to.interval} were run again, and it does not hold what it held; it is restored from snapshots only`
  demote(machine, container)
  machine.containers.publishLevel(slot, 'snapshotting')
  intervals.history.gap ??= 'an audit found that it is not deterministic'
  machine.report({ kind: 'replay_differed', container: name, interval: to.interval, detail })
}

/** A container that begins as that image, and that nobody knows of; nil: there is no room for it. */
function* copyOf(
  machine: Machine,
  container: Container,
  manager: PortId,
  stateInterval: StateInterval,
): Script<Container | null> {
  const { containers, region, captures } = machine
  const { maxContainers, maxLoci } = region.plan.shape
  if (containers.all().length + spareSlots >= maxContainers) return null
  if (machine.loci.threads().length + spareSlots >= maxLoci) return null
  const { size, program, token } = container
  const shape = { size, name: '', interval: machine.firstInterval, epoch: captures.epoch }
  const copy = containers.create(shape)
  if (copy === null) return null
  copy.program = program
  copy.snapshotOf = { kind: 'audit', opener: 0 }
  const cont = grantContainer(machine, manager, copy, masterRights)
  if (cont === null) return null
  const args = { cont, source: token, stateInterval, writable: true }
  const reply = yield* ask(machine.messenger, manager, retainedUpcalls.retainedTake, args, answerMs)
  const isThere = containers.at(copy.slot) === copy && copy.manager === manager
  if (reply.status === 'ok' && isThere) return copy
  const table = capabilityTables.ofActor(region.plan.shape, manager)
  if (containers.at(copy.slot) === copy && copy.manager === null)
    machine.capabilities.drop(table, 'container', copy.slot)
  return null
}

/** The state hash of the copy as it is now, with nobody in it. */
function* hashAfter(machine: Machine, manager: PortId, copy: Container): Script<Uint8Array | null> {
  const label = asInterval(machine.containers.interval(copy.slot))
  machine.containers.setInterval(copy.slot, label + 1)
  openPoint(copy.intervals, label)
  const args = { cont: copy.token, stateInterval: label }
  const { containerSnapshot } = managerUpcalls
  const taken = yield* ask(machine.messenger, manager, containerSnapshot, args, answerMs)
  return taken.status === 'ok' ? yield* hashOf(machine, manager, copy.token, label) : null
}

function* hashOf(
  machine: Machine,
  manager: PortId,
  cont: Container['token'],
  stateInterval: StateInterval,
): Script<Uint8Array | null> {
  const args = { cont, stateInterval }
  const reply = yield* ask(machine.messenger, manager, retainedUpcalls.stateHash, args, answerMs)
  return reply.status === 'ok' ? Uint8Array.from(reply.hash) : null
}
