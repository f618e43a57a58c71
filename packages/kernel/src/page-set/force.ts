/**
 * The last step of pressure: the kernel takes clean frames by force.
 *
 * It picks frames that nobody touched since the last round and that are shown without write access, takes all access to them, and
 * waits until every locus has acknowledged that. Then the manager is told (`frames_taken`) and answers which of them hold nothing but
 * what the disk has; those are the kernel's. The others are shown again at their next fault. A manager that does not even
 * answer is ended. The entry keeps the frame's address throughout, so that whatever the manager does meanwhile stays right.
 */
import { entryBits, frameNotices, type Frame, type PageSetId } from '@katydid/abi'
import { invariant, run, type Region } from '@katydid/actor'
import { acknowledged, belongsTo, frames, isIdle, raiseGeneration } from '@katydid/memory'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'

const acknowledgeMs = 2_000
const answerMs = 5_000
const relevant = entryBits.present | entryBits.read | entryBits.write

/** Takes up to `pageCount` frames of the set; `then` hears how many came, once it is over. */
export function force(
  machine: Machine,
  pageset: PageSetId,
  pageCount: number,
  then: (taken: number) => void,
): void {
  const victims: Frame[] = []
  for (const frame of frames(machine.region)) {
    if (victims.length === pageCount) break
    if (belongsTo(machine.region, frame, pageset) && closeOff(machine.region, frame))
      victims.push(frame)
  }
  const set = machine.pageSets.all().find((each) => each.id === pageset)
  if (victims.length === 0 || set === undefined) return then(0)
  const shown = [...machine.containers.all(), ...machine.overlays.all().map(({ shadow }) => shadow)]
  const raised = shown.map((each) => ({
    each,
    generation: raiseGeneration(machine.region, each.slot),
  }))
  const quiet = (): boolean =>
    raised.every(({ each, generation }) => isOver(machine, each, generation))
  run(machine.messenger, machine.waits.until(quiet, acknowledgeMs), (over) => {
    if (!over) return then(0)
    const args = { pageset, frames: victims }
    machine.messenger.call(
      set.manager,
      frameNotices.framesTaken,
      args,
      (reply) => {
        if (reply.status === 'timed_out') machine.silentManagers.set(set.manager, machine.tick())
        then(reply.status === 'ok' ? take(machine, pageset, victims, reply.frames) : 0)
      },
      answerMs,
    )
  })
}

/** Takes all access to a clean frame nobody touched of late; false when it is another kind of frame. */
function closeOff(region: Region, frame: Frame): boolean {
  const { words } = region
  const address = words.load(region.frameWord(frame, 'entry'))
  if (address === 0 || words.load(region.frameWord(frame, 'transfer')) !== 0) return false
  if (words.load(region.frameWord(frame, 'shown')) !== 0) return false
  const index = address >> 2
  invariant(index < region.plan.firstFrame >> 2, 'PS13: an entry lies in a table', { frame, index })
  const entry = words.load(index)
  if ((entry & relevant) !== entryBits.read) return false
  if ((entry & entryBits.frameMask) !== frame * region.plan.shape.pageBytes) return false
  return words.compareExchange(index, entry, entry & entryBits.frameMask) === entry
}

/** Whether nobody of the container uses what was closed off; one that is gone is used by nobody. */
function isOver(machine: Machine, container: Container, generation: number): boolean {
  const isOverlay = machine.overlays.all().some(({ shadow }) => shadow === container)
  return (
    (machine.containers.at(container.slot) !== container && !isOverlay) ||
    acknowledged(machine.region, container.slot, generation)
  )
}

/** What the manager gave up and really lets go of is the kernel's. */
function take(
  machine: Machine,
  pageset: PageSetId,
  victims: readonly Frame[],
  given: readonly Frame[],
): number {
  invariant(victims.length > 0, 'PS13: what is given was asked for', { pageset })
  const idle = [...new Set(given)].filter(
    (frame) =>
      victims.includes(frame) &&
      belongsTo(machine.region, frame, pageset) &&
      isIdle(machine.region, frame),
  )
  machine.frames.give(idle)
  machine.pageSets.moved(pageset, -idle.length)
  machine.counters.add('discardsClean', idle.length)
  return idle.length
}
