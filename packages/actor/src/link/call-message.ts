/** Messages about calls between machines, to bytes and back. Whatever the bytes, reading answers a message that makes sense or null. */
import { asPort, linkCallKinds, linkCallWords, linkEnds, type PortId } from '@katydid/abi'

/** How a call ended at its callee; a sentence in `body` unless it was answered. */
export type LinkEnd = (typeof linkEnds)[number]

export interface CallMessage {
  readonly kind: keyof typeof linkCallKinds
  readonly ended: LinkEnd
  readonly number: number
  readonly below: number
  readonly deadlineMs: number
  readonly port: PortId
  readonly from: PortId
  readonly generation: number
  readonly body: Uint8Array
}

const { at: word, bytes: headBytes } = linkCallWords
const kinds = Object.entries(linkCallKinds) as [CallMessage['kind'], number][]

/** A message that leaves out what its kind does not say. */
export function packCall(message: Partial<CallMessage> & Pick<CallMessage, 'kind'>): Uint8Array {
  const body = message.body ?? new Uint8Array(0)
  const packed = new Uint8Array(headBytes + body.length)
  const view = new DataView(packed.buffer)
  const put = (at: number, value: number): void => view.setUint32(at * 4, value, true)
  put(word.kind, linkCallKinds[message.kind])
  put(word.ended, linkEnds.indexOf(message.ended ?? 'answered'))
  view.setFloat64(word.number * 4, message.number ?? 0, true)
  view.setFloat64(word.below * 4, message.below ?? 0, true)
  put(word.deadlineMs, Math.max(0, Math.ceil(message.deadlineMs ?? 0)))
  put(word.port, message.port ?? 0)
  put(word.from, message.from ?? 0)
  put(word.generation, message.generation ?? 0)
  packed.set(body, headBytes)
  return packed
}

/** The message in the bytes, whose body is a part of them. */
export function unpackCall(bytes: Uint8Array): CallMessage | null {
  if (bytes.length < headBytes) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const get = (at: number): number => view.getUint32(at * 4, true)
  const kind = kinds.find(([, code]) => code === get(word.kind))?.[0]
  const ended = linkEnds[get(word.ended)]
  const number = view.getFloat64(word.number * 4, true)
  const below = view.getFloat64(word.below * 4, true)
  if (kind === undefined || ended === undefined) return null
  if (!Number.isSafeInteger(number) || !Number.isSafeInteger(below) || number < 0 || below < 0)
    return null
  return {
    kind,
    ended,
    number,
    below,
    deadlineMs: get(word.deadlineMs),
    port: asPort(get(word.port)),
    from: asPort(get(word.from)),
    generation: get(word.generation),
    body: bytes.subarray(headBytes),
  }
}

/** A list of call numbers as a body. */
export function packNumbers(numbers: readonly number[]): Uint8Array {
  const body = new Uint8Array(numbers.length * 8)
  const view = new DataView(body.buffer)
  for (const [nth, number] of numbers.entries()) view.setFloat64(nth * 8, number, true)
  return body
}

/** The numbers in a body; what is left over at its end is none. */
export function unpackNumbers(body: Uint8Array): number[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  return Array.from({ length: Math.floor(body.length / 8) }, (_, nth) =>
    view.getFloat64(nth * 8, true),
  )
}
