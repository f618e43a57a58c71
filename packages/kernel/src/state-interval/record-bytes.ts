/** The kernel's records as bytes. What is read back is checked field by field: an unknown or damaged record is no record. */
import { packValue, unpackValue } from '@katydid/actor'
import type {
  CaptureRecord,
  InputsRecord,
  KeptRecord,
  KernelRecord,
  LineRecord,
  OutputRecord,
  RootRecord,
} from './records.js'

const recordVersion = 1

/** A record's bytes. */
export function packRecord(record: KernelRecord): Uint8Array {
  return packValue({ version: recordVersion, ...record })
}

/** The record these bytes are; null when they are none that this version knows. */
export function unpackRecord(bytes: Uint8Array): KernelRecord | null {
  let value: unknown
  try {
    value = unpackValue(bytes)
  } catch {
    return null
  }
  if (!has(value, { version: 'number', kind: 'string' }) || value['version'] !== recordVersion)
    return null
  switch (value['kind']) {
    case 'capture':
      return isCapture(value) ? (value as unknown as CaptureRecord) : null
    case 'line':
      return has(value, lineFields) &&
        arePairs(value['points']) &&
        arePairs(value['over']) &&
        arePairs(value['back']) &&
        areManagers(value['managers']) &&
        (value['drains'] === undefined || has(value['drains'], drainFields)) &&
        areKept(value) &&
        isOfSeveral(value)
        ? (value as unknown as LineRecord)
        : null
    case 'output':
      return has(value, { session: 'number', number: 'number' }) && listOf(value['told'], isTold)
        ? (value as unknown as OutputRecord)
        : null
    case 'root_page':
      return has(value, rootFields) && value['bytes'] instanceof Uint8Array
        ? (value as unknown as RootRecord)
        : null
    case 'kept_line':
      return has(value, keptFields) &&
        arePairs(value['over']) &&
        isState(value['state']) &&
        (value['visits'] === undefined || listOf(value['visits'], isVisits)) &&
        (value['untaken'] === undefined || listOf(value['untaken'], isOutput))
        ? (value as unknown as KeptRecord)
        : null
    case 'inputs':
      return isInputs(value) ? (value as unknown as InputsRecord) : null
    default:
      return null
  }
}

const keptFields = {
  session: 'number',
  number: 'number',
  line: 'number',
  keptMs: 'number',
} as const

const decisionFields = { from: 'number', to: 'number', atMs: 'number', session: 'number' } as const

const isState = (value: unknown): boolean => has(value, { kind: 'string' }) && isCapture(value)

const areKept = ({ kept, backTo, decisions }: Record<string, unknown>): boolean =>
  (kept === undefined || listOf(kept, (each) => typeof each === 'number')) &&
  (backTo === undefined || typeof backTo === 'number') &&
  (decisions === undefined || listOf(decisions, (each) => has(each, decisionFields)))

const recoveryFields = { decided: 'number', highest: 'number' } as const
const endedFields = { unit: 'number', end: 'number', ceiling: 'number' } as const

const isOfSeveral = ({ recovery, ended }: Record<string, unknown>): boolean =>
  (recovery === undefined || has(recovery, recoveryFields)) &&
  (ended === undefined || listOf(ended, (each) => has(each, endedFields)))

const correspondent = { unit: 'number', generation: 'number', sequence: 'number' } as const
const letterFields = { ...correspondent, interval: 'number', epoch: 'number' } as const

const contentFields = {
  kind: 'string',
  call: 'number',
  group: 'number',
  rights: 'number',
  epoch: 'number',
  mixed: 'boolean',
  status: 'string',
  detail: 'string',
} as const

const areLetters = (value: unknown): boolean => {
  if (value === undefined) return true
  if (!has(value, {})) return false
  const { log, sent, received, waiting } = value
  const isCount = (each: unknown): boolean => has(each, correspondent)
  const isBlock = (each: unknown): boolean => {
    if (!isCount(each)) return false
    const content: unknown = Reflect.get(each as object, 'content')
    return has(content, contentFields) && content['block'] instanceof Uint8Array
  }
  return (
    listOf(log, (each) => has(each, letterFields) && isBlock(each)) &&
    listOf(sent, isCount) &&
    listOf(received, isCount) &&
    listOf(waiting, isBlock)
  )
}

const lineFields = {
  session: 'number',
  number: 'number',
  epoch: 'number',
  rolledBack: 'boolean',
} as const
const managerFields = {
  name: 'string',
  port: 'number',
  module: 'string',
  hash: 'string',
  containerBytes: 'number',
  keepsRoot: 'boolean',
} as const

const drainFields = {
  count: 'number',
  totalMs: 'number',
  maxMs: 'number',
  givenUp: 'number',
} as const

const areManagers = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((each) => has(each, managerFields)))

const rootFields = {
  session: 'number',
  port: 'number',
  slot: 'number',
  generation: 'number',
  size: 'number',
  module: 'string',
  hash: 'string',
  offset: 'number',
  interval: 'number',
} as const
/** How a container began: as a snapshot, or not. */
const isBeginning = (value: unknown): boolean =>
  value === null || has(value, { kind: 'string', opener: 'number' })

