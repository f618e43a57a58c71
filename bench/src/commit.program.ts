/** The program of `commit`: transactions of one word each, on a page of its own, and how long one took. */
import type { Locus } from '@katydid/locus'

export interface CommitWork {
  readonly rounds: number
  readonly page: number
  readonly durable: 'recoverable' | 'volatile'
}

/** When it began and ended, by the clock of all threads, in milliseconds. */
export interface CommitSpan {
  readonly began: number
  readonly ended: number
}

export default function commits(locus: Locus): CommitSpan {
  const { rounds, page, durable } = locus.argument<CommitWork>()
  const began = Date.now()
  for (let round = 0; round < rounds; round++)
    locus.transaction(
      locus.container,
      (transaction) => {
        const window = transaction.window()
        window.setInt32(page * 4096, window.getInt32(page * 4096) + 1)
      },
      { durable, timeoutMs: 5000 },
    )
  return { began, ended: Date.now() }
}
