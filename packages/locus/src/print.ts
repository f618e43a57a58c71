/** Printing a line on the console. Who prints waits until the kernel has the line, so every capture that has what was done before has it too. */
import { durabilities, outputCalls, type Durability } from '@katydid/abi'
import { LocusError } from './locus-error.js'
import type { LocusThread } from './locus-thread.js'

export interface PrintOptions {
  /**
   * `recoverable` (default): the line is told when no crash can undo what led to it, and then once. `volatile`: at once, and again when the
   * program goes back over it.
   */
  readonly durable?: Durability
}

/** Prints it; see `Locus.print`. */
export function print(
  thread: LocusThread,
  text: string,
  { durable = 'recoverable' }: PrintOptions,
): number {
  if (!durabilities.includes(durable))
    throw new LocusError('bad_argument', `durable is ${durabilities.join(' or ')}, not ${durable}`)
  const reply = thread.call(outputCalls.outputPrint, { text, durable })
  if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
  return reply.sequence
}
