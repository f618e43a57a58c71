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
  MachineId,
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
  /** The field's type in the generated reference. */
  readonly label: string
  /** Of a number: what it counts, or what it is the number of. */
  readonly unit?: string
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

const u32 = <T>(label: string, unit: string): Field<T> => ({ kind: 'u32', label, unit })
const f64 = <T>(label: string, unit: string): Field<T> => ({ kind: 'f64', label, unit })

export const token = u32<Token>('Token', 'the manager’s name of a container')
/** A machine, as a manager names it. */
export const machineToken = u32<Token>('Token', 'the manager’s name of a machine')
export const capref = u32<Capref>('Capref', 'the caller’s name of a capability')
export const contOffset = f64<ContOffset>('cont_offset', 'bytes')
export const stateInterval = f64<StateInterval>('StateInterval', 'number of an interval, from 1')
export const pageSetId = u32<PageSetId>('page set', 'number of a page set')
export const frame = u32<Frame>('frame', 'number of a frame')
export const diskBlock = u32<DiskBlock>('disk block', 'blocks from the file’s beginning')
export const logPosition = f64<LogPosition>('log position', 'groups of the log, from 1')
export const machineId = u32<MachineId>('machine', 'number of a machine, from 1')
/** A whole number up to 2^32 - 1 of `unit`. */
export const countOf = (unit: string): Field<number> => u32('count', unit)
/** Rights by their bits; of other kinds than containers some bits mean other things (see `rights`). */
export const rightBits: Field<number> = u32(
  'rights',
  'bits: read 1, write 2, invoke 4, manage 8, snapshot 16, destroy 32, copy 64, master 128',
)
/** A number that 32 bits do not hold, or that need not be whole, of `unit`. */
export const numberOf = (unit: string): Field<number> => f64('number', unit)
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
