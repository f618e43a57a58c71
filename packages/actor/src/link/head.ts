/** The head of a frame, to bytes and back. Whatever the bytes, reading answers a head that makes sense or null. */
import {
  asMachine,
  isMachineId,
  linkHeadWords,
  linkKinds,
  linkMagic,
  type MachineId,
} from '@katydid/abi'

export interface Head {
  readonly kind: keyof typeof linkKinds
  readonly from: MachineId
  readonly to: MachineId
  readonly fromIncarnation: number
  readonly toIncarnation: number
  readonly sequence: number
  readonly total: number
  readonly at: number
}

export const headBytes = linkHeadWords.bytes

const { at: word } = linkHeadWords

/** A frame: the head, and that part of the message which it is about. */
export function frameOf(head: Head, part: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headBytes + part.length)
  const view = new DataView(frame.buffer)
  const put = (at: number, value: number): void => view.setUint32(at * 4, value, true)
  put(word.magic, linkMagic)
  put(word.kind, linkKinds[head.kind])
  put(word.from, head.from)
  put(word.to, head.to)
  view.setFloat64(word.fromIncarnation * 4, head.fromIncarnation, true)
  view.setFloat64(word.toIncarnation * 4, head.toIncarnation, true)
  view.setFloat64(word.sequence * 4, head.sequence, true)
  put(word.total, head.total)
  put(word.at, head.at)
  frame.set(part, headBytes)
  return frame
}

/** The head of a frame; null when the bytes are not one, or say what cannot be. */
export function headOf(frame: Uint8Array, longestMessage: number): Head | null {
  if (frame.length < headBytes) return null
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const get = (at: number): number => view.getUint32(at * 4, true)
  const getFloat = (at: number): number => view.getFloat64(at * 4, true)
  const kind = kindOf(get(word.kind))
  const [from, to] = [get(word.from), get(word.to)]
  if (get(word.magic) !== linkMagic || kind === null || !isMachineId(from) || !isMachineId(to))
    return null
  const head: Head = {
    kind,
    from: asMachine(from),
    to: asMachine(to),
    fromIncarnation: getFloat(word.fromIncarnation),
    toIncarnation: getFloat(word.toIncarnation),
    sequence: getFloat(word.sequence),
    total: get(word.total),
    at: get(word.at),
  }
  return isPossible(head, frame.length - headBytes, longestMessage) ? head : null
}

function kindOf(code: number): Head['kind'] | null {
  if (code === linkKinds.message) return 'message'
  return code === linkKinds.beat ? 'beat' : null
}

const isCount = (n: number, least: number): boolean => Number.isSafeInteger(n) && n >= least

function isPossible(head: Head, length: number, longestMessage: number): boolean {
  const { kind, fromIncarnation, toIncarnation, sequence, total, at } = head
  if (!isCount(fromIncarnation, 1) || !isCount(toIncarnation, 0)) return false
  if (kind === 'beat') return length === 0 && sequence === 0 && total === 0 && at === 0
  if (!isCount(sequence, 1) || toIncarnation === 0 || total > longestMessage) return false
  return at + length <= total && (length > 0 || total === 0)
}
