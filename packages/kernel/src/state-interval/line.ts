/**
 * The line: for each unit the newest point that any crash from now on leaves reachable. It only goes forward. Its own record is durable
 * before anybody is told, because managers drop older snapshots then.
 */
import { actorPorts, asInterval, managerUpcalls } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { bury } from '../container/retire.js'
import { reportEnd } from '../locus/locus-end.js'
import { rootOf } from '../logged/chain.js'
import type { Machine } from '../machine.js'
import type { Manager } from '../manager/manager-table.js'
import { keepLine } from '../kept/keep.js'
import { tellKept } from '../kept/tell-kept.js'
import { tellLine, tellPoint } from '../machines/tell.js'
import { savedManagers } from '../manager/registry.js'
import { releaseOutput } from '../output/release.js'
import { heldFrom, isEndOf, type UnitPoint } from './history.js'
import type { FeedReason } from './line/feed.js'
import { noteLine } from './lagging.js'
import { counts, makeBaseline } from './points.js'
import type { LineRecord, RootRecord } from './records.js'
import { noteWanted } from './superseded.js'
import { unitsOf, type Unit } from './units.js'

/** A root page's record, or the line's, this many groups behind the log's end is written again, so that the log can be trimmed. */
const rootLag = 64

/** Tells the engine of points that have become stable: their record is durable, and the snapshots of their pages are. */
export function feedPoints(machine: Machine): void {
  // While the world goes back, what points name is not there to be asked.
  if (machine.phase !== 'open' && machine.phase !== 'stopping') return
  for (const { unit, history } of unitsOf(machine))
    for (const point of history.newer) {
      if (point.fed) continue
      if (!isStable(machine, unit, point)) break
      point.fed = true
      point.equals = null
      tellPoint(machine, unit, point)
      machine.engine.stable({ unit, interval: point.interval, dependencies: point.dependencies })
    }
}

/** Whether its record and its image are on the disk. */
export function isStable(machine: Machine, unit: number, point: UnitPoint): boolean {
  const { capture, image } = rootOf(point)
  if (!capture.durable || point.logged?.durable === false) return false
  const container = machine.containers.at(unit)
  return container === null || image === 0 || counts(container.intervals, image)
}

/** The line is wanted now: points that a lazy world has not looked at yet are, and it is announced. */
export function settleLine(machine: Machine, reason: FeedReason): void {
  machine.engine.settle(reason)
  advanceLine(machine)
}

/** Moves the line as far as it goes; one announcement at a time. */
export function advanceLine(machine: Machine): void {
  if (machine.captures.announcing || nextLine(machine) === null) return
  machine.captures.announcing = true
  const { session } = machine
  run(machine.messenger, announce(machine), () => {
    machine.captures.announcing = false
    if (machine.session !== session) advanceLine(machine)
  })
}

/** A line that is further on than what was announced. */
interface Advance {
  readonly units: readonly { readonly unit: Unit; readonly to: UnitPoint }[]
  readonly epoch: number
  readonly points: LineRecord['points']
  /** Units whose ends are among them: these are on no line any more. */
  readonly ended: LineRecord['over']
}

/** Where the line could be now; null when that is where it is. */
function nextLine(machine: Machine): Advance | null {
  if (machine.phase !== 'open' && machine.phase !== 'stopping') return null
  if (machine.managers.all().some((each) => keepsRoot(each) && each.stable === null)) return null
  const units: { unit: Unit; to: UnitPoint }[] = []
  const points: [number, number][] = []
  const ended: [number, number][] = []
  let { epoch } = machine.captures
  for (const unit of unitsOf(machine)) {
    const { base, newer, lineEpoch } = unit.history
    const reached = machine.engine.announced(unit.unit)
    const to = newer.find((each) => each.fed && each.interval === reached)
    if (to !== undefined) units.push({ unit, to })
    const at = to ?? base
    if (at !== null) (isEndOf(unit.unit, at) ? ended : points).push([unit.unit, at.interval])
    epoch = Math.min(epoch, to?.epoch ?? lineEpoch)
  }
  const { kept, keepFrom, captures } = machine
  const isKeeping = kept.isLeaving || (keepFrom > 0 && keepFrom <= captures.line)
  const isNew = units.length > 0 || epoch > captures.line || isKeeping || isLineFar(machine)
  // After a restart points may say less of epochs than the line that was announced.
  return isNew ? { units, epoch: Math.max(epoch, captures.line), points, ended } : null
}

