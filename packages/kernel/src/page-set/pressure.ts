/**
 * Pressure: when free frames run low or somebody waits for one, managers are asked to give some back, in proportion to the
 * frames of their sets that nobody has referenced since the last round, never below a set's least.
 *
 * Who does not give in time is asked again, and for twice as many each time, and what it owes is asked of the others too; nobody
 * is waited for without a deadline.
 */
import { managerUpcalls, type PageSetId } from '@katydid/abi'
import { invariant, run } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { force } from './force.js'
import type { PageSetView } from './page-set-table.js'

/** After this long what was asked counts as not asked, and is asked again. */
const askAgainMs = 1_000
/** A manager that refused is left alone for so long. */
const refusedMs = 2_000
/** How often what is asked is doubled at the most. */
const mostDoublings = 4
/** Askings in vain before frames are taken by force. */
const askingsBeforeForce = 2
/** A pageset_add waits at most this long. */
const frameWaitMs = 5_000

/** Frames that may go to the set now. */
export function grantable(machine: Machine, set: PageSetView): number {
  const { count, lowWater } = machine.frames
  const free = Math.max(0, count - rootPagesToCome(machine))
  return Math.max(0, free - lowWater, Math.min(free, set.least - set.frames))
}

/** Root pages that have no frame yet: without one their managers cannot start, and map_root_page waits for nobody. */
function rootPagesToCome(machine: Machine): number {
  return machine.managers
    .all()
    .filter(
      ({ program, root, state }) => program.keepsRoot && root === null && state !== 'given_up',
    ).length
}

/** Whether waiting can help: another set holds more than its least. */
export function canEverGrant(machine: Machine, set: PageSetView): boolean {
  return machine.pageSets.all().some((other) => other.id !== set.id && other.frames > other.least)
}

/** What a set can be asked for: frames above its least, and how many of its frames are idle. */
export interface Giver {
  readonly id: PageSetId
  readonly spare: number
  readonly idle: number
}

/**
 * Shares `need` out over the sets: in proportion to what is idle of each, and what that does not give in proportion to the rest it holds
 * above its least; never more than that.
 */
export function shares(sets: readonly Giver[], need: number): Map<PageSetId, number> {
  const idle = sets.map((set) => ({ id: set.id, most: Math.min(set.idle, set.spare) }))
  const first = inProportion(idle, need)
  const given = [...first.values()].reduce((sum, share) => sum + share, 0)
  const rest = sets.map((set) => ({ id: set.id, most: set.spare - (first.get(set.id) ?? 0) }))
  const second = inProportion(rest, need - given)
  return new Map(sets.map(({ id }) => [id, (first.get(id) ?? 0) + (second.get(id) ?? 0)]))
}

/** In full as far as there is that much, and what is left over by rounding to the largest first. */
function inProportion(
  sets: readonly { readonly id: PageSetId; readonly most: number }[],
  need: number,
): Map<PageSetId, number> {
  const total = sets.reduce((sum, set) => sum + set.most, 0)
  const wanted = Math.min(need, total)
  const result = new Map<PageSetId, number>()
  if (wanted <= 0) return result
  for (const set of sets) result.set(set.id, Math.floor((wanted * set.most) / total))
  let left = wanted - [...result.values()].reduce((sum, share) => sum + share, 0)
  for (const set of [...sets].sort((a, b) => b.most - a.most)) {
    if (left === 0) break
    const more = Math.min(left, set.most - result.get(set.id)!)
    result.set(set.id, result.get(set.id)! + more)
    left -= more
  }
  invariant(left === 0, 'PS4: what is needed is shared out in full', { need, left })
  return result
}

/** Asks for what is missing, less what is asked already. */
export function relieve(machine: Machine, waiting: PageSetId | null = null): void {
  const { count, lowWater } = machine.frames
  const sets = machine.pageSets.all()
  const asked = sets.reduce((sum, set) => sum + set.asked, 0)
  const need = Math.max(0, lowWater - count) + (waiting === null ? 0 : lowWater) - asked
  if (need <= 0) return
  const now = machine.clock.nowMs()
  const able = sets.filter(
    (set) => set.id !== waiting && (machine.refusedUntilMs.get(set.id) ?? 0) <= now,
  )
  // Who is the only one is asked for all of it, so there is nothing to measure.
  const idle = able.length > 1 ? machine.idleness.look() : null
  const givers = able.map((set) => ({
    id: set.id,
    spare: Math.max(0, set.frames - set.least - set.asked),
    idle: idle?.get(set.id) ?? 0,
  }))
  for (const [id, share] of shares(givers, need)) if (share > 0) discard(machine, id, share)
}

/** Asks the set for so many, or more when it has let earlier askings pass, up to all above its least. */
function harder(machine: Machine, set: PageSetView, pageCount: number): number {
  const doublings = Math.min(machine.passedOver.get(set.id) ?? 0, mostDoublings)
  return Math.min(pageCount * 2 ** doublings, set.frames - set.least - set.asked)
}

function discard(machine: Machine, id: PageSetId, share: number): void {
  const set = machine.pageSets.all().find((each) => each.id === id)
  invariant(
    set !== undefined && share <= set.frames - set.least - set.asked,
    'PS4: a set’s least is never asked back',
    { id, share },
  )
  const pageCount = harder(machine, set, share)
  machine.pageSets.asked(id, pageCount)
  machine.counters.add('pageDiscards')
  const done = (): void => machine.pageSets.asked(id, -pageCount)
  machine.messenger.call(
    set.manager,
    managerUpcalls.pageDiscard,
    { pageset: id, pageCount },
    (reply) => {
      if (reply.status === 'ok') return
      // Left alone for a while: asking in a circle would be all the kernel did.
      machine.refusedUntilMs.set(id, machine.clock.nowMs() + refusedMs)
      done()
    },
  )
  const left = (): boolean =>
    (machine.pageSets.all().find((each) => each.id === id)?.asked ?? 0) === 0
  run(machine.messenger, machine.waits.until(left, askAgainMs), (returned) => {
    if (returned) {
      machine.passedOver.delete(id)
      return
    }
    const times = (machine.passedOver.get(id) ?? 0) + 1
    machine.passedOver.set(id, times)
    done()
    if (times >= askingsBeforeForce) takeByForce(machine, id, share)
    relieve(machine)
  })
}

function takeByForce(machine: Machine, id: PageSetId, share: number): void {
  const set = machine.pageSets.all().find((each) => each.id === id)
  const spare = set === undefined ? 0 : set.frames - set.least
  invariant(spare >= 0 || set !== undefined, 'PS4: a set’s least is never taken', { id, spare })
  machine.idleness.look()
  if (spare > 0) force(machine, id, Math.min(share, spare), () => relieve(machine))
}

/** Waits for a frame; `attempt` answers null while there is none. */
export function waitForFrames(
  machine: Machine,
  set: PageSetId,
  attempt: () => true | null,
  giveUp: () => void,
): void {
  relieve(machine, set)
  let served = false
  const ready = (): boolean => {
    if (!served && machine.frames.count > 0) served = attempt() === true
    if (!served) relieve(machine, set)
    return served
  }
  run(machine.messenger, machine.waits.until(ready, frameWaitMs), (granted) => {
    if (!granted) giveUp()
  })
}
