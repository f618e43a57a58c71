/**
 * The kinds of argument a call can have. A kind knows its TypeScript type and, where it has one, its
 * fixed width on the wire; nothing else is written about an argument anywhere.
 */
import type {
  Access,
  Capref,
  ContOffset,
  DiskBlock,
  Frame,
  LogPosition,
  PageSetId,
  StateInterval,
  Token,
} from './ids.js'

export type FieldKind =
  | 'u32'
  | 'f64'
  | 'bool'
  | 'word'
  | 'text'
  | 'bytes'
  | 'list'
  | 'record'
  | 'optional'
  | 'json'

export interface Field<T> {
  readonly kind: FieldKind
  /** The field's name in the generated reference. */
  readonly label: string
  /** For `word`: the closed list; the wire carries the index. */
  readonly words?: readonly string[]
  /** For `list` and `optional`: the kind of what is inside. */
  readonly of?: Field<unknown>
  /** For `record`: the fields by name, packed in this order. */
  readonly fields?: Fields
  /** Never set: carries the type. */
  readonly type?: T
}

export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<F> = F extends Field<infer T> ? T : never
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> }

const u32 = <T>(label: string): Field<T> => ({ kind: 'u32', label })
const f64 = <T>(label: string): Field<T> => ({ kind: 'f64', label })

export const token = u32<Token>('Token')
export const capref = u32<Capref>('Capref')
export const contOffset = f64<ContOffset>('cont_offset')
export const stateInterval = f64<StateInterval>('StateInterval')
export const pageSetId = u32<PageSetId>('page set')
export const frame = u32<Frame>('frame')
export const diskBlock = u32<DiskBlock>('disk block')
export const logPosition = f64<LogPosition>('log position')
export const count = u32<number>('count')
export const number = f64<number>('number')
export const bool: Field<boolean> = { kind: 'bool', label: 'Bool' }
export const text: Field<string> = { kind: 'text', label: 'text' }
export const bytes: Field<Uint8Array> = { kind: 'bytes', label: 'bytes' }
/** Anything msgpack can carry, for reports and control only. */
export const json: Field<unknown> = { kind: 'json', label: 'value' }

/** One word of a closed list. */
export function oneOf<const W extends readonly string[]>(
  label: string,
  words: W,
): Field<W[number]> {
  return { kind: 'word', label, words }
}

export function list<T>(of: Field<T>): Field<readonly T[]> {
  return { kind: 'list', label: `list of ${of.label}`, of }
}

export function optional<T>(of: Field<T>): Field<T | null> {
  return { kind: 'optional', label: `${of.label} or nil`, of }
}

export function record<const F extends Fields>(label: string, fields: F): Field<ValuesOf<F>> {
  return { kind: 'record', label, fields }
}

export const access: Field<Access> = oneOf('Access', ['read', 'write', 'execute'])
