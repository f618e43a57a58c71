/** Values: bytes up to one limit for all structures. */
import { LocusError } from '../locus-error.js'

/** The longest value in bytes. */
export const maxValueBytes = 2 ** 20 - 1

/** Refuses what is no value: `bad_argument` when it is not bytes, `too_large` when there are too many. */
export function requireValue(value: Uint8Array): void {
  if (!(value instanceof Uint8Array))
    throw new LocusError('bad_argument', 'a value is a Uint8Array')
  if (value.length > maxValueBytes)
    throw new LocusError(
      'too_large',
      `a value has at most ${maxValueBytes} bytes, not ${value.length}; put it into the heap and its offset here`,
    )
}
