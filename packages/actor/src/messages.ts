/**
 * Requests and answers as bytes, by signature. A request is the msgpack array `[op, sequence, …arguments]`, an answer
 * `[0x8000 | op, sequence, statusCode, detail, …results]`. Whatever comes in is checked: bytes of another shape are a
 * `BadWire`, which the caller of these functions turns into `bad_message`.
 */
import {
  statusCode,
  statusOf,
  type AnySignature,
  type Fields,
  type Refusal,
  type Status,
} from '@katydid/abi'
import { fixedCodec } from './fixed.js'
import { BadWire, fieldCodec, packShared, unpackExact } from './wire.js'

/** Where a message lies: `length` bytes from `at`, under both views. */
export interface Mail {
  bytes: Uint8Array
  view: DataView
  at: number
  length: number
}

/** A message's first two items. */
export interface Header {
  op: number
  sequence: number
}

/** Set in the op of an answer. */
export const answerBit = 0x8000

/** What an answer says, as untyped values. */
export type AnyAnswer = { readonly status: 'ok' } | Refusal<Status>

const scratch = new Uint8Array(256)
const scratchView = new DataView(scratch.buffer)
let copied = new Uint8Array(4096)

/** A message that stands in a buffer of its own. */
export function mailOf(bytes: Uint8Array): Mail {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes, view, at: 0, length: bytes.length }
}

/** Reads op and sequence into `header`; false when the bytes do not begin as a message does. */
export function readHeader(mail: Mail, header: Header): boolean {
  const { view, at, length } = mail
  if (length < 5) return false
  const head = view.getUint8(at)
  const opAt = (head & 0xf0) === 0x90 ? 1 : head === 0xdc ? 3 : 0
  if (opAt === 0 || length < opAt + 4 || view.getUint8(at + opAt) !== 0xcd) return false
  header.op = view.getUint16(at + opAt + 1)
  const type = view.getUint8(at + opAt + 3)
  const rest = length - opAt - 4
  if (type < 0x80) header.sequence = type
  else if (type === 0xcc && rest >= 1) header.sequence = view.getUint8(at + opAt + 4)
  else if (type === 0xcd && rest >= 2) header.sequence = view.getUint16(at + opAt + 4)
  else if (type === 0xce && rest >= 4) header.sequence = view.getUint32(at + opAt + 4)
  else return false
  return true
}

/** The bytes of a request, in shared scratch: use or copy them before the next message is packed. */
export function encodeRequest(
  signature: AnySignature,
  sequence: number,
  args: Readonly<Record<string, unknown>>,
): Uint8Array {
  if (signature.fixed === true)
    return scratch.subarray(0, fixedCodec(signature).write(scratchView, 0, sequence, args))
  return packShared([signature.op, sequence, ...toItems(signature.args, args)])
}

/** The bytes of an answer, in shared scratch likewise. Results may be left out when the status is not ok. */
export function encodeAnswer(
  signature: AnySignature,
  sequence: number,
  answer: AnyAnswer,
): Uint8Array {
  const op = signature.op | answerBit
  if (answer.status !== 'ok')
    return packShared([op, sequence, statusCode(answer.status), answer.detail])
  const results = answer as unknown as Readonly<Record<string, unknown>>
  if (signature.fixed === true)
    return scratch.subarray(0, fixedCodec(signature).writeAnswer(scratchView, 0, sequence, results))
  return packShared([op, sequence, 0, '', ...toItems(signature.result, results)])
}

/** The bytes of a refusal of a call nobody here declared. */
export function encodeRefusal(op: number, sequence: number, refusal: Refusal<Status>): Uint8Array {
  return packShared([op | answerBit, sequence, statusCode(refusal.status), refusal.detail])
}

/** The arguments of a request. Throws BadWire when they are not as declared. */
export function decodeRequest(signature: AnySignature, mail: Mail): Record<string, unknown> {
  if (signature.fixed === true) {
    const codec = fixedCodec(signature)
    const args = mail.length === codec.bytes ? codec.read(mail.view, mail.at) : null
    if (args === null) throw new BadWire('the bytes are not of the fixed shape declared')
    return args
  }
  return fromItems(signature.args, items(mail), 2)
}

/** What an answer says. Throws BadWire when it is not as declared. A status the call does not declare is `bad_message`. */
export function decodeAnswer(signature: AnySignature, mail: Mail): AnyAnswer {
  if (signature.fixed === true) {
    const codec = fixedCodec(signature)
    const results = mail.length === codec.answerBytes ? codec.readAnswer(mail.view, mail.at) : null
    if (results !== null) return { ...results, status: 'ok' }
  }
  const wire = items(mail)
  const [, , code, detail] = wire
  if (typeof code !== 'number' || typeof detail !== 'string')
    throw new BadWire('an answer has a status and a detail')
  if (code === 0) {
    if (signature.fixed === true) throw new BadWire('the bytes are not of the fixed shape declared')
    return { ...fromItems(signature.result, wire, 4), status: 'ok' }
  }
  const status = statusOf(code)
  return mayAnswer(signature, status)
    ? { status, detail }
    : { status: 'bad_message', detail: `${signature.name} does not declare ${status}: ${detail}` }
}

/** Whether the call declares that it may answer `status`. */
export function mayAnswer(signature: AnySignature, status: Status): boolean {
  return status === 'ok' || status === 'bad_message' || signature.errors.includes(status)
}

/** A private copy of a message's bytes. */
export function copyOf(mail: Mail): Uint8Array {
  const copy = new Uint8Array(mail.length)
  copy.set(mail.bytes.subarray(mail.at, mail.at + mail.length))
  return copy
}

function items(mail: Mail): readonly unknown[] {
  // Shared memory is copied first: decoding strings straight from it is many times slower.
  if (copied.length < mail.length) copied = new Uint8Array(mail.length * 2)
  copied.set(mail.bytes.subarray(mail.at, mail.at + mail.length))
  const value = unpackExact(copied, mail.length)
  if (!Array.isArray(value)) throw new BadWire('a message is an array')
  return value
}

type Entry = readonly [name: string, codec: ReturnType<typeof fieldCodec>]

const entriesOf = new WeakMap<Fields, readonly Entry[]>()

function entries(fields: Fields): readonly Entry[] {
  let made = entriesOf.get(fields)
  if (made === undefined) {
    made = Object.entries(fields).map(([name, field]) => [name, fieldCodec(field)] as const)
    entriesOf.set(fields, made)
  }
  return made
}

function toItems(fields: Fields, values: Readonly<Record<string, unknown>>): unknown[] {
  return entries(fields).map(([name, codec]) => codec.toWire(values[name]))
}

function fromItems(
  fields: Fields,
  wire: readonly unknown[],
  from: number,
): Record<string, unknown> {
  const declared = entries(fields)
  if (wire.length !== from + declared.length)
    throw new BadWire(`${declared.length} values expected, not ${wire.length - from}`)
  const values: Record<string, unknown> = {}
  let next = from
  for (const [name, codec] of declared) {
    try {
      values[name] = codec.fromWire(wire[next++])
    } catch (error) {
      throw error instanceof BadWire ? new BadWire(`${name}: ${error.message}`) : error
    }
  }
  return values
}
