/** Making the world what a capture says: containers first, then their managers' part, then capability tables, then loci. */
import {
  asContainer,
  asInterval,
  asPort,
  asToken,
  capabilityTables,
  managerUpcalls,
  masterRights,
  type ServiceLevel,
} from '@katydid/abi'
import { all, ask, invariant, type Script } from '@katydid/actor'
import { endPeriod } from '@katydid/memory'
import { restoreTable } from '../capability/saved-table.js'
import { grantContainer } from '../container/container-calls.js'
import { noIntervals, type Container, type IntervalRecord } from '../container/container.js'
import { forgetStamps } from '../container/slices.js'
import { reportEnd } from '../locus/locus-end.js'
import { newLocus, type Locus } from '../locus/locus.js'
import type { RestoredSemaphore, Semaphore } from '../semaphore/semaphore-table.js'
import type { KeptSnapshot } from '../kept/kept-lines.js'
import { tellKept } from '../kept/tell-kept.js'
import { startLater, startSaved } from '../locus/start-later.js'
import { chainOf, rootOf } from '../logged/chain.js'
import { isDemoted } from '../logged/level.js'
import type { Machine } from '../machine.js'
import { Letters } from '../machines/letters.js'
import { raiseCaptureNumber } from '../state-interval/cut.js'
import { closeGates } from '../state-interval/gate.js'
import type { SavedContainer, SavedLocus } from '../state-interval/records.js'
import { History, type UnitPoint } from '../state-interval/history.js'
import { answerMs } from './choose.js'
import { knownPoints, type KnownPoint } from './known-points.js'
import { problemOf, type Problem } from './problem.js'

/**
 * Puts these containers back and rolls their managers back; what went wrong, or nil. `known` is what stays known of points and images of
 * those that go back to a point newer than the line; of others their point is the line from now on, and `kept` says which snapshots
 * their managers have to keep all the same.
 */
export function* restoreContainers(
  machine: Machine,
  points: readonly KnownPoint[],
  known: ReadonlyMap<number, IntervalRecord> = new Map(),
  kept: ReadonlyMap<number, number> = new Map(),
): Script<Problem | null> {
  // Before anything goes back: what belongs to kept lines must not be given up over it.
  tellKept(machine, imagesOf(machine, points))
  const slots = new Set(points.map(({ unit }) => unit))
  const asks: Script<Problem | null>[] = []
  for (const point of points) {
    if (point.container === null) continue
    const intervals = intervalsAt(machine, point, point.container, known.get(point.unit))
    const container = place(machine, point.container, {
      slots,
      intervals,
      // Who comes waits until all of it is there, and its visits have been run again.
      gate: known.has(point.unit) || point.logged !== null ? 'cutting' : 'open',
    })
    if (container.manager !== null && !machine.containers.hasFailed(container))
      asks.push(
        rollBack(
          machine,
          point.container,
          container,
          kept.get(point.unit) ?? intervals.recoverable,
        ),
      )
  }
  const problems = yield* all(machine.messenger, asks)
  return problems.find((each) => each !== null) ?? null
}

/**
 * What is gone back to, and what is on the line: a manager may have been told in an earlier life that it need not keep the one or the other as its
 * newest. Where all of that process is still known, so is what it was told.
 */
function imagesOf(machine: Machine, points: readonly KnownPoint[]): KeptSnapshot[] {
  if (machine.phase !== 'booting' && machine.wantedTold === '') return []
  const { vector } = machine.captures
  const those = [
    ...points,
    ...knownPoints(machine).filter(({ unit, interval }) => vector.get(unit) === interval),
  ]
  return those.flatMap(({ container }) => {
    if (container === null || container.manager === null || container.label === 0) return []
    const { manager, token, label } = container
    return [{ manager, token, label }]
  })
}

/** The point on the line of a unit that was restored. */
export function baseOf(point: KnownPoint, image: number): UnitPoint {
  const first = rootOf(point)
  const unitPoint = (of: KnownPoint, logged: UnitPoint['logged']): UnitPoint => ({
    interval: of.interval,
    image,
    dependencies: new Map(),
    capture: of.capture,
    epoch: of.epoch,
    fed: true,
    logged,
    equals: null,
  })
  const root = unitPoint(first, null)
  return chainOf(point).reduce((before, each) => {
    invariant(each.logged !== null, 'SI102: a chain is of visits', { interval: each.interval })
    return unitPoint(each, { input: each.logged.input, before, root, durable: true })
  }, root)
}

