/**
 * In which state interval a page was last written, for those who read it through a mapping.
 *
 * A page's stamp is the period in which write access to it was given last. It is stored before the entry that gives it, so before
 * anybody can write; whoever has read what was written finds it. A period ends with a capture of which write access has to be given
 * anew, and the interval with which it ended is kept. Stamps lie beside page tables, and only of containers that are reached by
 * mappings: their slices are made when the first window is opened.
 */
import { keptPeriodEnds, maxWindowBytes, type ContainerSlot } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

const maxPeriod = 0x7fffffff

/** Word index of the stamp of the page that holds `offset`, or -1 when nobody reaches that slab by a mapping. */
function stampIndex(region: Region, container: ContainerSlot, offset: number): number {
  invariant(offset >= 0, 'SI93: a page lies in its container', { container, offset })
  const directory = region.words.load(region.containerWord(container, 'stamps'))
  if (directory === 0) return -1
  const slab = Math.floor(offset / maxWindowBytes)
  const slice = region.words.load((directory >> 2) + slab)
  if (slice === 0) return -1
  return (slice >> 2) + Math.floor((offset - slab * maxWindowBytes) / region.plan.shape.pageBytes)
}

/**
 * The page can be written from now on, or has other content. Called before its entry is stored and before the container is
 * noted as written, and after the capture number that the entry carries was loaded: a capture in between makes the entry void.
 */
export function stampPage(region: Region, container: ContainerSlot, offset: number): void {
  const index = stampIndex(region, container, offset)
  if (index < 0) return
  const before = region.words.load(index)
  const period = region.words.load(region.containerWord(container, 'period'))
  invariant(before <= period, 'SI93: no page was written in a period to come', { before, period })
  if (before !== period) region.words.store(index, period)
}

/** The state interval that stands for all that can be read of the page at this moment; 0: what it was made with. */
export function writtenIn(region: Region, container: ContainerSlot, offset: number): bigint {
  const index = stampIndex(region, container, offset)
  const word = region.containerWord(container, 'period')
  // Without stamps it counts as written at this moment.
  const stamp = index < 0 ? maxPeriod : region.words.load(index)
  let period = region.words.load(word)
  while (stamp >= period) {
    const open = Atomics.load(region.i64, region.containerWord(container, 'interval') >> 1)
    // A cut ends the period before it opens an interval: if the period is the same, so was the interval of it.
    const now = region.words.load(word)
    if (now === period) return open
    period = now
  }
  const kept = Math.max(stamp, period - keptPeriodEnds + 1)
  return kept < 0 ? 0n : Atomics.load(region.i64, periodEnd(region, container, kept))
}

/** Whether the interval is of the present period: then no page stands for one that tells more. */
export function isOfPresentPeriod(
  region: Region,
  container: ContainerSlot,
  interval: bigint,
): boolean {
  invariant(interval >= 0n, 'SI93: intervals are counted from 1', { interval })
  const period = region.words.load(region.containerWord(container, 'period'))
  return period > 0
    ? interval > Atomics.load(region.i64, periodEnd(region, container, period - 1))
    : interval > 0n
}

/** At a cut: the period ends with the interval `label`, and the next begins. `capture` is raised later: a stamp is never older than its entry. */
export function endPeriod(region: Region, container: ContainerSlot, label: number): void {
  invariant(label > 0, 'SI93: a period ends with an interval', { container, label })
  const word = region.containerWord(container, 'period')
  const period = region.words.load(word)
  Atomics.store(region.i64, periodEnd(region, container, period), BigInt(label))
  region.words.store(word, period + 1)
}

const periodEnd = (region: Region, container: ContainerSlot, period: number): number =>
  (region.containerWord(container, 'periodEnds') >> 1) + (period % keptPeriodEnds)
