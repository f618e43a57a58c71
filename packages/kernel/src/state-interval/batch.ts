/** One record in the making: the containers cut in one step, and with them every semaphore and every end that is due. */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Capture } from './capture-table.js'
import { carryOver } from './carry-over.js'
import type { UnitPoint } from './history.js'
import type {
  CaptureRecord,
  SavedContainer,
  SavedEnd,
  SavedPoint,
  SavedSemaphore,
} from './records.js'
import { allReceived } from './cut.js'
import { groupsOf } from './home.js'
import { saveContainer, saveLocus, saveSemaphore } from './saved.js'
import { semaphoreUnit, unitsOf } from './units.js'

export class Batch {
  readonly capture: Capture
  readonly containers = new Map<number, SavedContainer>()
  readonly semaphores: SavedSemaphore[] = []
  readonly ended: SavedEnd[] = []
  readonly #machine: Machine

  constructor(machine: Machine, capture: Capture) {
    this.#machine = machine
    this.capture = capture
  }

  get isEmpty(): boolean {
    return this.containers.size + this.semaphores.length + this.ended.length === 0
  }

  /** The container, as it is at this moment. */
  add(container: Container): void {
    const point = newestOf(container)
    this.containers.set(container.slot, saveContainer(this.#machine, container, point))
  }

  /** Its manager keeps nothing: a recovery makes it empty. */
  empty(container: Container): void {
    newestOf(container).image = 0
    const saved = this.containers.get(container.slot)
    if (saved !== undefined) this.containers.set(container.slot, { ...saved, label: 0 })
  }

  /** None of it was captured. */
  undo(): void {
    const { capture } = this
    for (const { history } of unitsOf(this.#machine)) history.dropOf(capture)
  }

  /** Its capture comes to nothing; what it had received counts for the next. */
  remove(container: Container): void {
    this.containers.delete(container.slot)
    container.intervals.history.drop(newestOf(container))
  }
}

function newestOf(container: Container): UnitPoint {
  const { newest } = container.intervals.history
  invariant(newest !== null, 'SI3: what is cut has a point', { slot: container.slot })
  return newest
}

/** A new record, with the semaphores and ends to which something happened since their last points. */
export function beginBatch(machine: Machine, epoch: number): Batch {
  const capture: Capture = {
    id: machine.captures.takeId(),
    epoch,
    record: emptyRecord(machine, epoch),
    carried: [],
    durable: false,
    after: machine.log.position,
  }
  const batch = new Batch(machine, capture)
  for (const { container, history, interval } of machine.graves) {
    if (history.newest?.interval === interval) continue
    // Others may have received what it passed on of what it had received itself.
    history.add(pointAt(interval, allReceived(machine, container), capture))
    const output = machine.output.saved(container)
    const end = { unit: container.slot, epoch, ...saved(history.newest!) }
    batch.ended.push(output === null ? end : { ...end, output })
  }
  for (const semaphore of machine.semaphores.known()) {
    const { history, interval, changed, dead, id } = semaphore
    if (!changed) {
      history.carryOver(epoch)
      continue
    }
    history.add(pointAt(interval, history.owed, capture))
    history.owed = new Map()
    semaphore.interval++
    semaphore.changed = false
    if (dead)
      batch.ended.push({ unit: semaphoreUnit(machine, id), epoch, ...saved(history.newest!) })
    else batch.semaphores.push(saveSemaphore(machine, semaphore, history.newest!))
  }
  return batch
}

const pointAt = (
  interval: number,
  dependencies: Map<number, number>,
  capture: Capture,
): UnitPoint => ({
  interval,
  image: 0,
  dependencies,
  capture,
  epoch: capture.epoch,
  fed: false,
  logged: null,
  equals: null,
})

const saved = ({ interval, dependencies }: UnitPoint): SavedPoint => ({
  interval,
  dependencies: [...dependencies],
})

/** The whole record; its loci that have ended are reported recoverable once it is on the line. */
export function closeBatch(machine: Machine, batch: Batch): Capture {
  const containers = [...batch.containers.values()]
  for (const { slot, interval } of containers)
    for (const locus of machine.loci.all())
      if (locus.container === slot && locus.end !== null && locus.heldBack === null)
        if (locus.endedIn === 0) locus.endedIn = interval
  const record: CaptureRecord = {
    ...emptyRecord(machine, batch.capture.epoch),
    capture: batch.capture.id,
    containers,
    semaphores: batch.semaphores,
    ended: batch.ended,
    same: sameUnits(machine, batch),
  }
  batch.capture.record = carryOver(machine, batch.capture, record)
  machine.captures.take(batch.capture)
  return batch.capture
}

/** Units whose points of earlier records hold in this epoch too. */
function sameUnits(machine: Machine, { capture }: Batch): [number, number][] {
  return unitsOf(machine).flatMap(({ unit, history: { newest } }): [number, number][] =>
    newest !== null && newest.capture !== capture && newest.epoch === capture.epoch
      ? [[unit, newest.interval]]
      : [],
  )
}

/** A record of nothing yet, but for what is of the whole machine. */
export function emptyRecord(machine: Machine, epoch: number): CaptureRecord {
  const isHomeless = (slot: number): boolean => machine.containers.at(slot) === null
  return {
    kind: 'capture',
    world: machine.config.worldId,
    session: machine.session,
    capture: 0,
    epoch,
    nextLocus: machine.loci.next,
    generations: [...machine.containers.generations],
    containers: [],
    nextGroup: machine.groups.next,
    semaphores: [],
    nextSemaphore: machine.semaphores.next,
    ended: [],
    same: [],
    groups: groupsOf(machine, null),
    loci: machine.loci
      .all()
      .filter((each) => each.end !== null && isHomeless(each.container))
      .map((each) => saveLocus(machine, each)),
  }
}
