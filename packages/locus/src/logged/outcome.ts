/** How a run ends, as a value: what it returned, or the refusal that it ended in. */
import { LocusError } from '../locus-error.js'
import type { Outcome } from './visit.js'

const nothing = new Uint8Array(0)

/** Runs it; throws only what is no refusal. */
export function outcomeOf(run: () => Uint8Array): Outcome {
  try {
    return { status: 'ok', detail: '', block: run() }
  } catch (error) {
    if (!(error instanceof LocusError)) throw error
    return { status: error.status, detail: error.sentence, block: nothing }
  }
}

/** What came of it, to whoever asked for it. Without the exception that was its cause, which no record has. */
export function answer({ status, detail, block }: Outcome): Uint8Array {
  if (status === 'ok') return block
  throw new LocusError(status, detail)
}
