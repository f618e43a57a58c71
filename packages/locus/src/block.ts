/** Blocks: what an invocation takes and returns, by value. Bytes are themselves, anything else is msgpack. */
import { maxBlockBytes } from '@katydid/abi'
import { packValue, unpackValue } from '@katydid/actor'
import { LocusError } from './locus-error.js'

/** A value (null, numbers, text, bytes, arrays, plain objects) as a block. */
export const encodeBlock: (value: unknown) => Uint8Array = packValue
/** The value of a block that `encodeBlock` made. Throws an Error when the bytes are something else. */
export const decodeBlock: (block: Uint8Array) => unknown = unpackValue

/** What a program returned, as a block: nothing is the empty block. `program_failed`: it cannot be packed; `too_large`. */
export function resultBlock(result: unknown): Uint8Array {
  if (result === undefined) return new Uint8Array(0)
  return requireBlock(result instanceof Uint8Array ? Uint8Array.from(result) : packed(result))
}

/** `too_large` when the block has more than 32 KiB. */
export function requireBlock(block: Uint8Array): Uint8Array {
  if (block.length <= maxBlockBytes) return block
  throw new LocusError(
    'too_large',
    `a block has at most ${maxBlockBytes} bytes, not ${block.length}; leave more in the container`,
  )
}

function packed(result: unknown): Uint8Array {
  if (typeof result === 'function' || typeof result === 'symbol')
    throw new LocusError(
      'program_failed',
      `the program returned a ${typeof result}; return bytes, text, numbers, arrays or plain objects`,
    )
  try {
    return encodeBlock(result)
  } catch (error) {
    throw new LocusError('program_failed', `what the program returned is no block: ${words(error)}`)
  }
}

/** What an exception says, in one line. */
export function words(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`
  return error.name === 'Error' ? error.message : `${error.name}: ${error.message}`
}
