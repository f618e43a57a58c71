/** What a faulty disk does wrong, as data: so it can be given to a worker, printed, and drawn from a seed. */

export type FaultyOperation = 'read' | 'write' | 'sync'

/** From the operation after `after` of the kind, `times` of them are refused with `code` (Infinity: for ever). */
export interface Refusal {
  readonly operation: FaultyOperation
  readonly after: number
  readonly times: number
  readonly code: 'EIO' | 'ENOSPC'
}

export interface FaultPlan {
  /** Same seed, same operations: same faults. */
  readonly seed: number
  readonly refuse?: readonly Refusal[]
  /** Probability that a write is dropped and reported as done. */
  readonly lose?: number
  /** Probability that a write goes to another block than asked. */
  readonly misdirect?: number
  /** Probability that a write has one bit flipped on its way. */
  readonly flip?: number
  /** Barriers report success and do nothing. */
  readonly barrierLies?: boolean
  readonly slowWriteMs?: number
  readonly slowBarrierMs?: number
  /** A file in which each write and each completed barrier is noted, so that a power cut can be made of it. */
  readonly journal?: string
}
