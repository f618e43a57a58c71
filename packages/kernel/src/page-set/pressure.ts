/**
 * Pressure: when free frames run low or somebody waits for one, managers are asked to give some back, in proportion to
 * what their sets hold above their least. Who does not answer in time is asked again; nobody is waited for without a deadline.
 */
import { managerUpcalls, type PageSetId } from '@katydid/abi'
import { invariant, run } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { PageSetView } from './page-set-table.js'

/** After this long what was asked counts as not asked, and is asked again. */
const askAgainMs = 2_000
/** A pageset_add waits at most this long. */
const frameWaitMs = 5_000

/** Frames that may go to the set now. */
export function grantable(machine: Machine, set: PageSetView): number {
  const { count, lowWater } = machine.frames
  return Math.max(0, count - lowWater, Math.min(count, set.least - set.frames))
}

/** Whether waiting can help: another set holds more than its least. */
export function canEverGrant(machine: Machine, set: PageSetView): boolean {
  return machine.pageSets.all().some((other) => other.id !== set.id && other.frames > other.least)
}

/** Shares `need` out over the sets by what each holds above its least: never more than that, and what is left over to the largest first. */
export function shares(
  sets: readonly { readonly id: PageSetId; readonly spare: number }[],
  need: number,
): Map<PageSetId, number> {
  const total = sets.reduce((sum, set) => sum + set.spare, 0)
  const wanted = Math.min(need, total)
  const result = new Map<PageSetId, number>()
  if (wanted <= 0) return result
  for (const set of sets) result.set(set.id, Math.floor((wanted * set.spare) / total))
  let left = wanted - [...result.values()].reduce((sum, share) => sum + share, 0)
  for (const set of [...sets].sort((a, b) => b.spare - a.spare)) {
    if (left === 0) break
    const more = Math.min(left, set.spare - result.get(set.id)!)
    result.set(set.id, result.get(set.id)! + more)
    left -= more
  }
  invariant(left === 0, 'PS5: what is needed is shared out in full', { need, left })
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
  const spare = sets
    .filter((set) => set.id !== waiting && (machine.refusedUntilMs.get(set.id) ?? 0) <= now)
    .map((set) => ({ id: set.id, spare: Math.max(0, set.frames - set.least - set.asked) }))
  for (const [id, share] of shares(spare, need)) if (share > 0) discard(machine, id, share)
}

function discard(machine: Machine, id: PageSetId, pageCount: number): void {
  const set = machine.pageSets.all().find((each) => each.id === id)
  invariant(
    set !== undefined && pageCount <= set.frames - set.least,
    'PS4: a set’s least is never asked back',
    { id, pageCount },
  )
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
      machine.refusedUntilMs.set(id, machine.clock.nowMs() + askAgainMs)
      done()
    },
  )
  const left = (): boolean =>
    (machine.pageSets.all().find((each) => each.id === id)?.asked ?? 0) === 0
  run(machine.messenger, machine.waits.until(left, askAgainMs), (returned) => {
    if (returned) return
    done()
    relieve(machine)
  })
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