/** The number of the wait that each restored locus stands in. */
const waitsOf = (held: readonly HeldLocus[]): Map<number, number> =>
  new Map(held.map(({ saved: { id, end, wait } }) => [id, end === null ? wait : 0]))

/** Puts semaphores back. What was on its way to a locus that stands in its wait again is the semaphore's. */
export function restoreSemaphores(machine: Machine, points: readonly KnownPoint[]): void {
  invariant(machine.loci.threads().length === 0, 'LO77: counts are put back when nobody takes', {})
  const waits = waitsOf(heldBy(points))
  const saved = points.flatMap((point) => semaphoreOf(point, waits) ?? [])
  const at = { epoch: machine.captures.epoch, interval: machine.firstInterval }
  machine.semaphores.restore(saved, machine.semaphores.next, at)
}

/** Puts one back, while others go on; nil: there was none at the line. */
export function restoreSemaphore(
  machine: Machine,
  semaphore: Semaphore,
  point: KnownPoint | null,
  waits: ReadonlyMap<number, number>,
): void {
  const to = point === null ? null : semaphoreOf(point, waits)
  machine.semaphores.restoreOne(semaphore, to, machine.firstInterval)
}

function semaphoreOf(
  point: KnownPoint,
  waits: ReadonlyMap<number, number>,
): RestoredSemaphore | null {
  const { semaphore } = point
  if (semaphore === null) return null
  const onTheWay = semaphore.taken.filter(
    ([locus, wait]) => wait !== 0 && waits.get(locus) === wait,
  )
  const count = semaphore.count + onTheWay.length
  return { id: semaphore.id, count, base: baseOf(point, 0) }
}

/** What is known of its points and images once it is back at this one. */
function intervalsAt(
  machine: Machine,
  point: KnownPoint,
  { label, slot }: SavedContainer,
  known: IntervalRecord | undefined,
): IntervalRecord {
  const none = { ...noIntervals(), label: asInterval(label) }
  if (known === undefined) {
    const history = new History(machine.captures.epoch, baseOf(point, label))
    return { ...none, recoverable: asInterval(label), history }
  }
  invariant(known.recoverable <= label, 'SI6: nobody goes back behind the line', { slot, label })
  const points = [...known.points].filter(([image]) => image <= label)
  return {
    ...none,
    recoverable: known.recoverable,
    superseded: asInterval(Math.min(known.superseded, label)),
    points: new Map(points),
    history: known.history,
  }
}

interface Placing {
  /** Slots that are about to have their containers again. */
  readonly slots: ReadonlySet<number>
  readonly intervals: IntervalRecord
  readonly gate: 'open' | 'cutting'
}

function place(
  machine: Machine,
  saved: SavedContainer,
  { intervals, gate, slots }: Placing,
): Container {
  const container: Container = {
    home: null,
    slot: asContainer(saved.slot),
    generation: saved.generation,
    name: saved.name,
    size: saved.size,
    program: saved.program,
    manager: saved.manager === null ? null : asPort(saved.manager),
    token: asToken(saved.token),
    serviceLevel: saved.serviceLevel as ServiceLevel,
    selfManaged: false,
    snapshotOf: saved.snapshotOf,
    intervals,
    mappings: saved.mappings,
    ...(saved.letters === undefined ? {} : { letters: Letters.from(saved.letters) }),
  }
  invariant(
    saved.interval < machine.firstInterval,
    'SI14: an interval that was lost is never used again',
    {
      interval: saved.interval,
      open: machine.firstInterval,
    },
  )
  machine.containers.place(container, {
    interval: machine.firstInterval,
    epoch: machine.captures.epoch,
    incarnation: saved.incarnation + 1,
    gate,
  })
  if (isDemoted(machine, container)) machine.containers.publishLevel(container.slot, 'snapshotting')
  if (machine.managers.isGivenUp(container.manager)) machine.containers.fail(container)
  // Of a part that goes back others may be at the gate: it opens when all of it is there.
  if (machine.going.has(container.slot)) closeGates(machine, [container.slot])
  // What it holds now was written until its point on the line.
  forgetStamps(machine, container)
  endPeriod(machine.region, container.slot, saved.interval)
  raiseCaptureNumber(machine, container.slot)
  const table = capabilityTables.ofContainer(machine.region.plan.shape, container.slot)
  restoreTable(machine, table, saved.capabilities, slots)
  return container
}

