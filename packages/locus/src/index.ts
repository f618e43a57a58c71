/**
 * What a program inside a container may call: load, store, invoke, wait, safepoint, and the
 * persistent structures.
 */
export { AccessError, Window, type PageMode, type PageVisitor } from '@katydid/memory'
export { decodeBlock, encodeBlock } from './block.js'
export { Past, type RetainedSnapshot } from './past.js'
export { LocusError } from './locus-error.js'
export type { InvokeOptions } from './durable-invoke.js'
export { Locus } from './locus.js'
export type { NewContainer } from './make-container.js'
export type { Registers } from './registers.js'
export type { LocusOutcome, LocusTask } from './session.js'
export * from './structures/index.js'
export type { Transaction } from './transaction/transaction.js'
export type { TransactionOptions } from './transaction/transact.js'