/** A line that does not move is written again, with all that is written with it, so that the log can be trimmed. */
const isLineFar = ({ log, captures }: Machine): boolean =>
  log.position - captures.lineAfter > rootLag

/** Of one that was given up before its root page was ever stable there is nothing to wait for, and nothing to keep. */
const keepsRoot = ({ program, state, stable }: Manager): boolean =>
  program.keepsRoot && (state !== 'given_up' || stable !== null)

function* announce(machine: Machine): Script<void> {
  const { session } = machine
  for (;;) {
    const advance = nextLine(machine)
    if (advance === null) return
    yield* keepLine(machine, advance)
    if (machine.session !== session) return
    const kept = machine.kept.names
    const roots = machine.managers.all().filter((each) => lags(machine, each))
    const before = machine.log.position
    const written = yield* machine.log.write([
      ...roots.map((each) => rootRecord(machine, each)),
      lineRecord(machine, advance.epoch, advance.points, {
        rolledBack: false,
        back: [],
        ended: advance.ended,
      }),
    ])
    if (machine.session !== session) return
    if (written.status !== 'ok') {
      const { status } = written
      const detail = `the disk did not take the line: ${status}, ${written.detail}`
      // The next capture, or the next snapshot that becomes stable, moves it.
      if (status === 'io_error') machine.fail(status, detail)
      else machine.report({ kind: 'trouble', port: actorPorts.kernel, status, detail })
      return
    }
    for (const { stable } of roots) if (stable !== null) stable.after = before
    machine.captures.lineAfter = before
    if (machine.kept.settle(kept)) tellKept(machine)
    move(machine, advance)
    trim(machine)
  }
}

/** What a line record says besides where the line is. */
export interface HowItCame extends Pick<LineRecord, 'rolledBack' | 'back' | 'backTo'> {
  /** Units whose ends come on the line with it. */
  readonly ended?: LineRecord['over']
}

/**
 * The record of a line. It is all that has to be known of a unit that has ended: the record of the end is given up with the log before
 * the line, while this one is the last that there is.
 */
export function lineRecord(
  machine: Machine,
  epoch: number,
  points: LineRecord['points'],
  { rolledBack, back, backTo, ended = [] }: HowItCame,
): LineRecord {
  const { session } = machine
  const number = machine.captures.takeLineNumber()
  const managers = savedManagers(machine)
  const over = [...new Map([...machine.captures.over, ...ended])]
  const { drains } = machine.captures
  return {
    kind: 'line',
    session,
    number,
    epoch,
    points,
    over,
    rolledBack,
    back,
    managers,
    drains,
    kept: machine.kept.names,
    ...(backTo === undefined ? {} : { backTo }),
    ...(machine.decisions.length === 0 ? {} : { decisions: machine.decisions }),
    ...ofSeveral(machine),
  }
}

function ofSeveral({ across }: Machine): Pick<LineRecord, 'recovery' | 'ended'> {
  if (across === null) return {}
  const { recovery: decided, highest, ends } = across
  return { recovery: { decided, highest }, ended: ends.all }
}

