/**
 * Values as msgpack: plain msgpack that any decoder reads, and the way from a declared field to what is packed and back.
 * On the way in everything is checked against the declaration: a value of another kind is a `BadWire`, never a crash later.
 */
import type { Field } from '@katydid/abi'
import { Packr } from 'msgpackr'
import { unreachable } from './invariant.js'

/** Bytes that do not have the declared shape. Thrown and caught inside the codec; callers see `bad_message`. */
export class BadWire extends Error {}

// Copied buffers: an unpacked binary would otherwise be a window on the scratch it was read from.
const packr = new Packr({ useRecords: false, copyBuffers: true, moreTypes: false })

/** Packs into a shared pool: use or copy the result before the next call. */
export function packShared(value: unknown): Uint8Array {
  return packr.pack(value)
}

/** Unpacks the first `length` bytes. Throws BadWire when they are not one msgpack value. */
export function unpackExact(bytes: Uint8Array, length = bytes.length): unknown {
  try {
    return packr.unpack(bytes, length) as unknown
  } catch (error) {
    throw new BadWire(error instanceof Error ? error.message : String(error))
  }
}

/** Packs any plain value (null, numbers, text, bytes, arrays, objects) as msgpack, in a buffer of its own. */
export function packValue(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value))
}

/** The value that `packValue` packed; its bytes are copies. Throws an Error when the bytes are no msgpack. */
export function unpackValue(bytes: Uint8Array): unknown {
  return unpackExact(bytes)
}

type Convert = (value: unknown) => unknown

interface FieldCodec {
  readonly toWire: Convert
  readonly fromWire: Convert
}

const codecs = new WeakMap<Field<unknown>, FieldCodec>()

/** The two ways of a field; made once a field. */
export function fieldCodec(field: Field<unknown>): FieldCodec {
  let codec = codecs.get(field)
  if (codec === undefined) codecs.set(field, (codec = makeCodec(field)))
  return codec
}

const same: Convert = (value) => value

function checked(what: string, holds: (wire: unknown) => boolean): FieldCodec {
  return {
    toWire: same,
    fromWire: (wire) => {
      if (!holds(wire)) throw new BadWire(`${what} expected, not ${typeof wire}`)
      return wire
    },
  }
}

function makeCodec(field: Field<unknown>): FieldCodec {
  switch (field.kind) {
    case 'u32':
      return checked(field.label, (wire) => typeof wire === 'number' && wire >>> 0 === wire)
    case 'f64':
      return checked(field.label, (wire) => typeof wire === 'number')
    case 'bool':
      return checked(field.label, (wire) => typeof wire === 'boolean')
    case 'text':
      return checked(field.label, (wire) => typeof wire === 'string')
    case 'json':
      return { toWire: same, fromWire: same }
    case 'bytes':
      return bytesCodec
    case 'word':
      return wordCodec(field.label, field.words ?? [])
    case 'list':
      return listCodec(field.label, fieldCodec(field.of!))
    case 'optional': {
      const of = fieldCodec(field.of!)
      return {
        toWire: (value) => (value === null || value === undefined ? null : of.toWire(value)),
        fromWire: (wire) => (wire === null ? null : of.fromWire(wire)),
      }
    }
    case 'record':
      return recordCodec(field)
    default:
      return unreachable(field.kind)
  }
}

const bytesCodec: FieldCodec = {
  toWire: same,
  fromWire: (wire) => {
    if (!(wire instanceof Uint8Array)) throw new BadWire(`bytes expected, not ${typeof wire}`)
    return wire.constructor === Uint8Array
      ? wire
      : new Uint8Array(wire.buffer, wire.byteOffset, wire.length)
  },
}

function wordCodec(label: string, words: readonly string[]): FieldCodec {
  const index = new Map<unknown, number>(words.map((word, at) => [word, at]))
  return {
    toWire: (value) => index.get(value) ?? value,
    fromWire: (wire) => {
      const word = typeof wire === 'number' ? words[wire] : undefined
      if (word === undefined) throw new BadWire(`${label} has no word ${String(wire)}`)
      return word
    },
  }
}

function listCodec(label: string, of: FieldCodec): FieldCodec {
  return {
    toWire: (value) => (value as readonly unknown[]).map(of.toWire),
    fromWire: (wire) => {
      if (!Array.isArray(wire)) throw new BadWire(`${label} expected, not ${typeof wire}`)
      return wire.map(of.fromWire)
    },
  }
}

function recordCodec(field: Field<unknown>): FieldCodec {
  const entries = Object.entries(field.fields ?? {}).map(
    ([name, of]) => [name, fieldCodec(of)] as const,
  )
  return {
    toWire: (value) =>
      entries.map(([name, of]) => of.toWire((value as Record<string, unknown>)[name])),
    fromWire: (wire) => {
      if (!Array.isArray(wire) || wire.length !== entries.length)
        throw new BadWire(`${field.label} expected: ${entries.length} fields`)
      return Object.fromEntries(entries.map(([name, of], at) => [name, of.fromWire(wire[at])]))
    },
  }
}
