/** The record of what came into a logged container, as it stands in the kernel's log; checked field by field when it is read back. */
import { arePairs, has, listOf } from '../state-interval/shapes.js'
import type { SavedPoint } from '../state-interval/records.js'
import type { LoggedInput } from './chain.js'

/** What came into a logged container, visit by visit. */
export interface InputsRecord {
  readonly kind: 'inputs'
  readonly session: number
  /** Which of the process’s records of this kind it is. */
  readonly number: number
  readonly unit: number
  readonly generation: number
  /** The interval of the point before the first. */
  readonly after: number
  readonly inputs: readonly SavedInput[]
}

/** One visit, and the point that it makes; without input, a point that is what the one before was. */
export interface SavedInput extends SavedPoint {
  readonly input: LoggedInput | null
}

export function isInputs(value: Record<string, unknown>): boolean {
  return (
    has(value, inputsFields) &&
    listOf(
      value['inputs'],
      (each) =>
        has(each, { interval: 'number', input: 'object' }) &&
        arePairs(each['dependencies']) &&
        (each['input'] === null || isInput(each['input'])),
    )
  )
}

const inputsFields = {
  session: 'number',
  number: 'number',
  unit: 'number',
  generation: 'number',
  after: 'number',
} as const
const inputFields = {
  sender: 'number',
  sent: 'number',
  locus: 'number',
  name: 'string',
  status: 'string',
  detail: 'string',
  messages: 'number',
} as const

const isInput = (value: unknown): boolean =>
  has(value, inputFields) &&
  value['block'] instanceof Uint8Array &&
  value['seed'] instanceof Uint8Array &&
  value['result'] instanceof Uint8Array &&
  listOf(value['times'], (each) => typeof each === 'number') &&
  listOf(value['calls'], isLoggedCall)

const callFields = { cap: 'number', asked: 'number', status: 'string', detail: 'string' } as const

const isLoggedCall = (value: unknown): boolean =>
  has(value, callFields) && value['block'] instanceof Uint8Array
