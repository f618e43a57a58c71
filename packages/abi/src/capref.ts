/**
 * What a Capref is made of: a flag (the caller's own table, or that of the container it is in), a stamp and a slot.
 * The stamp makes a Capref to a reused slot stale; a made-up Capref gives no authority.
 */
import { asCapref, type Capref } from './ids.js'
import { rights } from './layouts/tables.js'

/** `own`: the locus's table (or the actor's, or the host's). `host_container`: that of the container the locus is in. */
export const caprefTables = ['own', 'host_container'] as const
export type CaprefTable = (typeof caprefTables)[number]

export const stampMask = 0xfffff

/** Packs a Capref: bit 31 table flag, bits 30..8 stamp, bits 7..0 slot. */
export function makeCapref(table: CaprefTable, slot: number, stamp: number): Capref {
  return asCapref(
    ((table === 'host_container' ? 0x80000000 : 0) | ((stamp & stampMask) << 8) | slot) >>> 0,
  )
}

export function readCapref(capref: Capref): { table: CaprefTable; slot: number; stamp: number } {
  return {
    table: capref >>> 31 === 1 ? 'host_container' : 'own',
    slot: capref & 0xff,
    stamp: (capref >>> 8) & stampMask,
  }
}

/**
 * Names, for a locus, the container it is in, with the rights to read, write, invoke and snapshot it: a program has its own
 * container without holding a capability. No slot of any table has this number.
 */
export const hereCapref = makeCapref('host_container', 0xff, 0)
export const hereRights = rights.read | rights.write | rights.invoke | rights.snapshot
