/**
 * A container's page table on this machine: a directory with one word a 2 GiB slab, and a flat slice of entries for each
 * slab in which somebody opened a window, as long as the container's size needs.
 */
import { maxWindowBytes } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { sliceEntries } from '@katydid/memory'
import type { Machine } from '../machine.js'
import type { Container } from './container.js'

/** Slabs that a container of `size` bytes spans. */
const slabsOf = (size: number): number => Math.ceil(size / maxWindowBytes)

/** The byte address of the slice of `slab`, made if need be; null when the table area is full. */
export function ensureSlice(machine: Machine, container: Container, slab: number): number | null {
  invariant(slab >= 0 && slab < slabsOf(container.size), 'CO3: a slab lies in its container', {
    slab,
    size: container.size,
  })
  const directory = ensureDirectory(machine, container)
  if (directory === null) return null
  const { words } = machine.region
  const held = words.load((directory >> 2) + slab)
  if (held !== 0) return held
  const entries = sliceEntries(container.size, slab, machine.region.plan.shape.pageBytes)
  const slice = machine.slices.take(entries * 4)
  if (slice === null) return null
  // Stored after the slice was zeroed: who finds it, finds empty entries.
  words.store((directory >> 2) + slab, slice)
  return slice
}

function ensureDirectory(machine: Machine, container: Container): number | null {
  const { region } = machine
  const word = region.containerWord(container.slot, 'directory')
  const held = region.words.load(word)
  if (held !== 0) return held
  const made = machine.slices.take(slabsOf(container.size) * 4)
  if (made === null) return null
  region.words.store(region.containerWord(container.slot, 'slabs'), slabsOf(container.size))
  region.words.store(word, made)
  return made
}

/** Gives back directory and slices of a container that nobody uses any more. */
export function dropSlices(machine: Machine, container: Container): void {
  const { region } = machine
  const word = region.containerWord(container.slot, 'directory')
  const directory = region.words.exchange(word, 0)
  if (directory === 0) return
  const slabs = region.words.exchange(region.containerWord(container.slot, 'slabs'), 0)
  invariant(slabs === slabsOf(container.size), 'CO3: a directory has a word a slab', { slabs })
  for (let slab = 0; slab < slabs; slab++) {
    const slice = region.words.exchange((directory >> 2) + slab, 0)
    if (slice !== 0) machine.slices.give(slice)
  }
  machine.slices.give(directory)
}
