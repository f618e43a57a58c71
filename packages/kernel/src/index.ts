/**
 * One machine's kernel actor: containers, loci, rights, page sets, pressure, state intervals,
 * device contracts, recovery.
 */
export * from './kernel-actor.js'
export type { KernelConfig, KernelParts, Phase } from './machine.js'
export type { KernelControl } from './kernel-part.js'
export type { BootResult } from './recovery/boot.js'
export type { StopResult } from './state-interval/stop.js'
