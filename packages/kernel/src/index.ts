/**
 * One machine's kernel actor: containers, loci, rights, page sets, pressure, state intervals,
 * device contracts, recovery.
 */
export {}
