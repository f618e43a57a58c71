/**
 * Before it is decided how far a part goes back: managers that run are asked to make stable what those who may go back were captured with
 * last, so that a unit falls to its newest image and not to the one before. For two seconds at the most; what is not there by then is not counted on.
 */
import { asInterval, locusPort, managerUpcalls, type ContainerSlot } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { closeGates } from '../state-interval/gate.js'
import { isEndOf, type History, type UnitPoint } from '../state-interval/history.js'
import { historyOf } from '../state-interval/units.js'
import { canBeHad, goingWith, slotsOf } from './going.js'

/** How long a recovery waits for it. */
const stabiliseMs = 2_000

interface Awaited {
  readonly unit: number
  readonly history: History
  readonly point: UnitPoint
}

/** Has what is captured of those that may go back made stable; answers the slots that it shut meanwhile. */
export function* stabiliseFirst(
  machine: Machine,
  lost: ReadonlySet<number>,
  reason: string,
): Script<readonly ContainerSlot[]> {
  const going = goingWith(machine, lost)
  const awaited = [...going].flatMap(([unit, { to }]) => awaitedOf(machine, unit, to))
  if (awaited.length === 0) return []
  machine.going = going
  const slots = slotsOf(machine, going)
  // Nobody hears more of what is lost while it is waited for.
  closeGates(machine, slots)
  stopRooted(machine, lost, reason)
  askFor(machine, awaited)
  const isOver = (): boolean =>
    machine.recoveryWanted !== null ||
    awaited.every(({ unit, history, point }) => {
      const mayCome = history.newer.includes(point) && isManaged(machine, unit)
      return !mayCome || canBeHad(machine, unit, point)
    })
  yield* machine.waits.until(isOver, stabiliseMs)
  return slots
}

/** What lives in what is lost ends in any case, and does nothing more meanwhile. */
function stopRooted(machine: Machine, lost: ReadonlySet<number>, reason: string): void {
  for (const { slot, generation, container } of machine.loci.threads())
    if (slot !== null && lost.has(container))
      machine.order({ order: 'stop_locus', port: locusPort(slot), generation, reason })
}

/** Points newer than what it would go back to that are not on the disk, and may come to be. */
function awaitedOf(machine: Machine, unit: number, to: number): Awaited[] {
  const history = historyOf(machine, unit)
  invariant(history?.over !== true, 'SI193: what has ended does not go back', { unit })
  if (history === null || !isManaged(machine, unit)) return []
  return history.newer
    .filter((point) => {
      const isLate = point.interval > to && point.logged === null && !isEndOf(unit, point)
      return isLate && !canBeHad(machine, unit, point)
    })
    .map((point) => ({ unit, history, point }))
}

/** Whether what it was captured with can still become stable: its manager is there. A semaphore has none, and its record comes by itself. */
function isManaged(machine: Machine, unit: number): boolean {
  const container = machine.containers.at(unit)
  if (container === null || container.manager === null) return true
  return machine.managers.at(container.manager)?.state === 'running'
}

/** Each manager is asked for the newest of each container: it makes those before it stable too. */
function askFor(machine: Machine, awaited: readonly Awaited[]): void {
  const newest = new Map(awaited.map(({ unit, point }) => [unit, point.image]))
  for (const [unit, label] of newest) {
    const container = machine.containers.at(unit)
    const image = container?.intervals.points.get(asInterval(label))
    if (container === null || image === undefined || image.stable || image.discarded) continue
    invariant(container.manager !== null, 'MG46: what was snapshotted has a manager', { unit })
    const args = { cont: container.token, stateInterval: asInterval(label) }
    machine.messenger.call(
      container.manager,
      managerUpcalls.containerStabiliseRequest,
      args,
      () => {},
    )
  }
}
