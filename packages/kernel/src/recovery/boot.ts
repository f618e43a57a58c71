/** The first session: read the log, find managers' root pages, and go through the same recovery as after any loss. */
import { actorPorts, asContainer, asInterval } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { noIntervals, type Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { takeUpUntaken } from '../output/untaken.js'
import type { Manager } from '../manager/manager-table.js'
import { idleManager, otherManagers } from '../manager/registry.js'
import { ownToken } from '../manager/start-manager.js'
import type { RootRecord } from '../state-interval/records.js'
import { readLog, type LogContent, type PlacedRecord } from './log-reader.js'
import { recover } from './session.js'

export interface BootResult {
  readonly status: string
  readonly detail: string
  /** The world held nothing yet. */
  readonly fresh: boolean
  readonly recoveredCapture: number
  readonly damage: string | null
}

/** Boots the machine: open at its line when it returns, or failed. */
export function* boot(machine: Machine): Script<BootResult> {
  invariant(machine.phase === 'booting' && machine.session === 0, 'SI12: a machine boots once', {})
  const scan = yield* machine.log.scan()
  if (scan.status !== 'ok') {
    machine.fail('io_error', `the disk’s log could not be read: ${scan.status}, ${scan.detail}`)
    return result(machine, true)
  }
  const { maxContainers } = machine.region.plan.shape
  const content = readLog(scan.found, machine.config.worldId, maxContainers)
  machine.damage = [scan.damage, content.damage].filter((each) => each !== null).join('; ') || null
  // The session's number is raised by recovery itself, so that a new world is in session 0.
  machine.session = content.session
  for (const told of content.told) machine.output.learn(told)
  const { untaken } = content
  if (untaken !== null) takeUpUntaken(machine, untaken.record, untaken.after)
  takePoints(machine, content)
  machine.kept.restore(content.kept)
  machine.decisions = content.line?.decisions ?? []
  if (machine.across !== null && content.line !== null) machine.across.restore(content.line)
  const missing = addManagers(machine, content) ?? managerWithoutRoot(machine, content)
  if (missing !== null) machine.fail('damaged', missing)
  else yield* recover(machine, 'the world starts', true)
  return result(machine, content.session < 0)
}

function takePoints(machine: Machine, { line, captures, points }: LogContent): void {
  const table = machine.captures
  const records = captures.map(({ record }) => record)
  table.line = line?.epoch ?? 0
  table.drains = line?.drains ?? table.drains
  table.vector = new Map(line?.points)
  table.over = new Map(line?.over)
  table.ends = [...table.over.keys()].map((unit) => ({ unit, epoch: table.line }))
  const epochs = records.map((each) => each.epoch)
  table.raise(
    Math.max(table.line, ...epochs),
    Math.max(0, ...records.map((each) => each.capture)) + 1,
  )
  for (const record of records) {
    machine.loci.raiseNext(record.nextLocus)
    machine.groups.raiseNext(record.nextGroup)
    machine.semaphores.raiseNext(record.nextSemaphore)
    machine.containers.raiseGenerations(record.generations)
  }
  machine.bootPoints = points
  machine.bootLoci = records.at(-1)?.loci ?? []
  machine.bootGroups = records.at(-1)?.groups ?? []
  const missing = [...table.vector].filter(
    ([unit, at]) => !points.some((each) => each.unit === unit && each.interval === at),
  )
  if (missing.length === 0) return
  const sentence = `the record of capture ${table.line}, which was recoverable, is missing`
  machine.damage = [machine.damage, sentence].filter((each) => each !== null).join('; ')
}

/** The first manager, then the others; what is wrong with them, or nil. */
function addManagers(machine: Machine, content: LogContent): string | null {
  const { manager, others } = machine.config
  const captures = [
    ...content.captures.map(({ record }) => record),
    ...content.kept.map(({ record }) => record.state),
  ]
  const more = otherManagers(others ?? [], content.line?.managers ?? [], captures)
  if (typeof more === 'string') return more
  const first = manager === null ? [] : [idleManager(actorPorts.firstManager, manager)]
  for (const each of [...first, ...more]) addManager(machine, each, content.roots.get(each.port))
  return null
}

function addManager(
  machine: Machine,
  manager: Manager,
  found: PlacedRecord<RootRecord> | undefined,
): void {
  machine.managers.add(manager)
  if (found === undefined || !manager.program.keepsRoot) return
  const { offset, interval, bytes } = found.record
  manager.stable = { offset, interval: asInterval(interval), bytes, after: found.after }
  manager.own = ownContainerOf(machine, manager, found.record)
}

function ownContainerOf(machine: Machine, manager: Manager, root: RootRecord): Container {
  const own: Container = {
    home: null,
    slot: asContainer(root.slot),
    generation: root.generation,
    name: '',
    size: root.size,
    program: null,
    manager: manager.port,
    token: ownToken,
    serviceLevel: 'snapshotting',
    selfManaged: true,
    snapshotOf: null,
    intervals: {
      ...noIntervals(),
      label: asInterval(root.interval),
      recoverable: asInterval(root.interval),
    },
    mappings: [],
  }
  const interval = root.interval + 1
  machine.containers.place(own, { interval, epoch: 0, incarnation: root.session + 1 })
  return own
}

/** Captures of containers whose manager left no root page cannot be restored: that is damage, and not a new world. */
function managerWithoutRoot(machine: Machine, content: LogContent): string | null {
  // Before there is a line a manager may have no root page yet: then it reads all of its log. What is damaged is not all of it.
  if (machine.damage === null && (content.line?.points ?? []).length === 0) return null
  const managing = new Set(
    content.captures.flatMap(({ record }) =>
      record.containers.filter((each) => each.label !== 0).map((each) => each.manager),
    ),
  )
  const managed = managing.size > 0
  const rootless = machine.managers
    .all()
    .some(({ port, program, stable }) => program.keepsRoot && stable === null && managing.has(port))
  if (managed && rootless)
    return 'the world has captures, but the root page of its manager is missing or damaged'
  return managed && machine.config.manager === null
    ? 'the world needs its manager, and none is configured'
    : null
}

function result(machine: Machine, fresh: boolean): BootResult {
  const failed = machine.phase === 'failed'
  return {
    status: failed ? 'manager_failed' : 'ok',
    detail: machine.failure,
    fresh,
    recoveredCapture: machine.captures.line,
    damage: machine.damage,
  }
}
