/**
 * Calls declared `fixed`: msgpack whose every number is in its widest form, so that each field stands at a known offset.
 * Code generated from the signature writes and reads it in place; any msgpack decoder reads it too. Bytes whose types
 * differ from the declaration are refused, never guessed at.
 */
import type { AnySignature, ArgsOf, Field, Fields, ResultOf } from '@katydid/abi'
import { invariant, InvariantViolation } from './invariant.js'

export interface FixedCodec<S> {
  /** Bytes of a request. */
  readonly bytes: number
  /** Bytes of an answer with status ok. */
  readonly answerBytes: number
  /** Writes a request and answers its length. A value outside its field is an invariant violation. */
  write(view: DataView, at: number, sequence: number, args: ArgsOf<S>): number
  /** Reads a request's arguments, or null when the bytes are not such a request. */
  read(view: DataView, at: number): ArgsOf<S> | null
  /** Writes an answer of status ok and answers its length. */
  writeAnswer(view: DataView, at: number, sequence: number, results: ResultOf<S>): number
  /** Reads the results of an answer of status ok, or null when the bytes are not one. */
  readAnswer(view: DataView, at: number): ResultOf<S> | null
}

type Write = (view: DataView, at: number, sequence: number, values: unknown) => number
type Read = (view: DataView, at: number) => unknown

const made = new WeakMap<AnySignature, FixedCodec<AnySignature>>()

/** The codec of a call declared `fixed`; made once a signature. */
export function fixedCodec<S extends AnySignature>(signature: S): FixedCodec<S> {
  let codec = made.get(signature)
  if (codec === undefined) made.set(signature, (codec = makeFixed(signature)))
  return codec
}

function makeFixed(signature: AnySignature): FixedCodec<AnySignature> {
  invariant(signature.fixed === true, 'AC5: a call of fixed shape is declared so', {
    name: signature.name,
  })
  const request = shape(signature.op, signature.args, [])
  // An answer of status ok carries status 0 and an empty detail in front of its results.
  const answer = shape(signature.op | 0x8000, signature.result, [[0xcc, 0], [0xa0]])
  return {
    bytes: request.bytes,
    answerBytes: answer.bytes,
    write: request.write,
    read: request.read as FixedCodec<AnySignature>['read'],
    writeAnswer: answer.write,
    readAnswer: answer.read as FixedCodec<AnySignature>['readAnswer'],
  }
}

/** Width on the wire and type byte of each kind that can be fixed. A bool's type byte is its value. */
const forms: Partial<Record<Field<unknown>['kind'], { bytes: number; type: number }>> = {
  u32: { bytes: 5, type: 0xce },
  f64: { bytes: 9, type: 0xcb },
  word: { bytes: 2, type: 0xcc },
  bool: { bytes: 1, type: 0xc2 },
}

function shape(
  op: number,
  fields: Fields,
  constants: readonly (readonly number[])[],
): { bytes: number; write: Write; read: Read } {
  const entries = Object.entries(fields)
  const items = 2 + constants.length + entries.length
  invariant(items <= 15, 'AC5: a call of fixed shape has at most 15 items', { op, items })
  // Array head, op as uint 16, type byte of the sequence (uint 32), which stands at 5.
  const fixed: [number, number][] = [
    [0, 0x90 | items],
    [1, 0xcd],
    [2, op >> 8],
    [3, op & 0xff],
    [4, 0xce],
  ]
  let next = 9
  for (const byte of constants.flat()) fixed.push([next++, byte])
  const writes: string[] = []
  const checks: string[] = []
  const reads: string[] = []
  for (const [index, [name, field]] of entries.entries()) {
    const form = forms[field.kind]
    invariant(form !== undefined, 'AC5: a field of fixed shape is a number, a word or a bool', {
      op,
      name,
      kind: field.kind,
    })
    const value = `v[${JSON.stringify(name)}]`
    const at = `at + ${next + 1}`
    if (field.kind !== 'bool') fixed.push([next, form.type])
    switch (field.kind as 'u32' | 'f64' | 'word' | 'bool') {
      case 'u32':
        writes.push(
          `if (${value} >>> 0 !== ${value}) bad(${index}, ${value})`,
          `d.setUint32(${at}, ${value})`,
        )
        reads.push(`${JSON.stringify(name)}: d.getUint32(${at})`)
        break
      case 'f64':
        writes.push(
          `if (typeof ${value} !== 'number') bad(${index}, ${value})`,
          `d.setFloat64(${at}, ${value})`,
        )
        reads.push(`${JSON.stringify(name)}: d.getFloat64(${at})`)
        break
      case 'word':
        writes.push(
          `const w${index} = words[${index}].indexOf(${value})`,
          `if (w${index} < 0) bad(${index}, ${value})`,
          `d.setUint8(${at}, w${index})`,
        )
        checks.push(`d.getUint8(${at}) < ${field.words!.length}`)
        reads.push(`${JSON.stringify(name)}: words[${index}][d.getUint8(${at})]`)
        break
      case 'bool':
        writes.push(`d.setUint8(at + ${next}, ${value} ? 0xc3 : 0xc2)`)
        checks.push(`(d.getUint8(at + ${next}) | 1) === 0xc3`)
        reads.push(`${JSON.stringify(name)}: d.getUint8(at + ${next}) === 0xc3`)
    }
    next += form.bytes
  }
  const words = entries.map(([, field]) => field.words ?? [])
  const bad = (index: number, value: unknown): never => {
    throw new InvariantViolation('AC5: a value lies within its declared field', {
      op,
      field: entries[index]![0],
      value: String(value),
    })
  }
  const write = [
    ...fixed.map(([at, byte]) => `d.setUint8(at + ${at}, ${byte})`),
    'd.setUint32(at + 5, s)',
    ...writes,
    `return ${next}`,
  ]
  const types = fixed.map(([at, byte]) => `d.getUint8(at + ${at}) === ${byte}`)
  const read = `return ${[...types, ...checks].join(' && ')} ? { ${reads.join(', ')} } : null`
  return {
    bytes: next,
    write: compile(`(d, at, s, v) => { ${write.join('; ')} }`, words, bad) as Write,
    read: compile(`(d, at) => { ${read} }`, words, bad) as Read,
  }
}

function compile(source: string, words: readonly (readonly string[])[], bad: unknown): unknown {
  // The source is made of declarations in abi alone; nothing received ever gets into it.
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function('words', 'bad', `'use strict'; return ${source}`)(words, bad) as unknown
}
