/**
 * The part of the kernel that runs on whichever thread needs it: accesses, traps, installation, acknowledgement, reclaiming.
 * It decides nothing global: rights, pressure and recovery are the kernel actor's.
 */
export * from './access-error.js'
export * from './attachment-set.js'
export * from './attachment.js'
export * from './block-read.js'
export * from './crossing.js'
export type { PageMode, PageVisitor } from './each-page.js'
export * from './fault-history.js'
export * from './frame.js'
export * from './lcd.js'
export * from './locus-trap.js'
export * from './page-table.js'
export * from './quiescence.js'
export * from './receipt.js'
export * from './reclaim.js'
export * from './stamp.js'
export * from './sweep.js'
export * from './trap.js'
export * from './window-binding.js'
export * from './window.js'
