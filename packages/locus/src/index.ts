/**
 * What a program inside a container may call: load, store, invoke, wait, safepoint, and the
 * persistent structures.
 */
export { LocusError } from './locus-error.js'
export * from './structures/index.js'
