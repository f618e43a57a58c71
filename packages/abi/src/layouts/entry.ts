/**
 * A page-table entry is one word. Bit 31 present; bits 30..12 the frame's byte address in the region (a multiple of
 * the page size); bits 11..3 the capture number under which write access was given; bit 2 pending; bit 1 write; bit 0
 * read. A present entry is readable. Read without present is a page taken out by the clock hand only: the next access
 * sets present again, without an upcall. Entries change only by `Atomics.store` of the owner of the page set or by
 * compare-exchange; loci never write one on a hit.
 */
export const entryBits = {
  read: 1,
  write: 2,
  pending: 4,
  captureShift: 3,
  captureMask: 0x1ff << 3,
  frameMask: 0x7ffff000,
  present: -0x80000000,
} as const

/** How many capture numbers there are before they wrap. */
export const captureNumbers = 512

/** The bits of an entry that must equal a locus's pattern for a store to go ahead. */
export const writeMask = entryBits.present | entryBits.write | entryBits.captureMask

/** The pattern for stores under capture number `capture`. */
export function writePattern(capture: number): number {
  return entryBits.present | entryBits.write | (capture << entryBits.captureShift)
}

/** The entry that shows the frame at `address` for reading (and for writing under `capture` when given). */
export function entryFor(address: number, capture: number | null): number {
  const base = entryBits.present | entryBits.read | address
  return capture === null ? base : base | entryBits.write | (capture << entryBits.captureShift)
}