function* rollBack(
  machine: Machine,
  saved: SavedContainer,
  container: Container,
  recoverable: number,
): Script<Problem | null> {
  const port = container.manager!
  const capability = grantContainer(machine, port, container, masterRights)
  invariant(capability !== null, 'CP1: a manager’s table has room for what it manages', { port })
  const { token: cont, slot, size } = container
  const args = {
    cont,
    stateInterval: asInterval(saved.label),
    open: asInterval(machine.firstInterval),
    recoverable: asInterval(recoverable),
    capability,
    slot,
    size,
  }
  const reply = yield* ask(machine.messenger, port, managerUpcalls.contRollback, args, answerMs)
  return reply.status === 'ok'
    ? null
    : problemOf(
        port,
        `the manager of “${saved.name}” did not go back to ${saved.label}: ${reply.status}, ${reply.detail}`,
      )
}

/** A locus to be restored, and the interval whose point holds it. */
export interface HeldLocus {
  readonly saved: SavedLocus
  readonly interval: number
  /** That point is on the line. */
  readonly told: boolean
}

/** Loci that these points hold. */
export const heldBy = (
  points: readonly KnownPoint[],
  isOnLine: (point: KnownPoint) => boolean = () => true,
): HeldLocus[] =>
  points.flatMap((point) => {
    const { container, interval } = point
    return (container?.loci ?? []).map((saved) => ({ saved, interval, told: isOnLine(point) }))
  })

/** Puts loci back; `before` is what was known of them, so that what must not run again does not. */
export function restoreLoci(
  machine: Machine,
  held: readonly HeldLocus[],
  before: ReadonlyMap<number, Locus>,
): Locus[] {
  invariant(
    held.every(({ saved }) => machine.loci.withId(saved.id) === null),
    'SI12: a locus is restored when it is forgotten',
    {},
  )
  const wanted = held.filter(({ saved: { id } }) => !machine.destroyedLoci.has(id))
  return wanted.map(({ saved, interval, told }) => {
    const earlier = before.get(saved.id)
    const locus = newLocus({
      id: saved.id,
      name: saved.name,
      container: asContainer(saved.container),
      program: saved.program,
      block: saved.block,
      rights: saved.rights,
      end: saved.end,
      endedIn: saved.end === null ? 0 : interval,
      told: saved.end !== null && (told || earlier?.told === true),
      resumed: true,
      suspended: saved.suspended,
      fate: saved.end === null ? (earlier?.fate ?? fateOf(machine, saved)) : null,
      losses: [...(earlier?.losses ?? [])],
      answer: saved.answer,
    })
    machine.loci.add(locus)
    return locus
  })
}

/** A locus whose container has stopped with its manager does not run in this session; the next goes on with it. */
function fateOf(machine: Machine, saved: SavedLocus): Locus['fate'] {
  const container = machine.containers.at(saved.container)
  if (container === null || !machine.containers.hasFailed(container)) return null
  return { status: 'manager_failed', detail: machine.managers.at(container.manager!)?.why ?? '' }
}

/** Starts again what had not ended, from its saved registers; what lost its right to run ends with its reason. */
export function resumeLoci(machine: Machine, saved: readonly SavedLocus[]): void {
  for (const each of saved) {
    const locus = machine.loci.withId(each.id)
    if (locus === null || locus.end !== null) continue
    if (locus.fate !== null) {
      locus.end = { ...locus.fate, block: new Uint8Array(0) }
      locus.heldBack = each
      reportEnd(machine, locus)
      continue
    }
    if (!startSaved(machine, locus, each)) startLater(machine, locus, each)
  }
}
