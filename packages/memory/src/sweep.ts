/**
 * Capture numbers wrap after 512. Before one comes round again, write access given under it must be gone from every entry,
 * or a stale entry would match a store's pattern.
 */
import { captureNumbers, entryBits, type ContainerSlot } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { eachSlice } from './page-table.js'

/**
 * Clears write access in entries whose capture number is older than `keep` captures, in word range share `part` of `parts`.
 * Called at each capture with rising parts, it has seen every entry long before the wrap. Answers how many it cleared.
 */
export function sweepCaptures(
  region: Region,
  container: ContainerSlot,
  keep: number,
  part = 0,
  parts = 1,
): number {
  invariant(
    keep > 0 && keep + parts < captureNumbers,
    'ME3: a sweep ends before capture numbers wrap',
    { keep, parts },
  )
  const { words } = region
  invariant(part >= 0 && part < parts, 'ME3: a sweep goes by parts', { part, parts })
  const now = words.load(region.containerWord(container, 'capture'))
  let cleared = 0
  eachSlice(region, container, (from, to) => {
    const share = Math.ceil((to - from) / parts)
    const end = Math.min(to, from + share * (part + 1))
    for (let index = from + share * part; index < end; index++) {
      const entry = region.i32[index]!
      if ((entry & entryBits.write) === 0) continue
      const age =
        (now - ((entry & entryBits.captureMask) >> entryBits.captureShift) + captureNumbers) %
        captureNumbers
      // A locus may be setting present meanwhile; then the exchange fails and the next sweep sees the entry again.
      if (
        age >= keep &&
        words.compareExchange(index, entry, entry & ~(entryBits.write | entryBits.captureMask)) ===
          entry
      )
        cleared++
    }
  })
  return cleared
}
