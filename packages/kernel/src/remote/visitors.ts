/** The threads that run invocations of other machines. Each serves one after the other, and ends when nothing comes. */
import { masterRights, type ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Locus } from '../locus/locus.js'
import { newLocus } from '../locus/locus.js'
import { startLocus } from '../locus/start.js'
import type { Machine } from '../machine.js'
import type { Visitor } from './visit-table.js'

export type VisitingLocus = Locus & { readonly visitor: Visitor }

/** A thread for which nothing comes ends after so long. */
const idleMs = 500
const nowhere = -1 as ContainerSlot
const nothing = new Uint8Array(0)

/** One that has nothing to do. */
export const freeVisitor = ({ visits }: Machine): VisitingLocus | null =>
  [...visits.visitors].find(({ visitor }) => visitor.next !== null) ?? null

/** Another is started, if there is room, unless as many start already as `waiting` want one. */
export function startVisitor(machine: Machine, waiting: number): void {
  invariant(freeVisitor(machine) === null, 'LO150: a thread is started when none is free', {})
  const starting = [...machine.visits.visitors].filter(
    ({ visitor: { visit, borrowed, next } }) => !visit && !borrowed && !next,
  )
  if (starting.length >= waiting) return
  const idleSinceMs = machine.clock.nowMs()
  const visitor: Visitor = { visit: null, borrowed: null, next: null, idleSinceMs }
  const locus = newLocus({
    id: machine.loci.takeId(),
    name: '',
    container: nowhere,
    program: { module: '', entry: '', hash: '' },
    block: nothing,
    rights: masterRights,
    visitor,
  })
  if (startLocus(machine, locus, null)) machine.visits.visitors.add(locus as VisitingLocus)
}

/** Threads for which nothing came end; milliseconds until one might. */
export function leaveIdle(machine: Machine): number {
  const nowMs = machine.clock.nowMs()
  let soonest = Infinity
  for (const { visitor } of machine.visits.visitors) {
    if (visitor.next === null) continue
    const leftMs = visitor.idleSinceMs + idleMs - nowMs
    if (leftMs > 0) soonest = Math.min(soonest, leftMs)
    else letGoOf(visitor)
  }
  return soonest
}

function letGoOf(visitor: Visitor): void {
  visitor.next?.({ status: 'ok', visit: null })
  visitor.next = null
}
