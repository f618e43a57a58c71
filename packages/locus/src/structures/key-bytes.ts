/** Keys as bytes: what is given as bytes, or text as its UTF-8. Different keys are different bytes. */
import { LocusError } from '../locus-error.js'

export type MapKey = string | Uint8Array

const encoder = new TextEncoder()

/**
 * Writes the key's bytes and answers how many. `bad_argument`: it is neither well-formed text nor bytes; `too_large`: over
 * `most` bytes, for which `into` has room.
 */
export function writeKey(key: MapKey, into: Uint8Array, most: number): number {
  return typeof key === 'string' ? writeText(key, into, most) : writeBytes(key, into, most)
}

function writeBytes(key: Uint8Array, into: Uint8Array, most: number): number {
  if (!(key instanceof Uint8Array))
    throw new LocusError('bad_argument', 'a key is text or a Uint8Array')
  if (key.length > most) throw tooLarge(key.length, most)
  into.set(key)
  return key.length
}

function writeText(key: string, into: Uint8Array, most: number): number {
  if (key.length > most) throw tooLarge(key.length, most)
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code >= 0x80) return writeWideText(key, into, most)
    into[i] = code
  }
  return key.length
}

function writeWideText(key: string, into: Uint8Array, most: number): number {
  // A lone surrogate would be stored as a replacement character, and different keys would become one.
  if (/\p{Surrogate}/u.test(key))
    throw new LocusError('bad_argument', 'a key’s text has half of a surrogate pair; use bytes')
  const { read, written } = encoder.encodeInto(key, into)
  if (read < key.length || written > most) throw tooLarge(Buffer.byteLength(key), most)
  return written
}

function tooLarge(length: number, most: number): LocusError {
  return new LocusError('too_large', `a key has at most ${most} bytes, not ${length}`)
}
