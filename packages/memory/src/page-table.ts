/**
 * Page tables: which word is the entry of a page of a container.
 *
 * A container's directory has one word a 2 GiB slab: the byte address of the slab's flat slice of entries, 0 while
 * nobody opened a window there. The kernel actor makes directories and slices; nothing here writes them.
 */
import { maxContainerBytes, maxWindowBytes, type ContainerSlot } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

/** Word index of the entry of the page that holds `offset`, or -1 when its slice does not exist. */
export function entryIndex(region: Region, container: ContainerSlot, offset: number): number {
  invariant(offset >= 0 && offset < maxContainerBytes, 'ME7: an offset lies within 2^48 bytes', {
    container,
    offset,
  })
  const directory = region.i32[region.containerWord(container, 'directory')]!
  const slabs = region.i32[region.containerWord(container, 'slabs')]!
  const slab = Math.floor(offset / maxWindowBytes)
  if (directory === 0 || slab >= slabs) return -1
  const slice = region.words.load((directory >> 2) + slab)
  if (slice === 0) return -1
  const page = Math.floor((offset - slab * maxWindowBytes) / region.plan.shape.pageBytes)
  const index = (slice >> 2) + page
  invariant(index < region.plan.firstFrame >> 2, 'ME7: an entry lies in the table area', {
    container,
    offset,
    index,
  })
  return index
}

/** How many entries the slice of slab `slab` has, given the container's size in bytes. */
export function sliceEntries(size: number, slab: number, pageBytes: number): number {
  invariant(size > slab * maxWindowBytes, 'ME7: a slice begins inside its container', {
    size,
    slab,
  })
  return Math.ceil(Math.min(maxWindowBytes, size - slab * maxWindowBytes) / pageBytes)
}

/** A container's size in bytes. */
export function containerSize(region: Region, container: ContainerSlot): number {
  return region.f64[region.containerWord(container, 'size') >> 1]!
}

/** Calls `visit` with the word index range [from, to) of every slice of the container. */
export function eachSlice(
  region: Region,
  container: ContainerSlot,
  visit: (from: number, to: number, base: number) => void,
): void {
  const directory = region.i32[region.containerWord(container, 'directory')]!
  const slabs = region.i32[region.containerWord(container, 'slabs')]!
  if (directory === 0) return
  const size = containerSize(region, container)
  invariant(
    size > (slabs - 1) * maxWindowBytes,
    'ME7: a directory has a word for each slab, and no more',
    { size, slabs },
  )
  for (let slab = 0; slab < slabs; slab++) {
    const slice = region.words.load((directory >> 2) + slab)
    if (slice === 0) continue
    const from = slice >> 2
    visit(from, from + sliceEntries(size, slab, region.plan.shape.pageBytes), slab * maxWindowBytes)
  }
}