const containerFields = {
  slot: 'number',
  generation: 'number',
  name: 'string',
  size: 'number',
  token: 'number',
  serviceLevel: 'string',
  label: 'number',
  epoch: 'number',
  incarnation: 'number',
  interval: 'number',
} as const
const mappingFields = {
  at: 'number',
  length: 'number',
  source: 'number',
  generation: 'number',
  sourceAt: 'number',
  rights: 'number',
  group: 'number',
} as const
const locusFields = {
  id: 'number',
  name: 'string',
  container: 'number',
  rights: 'number',
  suspended: 'boolean',
  durableCalls: 'number',
  wait: 'number',
} as const
const semaphoreFields = {
  id: 'number',
  count: 'number',
  epoch: 'number',
  interval: 'number',
} as const
const endFields = { unit: 'number', epoch: 'number', interval: 'number' } as const
const capabilityFields = {
  kind: 'string',
  index: 'number',
  stamp: 'number',
  slot: 'number',
  generation: 'number',
  rights: 'number',
  group: 'number',
} as const
const groupFields = {
  id: 'number',
  parent: 'number',
  kind: 'string',
  slot: 'number',
  generation: 'number',
  rights: 'number',
} as const

type Shape = Readonly<Record<string, 'number' | 'string' | 'boolean' | 'object'>>

function has(value: unknown, shape: Shape): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([key, type]) => typeof Reflect.get(value, key) === type)
}

const listOf = (value: unknown, each: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(each)

function isCapture(value: Record<string, unknown>): boolean {
  return (
    has(value, captureFields) &&
    listOf(value['generations'], (each) => typeof each === 'number') &&
    listOf(value['containers'], isContainer) &&
    listOf(value['semaphores'], isSemaphore) &&
    listOf(value['ended'], isEnd) &&
    arePairs(value['same']) &&
    listOf(value['loci'], isLocus) &&
    areGroups(value['groups'])
  )
}

const captureFields = {
  world: 'string',
  session: 'number',
  capture: 'number',
  epoch: 'number',
  nextLocus: 'number',
  nextGroup: 'number',
  nextSemaphore: 'number',
} as const

const isEnd = (value: unknown): boolean =>
  has(value, endFields) && arePairs(value['dependencies']) && isOutput(value['output'])

const orNull =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || is(value)

const isNumberOrNull = orNull((value) => typeof value === 'number')
const isProgram = (value: unknown): boolean =>
  has(value, { module: 'string', entry: 'string', hash: 'string' })
const isProgramOrNull = orNull(isProgram)
const isLocusEndOrNull = orNull(
  (value) =>
    has(value, { status: 'string', detail: 'string' }) && value['block'] instanceof Uint8Array,
)

const isContainer = (value: unknown): boolean =>
  has(value, containerFields) &&
  isNumberOrNull(value['manager']) &&
  isProgramOrNull(value['program']) &&
  isBeginning(value['snapshotOf']) &&
  hasTables(value) &&
  arePairs(value['dependencies']) &&
  listOf(value['mappings'], (each) => has(each, mappingFields)) &&
  listOf(value['loci'], isLocus) &&
  isOutput(value['output']) &&
  areLetters(value['letters']) &&
  areGroups(value['groups'])

const outputFields = {
  slot: 'number',
  generation: 'number',
  container: 'string',
  told: 'number',
} as const
const lineOfOutput = { sequence: 'number', interval: 'number', text: 'string' } as const

const isTold = (value: unknown): boolean =>
  has(value, outputFields) &&
  (Reflect.get(value, 'given') === undefined || has(value, { given: 'number' })) &&
  listOf(value['recent'], (each) => has(each, lineOfOutput))

const isOutput = (value: unknown): boolean =>
  value === undefined ||
  (isTold(value) &&
    has(value, { next: 'number' }) &&
    listOf(value['lines'], (each) =>
      has(each, { ...lineOfOutput, incarnation: 'number', locus: 'string' }),
    ))

const isSemaphore = (value: unknown): boolean =>
  has(value, semaphoreFields) &&
  arePairs(value['dependencies']) &&
  arePairs(value['taken']) &&
  areGroups(value['groups'])

const isLocus = (value: unknown): boolean =>
  has(value, locusFields) &&
  isProgram(value['program']) &&
  isNumberOrNull(value['slot']) &&
  isLocusEndOrNull(value['end']) &&
  hasTables(value) &&
  isAnswer(value['answer']) &&
  value['block'] instanceof Uint8Array &&
  value['registers'] instanceof Uint8Array

const isAnswer = (value: unknown): boolean =>
  value === null ||
  (has(value, { number: 'number', asked: 'number' }) && value['block'] instanceof Uint8Array)

const areGroups = (value: unknown): boolean => listOf(value, (each) => has(each, groupFields))

const arePairs = (value: unknown): boolean =>
  listOf(
    value,
    (each) =>
      Array.isArray(each) && each.length === 2 && each.every((item) => typeof item === 'number'),
  )

const farFields = {
  machine: 'number',
  slot: 'number',
  generation: 'number',
  size: 'number',
  group: 'number',
} as const

const hasTables = (value: Record<string, unknown>): boolean =>
  listOf(
    value['capabilities'],
    (each) =>
      has(each, capabilityFields) && (each['far'] === undefined || has(each['far'], farFields)),
  )

function isInputs(value: Record<string, unknown>): boolean {
  return has(value, inputsFields) && listOf(value['inputs'], isSavedInput)
}

const isVisits = (value: unknown): boolean =>
  has(value, { unit: 'number' }) && listOf(value['inputs'], isSavedInput)

const isSavedInput = (value: unknown): boolean =>
  has(value, { interval: 'number', input: 'object' }) &&
  arePairs(value['dependencies']) &&
  (value['input'] === null || isInput(value['input']))

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
