/** Work that an interrupt (SIGINT, SIGTERM) ends in good order. */
import { KatydidError } from 'katydid'

/** Settles as the work does; rejects with `closed` when the process is interrupted before. */
export async function untilInterrupted<T>(work: Promise<T>): Promise<T> {
  let onSignal: ((signal: NodeJS.Signals) => void) | undefined
  const interrupted = new Promise<never>((_, reject) => {
    onSignal = (signal) =>
      reject(
        new KatydidError(
          'closed',
          `Interrupted by ${signal}. What the program did is kept; run it again to go on.`,
        ),
      )
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  })
  try {
    return await Promise.race([work, interrupted])
  } finally {
    if (onSignal) process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}