/** Managers, hosts and waiting loci learn what can be restored after any crash. */
function move(machine: Machine, { units, epoch, points }: Advance): void {
  const { captures } = machine
  // First: units whose end is on the line leave it at once, and no recovery looks for them.
  captures.vector = new Map(points)
  tellLine(machine, units)
  for (const { unit, to } of units) {
    unit.history.advance(to)
    const container = machine.containers.at(unit.unit)
    if (isEndOf(unit.unit, to)) end(machine, unit, to)
    else if (container !== null) tellContainer(machine, container, to)
  }
  forgetRecords(machine)
  noteWanted(machine)
  bury(machine)
  releaseOutput(machine)
  if (epoch <= captures.line) return
  captures.line = epoch
  forgetEnds(machine)
  noteLine(machine)
  machine.counters.add('recoverable')
  machine.report({ kind: 'recoverable', capture: epoch })
}

/** Records that hold no point newer than the line are not looked at any more. */
export function forgetRecords(machine: Machine): void {
  const held = new Set(
    unitsOf(machine).flatMap(({ history }) => history.newer.map(({ capture }) => capture)),
  )
  machine.captures.newer = machine.captures.newer.filter((each) => held.has(each))
}

/** The unit's end is on the line: it is none any more, but what was received of it may still be in points to come. */
function end(machine: Machine, { unit, history }: Unit, to: UnitPoint): void {
  const { captures } = machine
  const { maxContainers } = machine.region.plan.shape
  history.over = true
  const container = machine.containers.at(unit)
  const output = container === null ? null : machine.output.find(container)
  if (output !== null) output.endedAfter = to.capture.after
  captures.over.set(unit, to.interval)
  captures.ends.push({ unit, epoch: to.epoch })
  if (unit >= maxContainers) machine.semaphores.forget(unit - maxContainers)
}

function tellContainer(machine: Machine, container: Container, to: UnitPoint): void {
  const { intervals, manager } = container
  for (const locus of machine.loci.all()) {
    if (locus.container !== container.slot || locus.end === null) continue
    if (locus.endedIn === 0 || locus.endedIn > to.interval) continue
    if (!locus.told) {
      locus.told = true
      reportEnd(machine, locus)
    }
    if (locus.name === '' && locus.slot === null) machine.loci.forget(locus)
  }
  if (to.image <= intervals.recoverable) return
  makeBaseline(intervals, to.image)
  if (manager === null) return
  const args = { cont: container.token, stateInterval: asInterval(to.image) }
  machine.messenger.call(manager, managerUpcalls.snapshotIsRecoverable, args, () => {})
}

/** No point cut after an epoch of which everything is on the line has received anything of a unit that ended before it. */
function forgetEnds({ captures, across, region }: Machine): void {
  // Containers of other machines may have received of a container that has ended, and say so much later.
  const stays = (unit: number): boolean => across !== null && unit < region.plan.shape.maxContainers
  for (const { unit, epoch } of captures.ends)
    if (epoch < captures.line && !stays(unit)) captures.over.delete(unit)
  captures.ends = captures.ends.filter((each) => each.epoch >= captures.line)
}

/** Whether its root page holds the log from far behind. */
export function lags(machine: Machine, manager: Manager): boolean {
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

/**
 * Gives up the log before the oldest record that holds a point on the line or newer, before each root page's record and that of the line itself: a
 * point written again at the log's end stands behind that.
 */
export function trim(machine: Machine): void {
  if (unitsOf(machine).every(({ history: { base } }) => base === null)) return
  machine.log.trim(neededAfter(machine))
}

/** Nothing that stands at or before this position is needed. */
export function neededAfter(machine: Machine): number {
  const needed = machine.managers
    .all()
    .filter(keepsRoot)
    .map((each) => each.stable?.after ?? 0)
  const points = unitsOf(machine).flatMap(({ history: { base, newer } }) => [base, ...newer])
  needed.push(...points.flatMap((each) => (each === null ? [] : heldFrom(each))))
  needed.push(...machine.output.all().flatMap(({ endedAfter }) => endedAfter ?? []))
  needed.push(...machine.kept.all.map(({ after }) => after))
  invariant(machine.captures.lineAfter >= 0, 'DK42: the line stands in the log', {
    lineAfter: machine.captures.lineAfter,
  })
  return Math.min(machine.captures.lineAfter, ...needed)
}
