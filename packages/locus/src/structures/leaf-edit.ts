/**
 * Changes of one leaf, in place as long as it has room in a row; what is more goes to `restructure`. Everything here runs
 * under the tree's lock, and everything that may be refused comes before the first change.
 */
import { LocusError } from '../locus-error.js'
import { NodeImage } from './node-image.js'
import { TreeChange } from './tree-change.js'
import {
  entryBytes,
  leastUsed,
  nodeBytes,
  nodeHead,
  nodeRoom,
  placeShift,
  slotBytes,
} from './tree-layout.js'
import type { TreePath } from './tree-path.js'
import { restructure } from './tree-restructure.js'
import type { TreeStore } from './tree-store.js'

const placeMask = -1 << placeShift

/** Puts the entry that `entry` holds at `index` of the path's leaf, in place of the one there when `isThere`. */
export function putEntry(
  store: TreeStore,
  path: TreePath,
  { index, isThere, entry }: { index: number; isThere: boolean; entry: NodeImage },
): void {
  const { leaf } = path
  const { count, low, used } = requireRoom(store, leaf)
  const bytes = entry.bytesOf(0)
  const before = isThere ? store.packed(leaf, index) : 0
  const gone = isThere ? entryBytes(before) : 0
  const cellBytes = bytes - slotBytes
  const isInPlace = isThere && gone === bytes
  const slots = count + (isThere ? 0 : 1)
  if (
    used - gone + bytes > nodeRoom ||
    (!isInPlace && low - cellBytes < nodeHead + slots * slotBytes)
  ) {
    putAnew(store, path, { index, isThere, entry, isFull: used - gone + bytes > nodeRoom })
    return
  }
  const place = isInPlace ? (before >>> placeShift) * 4 : low - cellBytes
  const version = store.newVersion()
  store.begin(leaf, version)
  const slot = leaf + nodeHead + index * slotBytes
  if (!isThere) {
    moveSlots(store, slot, slot + slotBytes, (count - index) * slotBytes)
    store.set(leaf, 'count', slots)
  }
  if (!isInPlace) store.set(leaf, 'low', place)
  store.set(leaf, 'used', used - gone + bytes)
  writeEntry(store, { slot, cell: leaf + place, place, entry })
  store.end(leaf, version)
}

/** Takes entry `index` out of the path's leaf. A full heap keeps no entry in, at worst a leaf less full than it should be. */
export function cutEntry(store: TreeStore, path: TreePath, index: number): void {
  const { leaf } = path
  const { count, low, used } = requireRoom(store, leaf)
  const packed = store.packed(leaf, index)
  const bytes = entryBytes(packed)
  if (path.depth > 0 && used - bytes < leastUsed && tryJoin(store, path, index)) return
  const version = store.newVersion()
  store.begin(leaf, version)
  const slot = leaf + nodeHead + index * slotBytes
  moveSlots(store, slot + slotBytes, slot, (count - 1 - index) * slotBytes)
  store.set(leaf, 'count', count - 1)
  store.set(leaf, 'used', used - bytes)
  const cellBytes = bytes - slotBytes
  if (count === 1) store.set(leaf, 'low', nodeBytes)
  else if (cellBytes > 0 && (packed >>> placeShift) * 4 === low)
    store.set(leaf, 'low', low + cellBytes)
  store.end(leaf, version)
}

/** The same with the leaf put together anew: its cells close up, or it is cut in two. */
function putAnew(
  store: TreeStore,
  path: TreePath,
  given: { index: number; isThere: boolean; entry: NodeImage; isFull: boolean },
): void {
  const { index, isThere, entry, isFull } = given
  const image = NodeImage.read(store, path.leaf)
  const refs = image.refs()
  refs.splice(index, isThere ? 1 : 0, { image: entry, index: 0 })
  if (isFull) {
    restructure(store, path, refs, !isThere && index === image.count && path.isLast())
    return
  }
  const change = new TreeChange(store)
  change.write(path.leaf, NodeImage.make(store, 0, 0, refs))
  change.commit()
}

function tryJoin(store: TreeStore, path: TreePath, index: number): boolean {
  const refs = NodeImage.read(store, path.leaf).refs()
  refs.splice(index, 1)
  try {
    restructure(store, path, refs, false)
    return true
  } catch (error) {
    if (error instanceof LocusError && error.status === 'no_resource') return false
    throw error
  }
}

/** What the leaf's head says about its room. `damaged`: it cannot be so. */
function requireRoom(store: TreeStore, leaf: number): { count: number; low: number; used: number } {
  const count = store.get(leaf, 'count')
  const low = store.get(leaf, 'low')
  const used = store.get(leaf, 'used')
  const fits =
    low % 4 === 0 &&
    low <= nodeBytes &&
    low >= nodeHead + count * slotBytes &&
    used >= count * slotBytes &&
    used <= nodeRoom
  if (!fits) throw store.damaged(`the node at ${leaf} cannot have ${used} bytes from ${low} on`)
  return { count, low, used }
}

function writeEntry(
  store: TreeStore,
  given: { slot: number; cell: number; place: number; entry: NodeImage },
): void {
  const { slot, cell, place, entry } = given
  const { memory } = store
  const packed = entry.packed(0)
  const words = (entry.bytesOf(0) - slotBytes) / 4
  const from = packed >>> placeShift
  for (let i = 0; i < words; i++) memory.setInt32(cell + i * 4, entry.words[from + i]!)
  memory.setInt32(slot, entry.words[nodeHead / 4]!)
  memory.setInt32(slot + 4, ((place / 4) << placeShift) | (packed & ~placeMask))
}

function moveSlots(store: TreeStore, from: number, to: number, bytes: number): void {
  if (bytes > 0) store.memory.setBytes(to, store.memory.getBytes(from, bytes))
}
