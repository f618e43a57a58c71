/**
 * state_hash: what a container holds at one of its snapshots, from the checksums in its map and its versions; no page is read.
 *
 * The hash is a sum over pages, so that it does not matter in which order they come, nor what of them is folded. A page whose checksum is that
 * of zeros is left out, like one that was never written.
 */
import { refuse, type Answer, type retainedUpcalls, type StateInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { checksum } from '@katydid/memory'
import type { ManagedContainer } from './managed-container.js'
import type { MapRoot } from './place.js'
import type { Deed } from './retention.js'
import type { UpcallParts } from './upcalls.js'

type Reply = Answer<(typeof retainedUpcalls)['stateHash']>

/** Leaves looked through in one turn. */
const leavesAtOnce = 8

/** A hash that is being summed up. */
class StateHash {
  readonly #zeros: number
  #low = 0
  #high = 0

  constructor(pageBytes: number) {
    this.#zeros = checksum(new Uint8Array(pageBytes))
  }

  /** Page `page` has content of that checksum. */
  add(page: number, sum: number): void {
    invariant(page >= 0 && sum >= 0, 'MG111: a page has a number and a checksum', { page, sum })
    if (sum === this.#zeros) return
    const key = mixed((page >>> 0) ^ mixed(Math.floor(page / 2 ** 32)))
    this.#low = (this.#low + mixed(key ^ sum)) | 0
    this.#high = (this.#high + mixed(Math.imul(key, 0x9e3779b1) + mixed(sum + 0x7f4a7c15))) | 0
  }

  /** Eight bytes. */
  get bytes(): Uint8Array {
    const view = new DataView(new ArrayBuffer(8))
    view.setInt32(0, this.#low, true)
    view.setInt32(4, this.#high, true)
    return new Uint8Array(view.buffer)
  }
}

/** Every bit of the answer depends on every bit of `word`. */
function mixed(word: number): number {
  const once = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

/** Sums up, a few leaves in a turn, and answers. */
export function hashing(
  parts: UpcallParts,
  container: ManagedContainer,
  interval: StateInterval,
  reply: (answer: Reply) => void,
): Pick<Deed, 'attempt'> {
  const { containers, store, pageBytes } = parts.context
  const hash = new StateHash(pageBytes)
  let newer: ReadonlyMap<number, number> | null = null
  let cursor = 0
  const step = (): Reply | null => {
    const isHere = containers.get(container.token) === container
    const map = isHere ? mapUnder(parts, container, interval) : null
    if (map === null)
      return refuse('no_such_interval', `container ${container.token} has no snapshot ${interval}`)
    const unwritten = container.versions.filter(
      (each) => each.interval !== null && each.interval <= interval && !each.isWritten,
    )
    const failure = unwritten.find((each) => each.failure !== null)?.failure ?? null
    if (failure !== null) return refuse('io_error', failure)
    if (newer === null) {
      if (unwritten.length > 0) return null
      newer = sumsOf(container, interval)
      for (const [page, sum] of newer) hash.add(page, sum)
    }
    for (let i = 0; i < leavesAtOnce; i++) {
      const leaf = store.maps.leafFrom(map, cursor)
      if (leaf === null) return { status: 'ok', hash: hash.bytes }
      invariant(leaf.first >= cursor, 'MG111: each leaf counts once', { cursor, at: leaf.first })
      for (const [index, { first, second }] of leaf.entries.entries())
        if (first !== 0 && !newer.has(leaf.first + index)) hash.add(leaf.first + index, second)
      cursor = leaf.first + leaf.entries.length
    }
    return null
  }
  return {
    attempt: () => {
      const answer = step()
      if (answer !== null) reply(answer)
      return answer !== null
    },
  }
}

/** The map over which the versions up to that snapshot lie; null when it shows something newer. */
function mapUnder(
  { pagers }: UpcallParts,
  container: ManagedContainer,
  interval: StateInterval,
): Readonly<MapRoot> | null {
  invariant(container.label >= container.folded, 'SI4: versions lie over the map, and are newer', {
    label: container.label,
    folded: container.folded,
  })
  const retained = container.history?.find(interval)
  if (retained !== undefined) return retained.map
  if (container.version(interval) !== undefined) return container.map
  const isShown = interval > 0 && interval === container.folded
  return isShown && !pagers.folding.isFolding(container) ? container.map : null
}

/** Checksums of pages in versions up to that snapshot. While one of them is folded the map may have them already, or not yet. */
function sumsOf(container: ManagedContainer, interval: StateInterval): Map<number, number> {
  const sums = new Map<number, number>()
  for (const { interval: name, places } of container.versions)
    if (name !== null && name <= interval)
      for (const [page, place] of places) sums.set(page, place.checksum)
  invariant(
    interval > container.folded || sums.size === 0,
    'SI4: what the map shows lies under all versions',
    { interval, folded: container.folded },
  )
  return sums
}
