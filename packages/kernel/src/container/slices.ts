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

/**
 * Stamps of the pages of `slab`, made if need be, for who reaches it by a mapping; false when the table area is full. What was written
 * before counts as written in the present period, if anything can have been written in that.
 */
export function ensureStamps(machine: Machine, container: Container, slab: number): boolean {
  const { region } = machine
  const { slot, size, intervals } = container
  const word = region.containerWord(slot, 'stamps')
  const held = region.words.load(word)
  const directory = held === 0 ? machine.slices.take(slabsOf(size) * 4) : held
  if (directory === null) return false
  if (held === 0) region.words.store(word, directory)
  if (region.words.load((directory >> 2) + slab) !== 0) return true
  const entries = sliceEntries(size, slab, region.plan.shape.pageBytes)
  const slice = machine.slices.take(entries * 4)
  if (slice === null) return false
  const written = region.containerWord(slot, 'written')
  // Of one that is never snapshotted write access outlived captures until now.
  if (intervals.volatile) region.words.store(written, 1)
  const period = region.words.load(region.containerWord(slot, 'period'))
  const since = region.words.load(written) === 0 ? period - 1 : period
  region.i32.fill(since, slice >> 2, (slice >> 2) + entries)
  region.words.store((directory >> 2) + slab, slice)
  return true
}

/** No page was written since the interval with which the present period ends. */
export function forgetStamps(machine: Machine, container: Container): void {
  const { region } = machine
  const directory = region.words.load(region.containerWord(container.slot, 'stamps'))
  if (directory === 0) return
  const period = region.words.load(region.containerWord(container.slot, 'period'))
  for (let slab = 0; slab < slabsOf(container.size); slab++) {
    const slice = region.words.load((directory >> 2) + slab)
    if (slice === 0) continue
    const entries = sliceEntries(container.size, slab, region.plan.shape.pageBytes)
    region.i32.fill(period, slice >> 2, (slice >> 2) + entries)
  }
}

/** Gives back directory and slices of a container that nobody uses any more. */
export function dropSlices(machine: Machine, container: Container): void {
  const { region } = machine
  dropDirectory(
    machine,
    region.words.exchange(region.containerWord(container.slot, 'stamps'), 0),
    slabsOf(container.size),
  )
  const word = region.containerWord(container.slot, 'directory')
  const directory = region.words.exchange(word, 0)
  if (directory === 0) return
  const slabs = region.words.exchange(region.containerWord(container.slot, 'slabs'), 0)
  invariant(slabs === slabsOf(container.size), 'CO3: a directory has a word a slab', { slabs })
  dropDirectory(machine, directory, slabs)
}

function dropDirectory(machine: Machine, directory: number, slabs: number): void {
  if (directory === 0) return
  for (let slab = 0; slab < slabs; slab++) {
    const slice = machine.region.words.exchange((directory >> 2) + slab, 0)
    if (slice !== 0) machine.slices.give(slice)
  }
  machine.slices.give(directory)
}
