/**
 * Containers that are gone: their maps and the snapshots retained of them are taken apart, step by step. What is left of
 * one stands in the root page, so that a restart goes on with it.
 */
import { invariant } from '@katydid/actor'
import type { Dismantling } from './dismantling.js'
import type { History } from './history.js'
import type { OwnAllocator } from './own-allocator.js'
import type { MapRoot } from './place.js'

export interface Grave {
  readonly map: MapRoot
  history: History | null
}

/** One step on a grave; answers whether something was left of it. */
export function decay(grave: Grave, dismantling: Dismantling, pages: OwnAllocator): boolean {
  if (dismantling.step(grave.map)) return true
  const { history } = grave
  if (history === null) return false
  const entry = history.entries[0]
  if (entry !== undefined) {
    entry.leaving = true
    dismantling.step(entry.map, () => history.forget(entry))
    return true
  }
  grave.history = null
  invariant(history.page > 0, 'MG12: the root page is no history', { page: history.page })
  pages.give(history.page)
  return true
}
