/**
 * What the kernel's log says at boot: the newest root page of each manager, the points that are not void, the last line, the
 * highest session. A record that cannot be read is damage, said in a sentence; older points then take its place.
 */
import { invariant } from '@katydid/actor'
import type { SavedOutput } from '../output/output.js'
import type { ToldOutput } from '../output/output-table.js'
import { keptLine, type KeptLine } from '../kept/kept-lines.js'
import type { Capture } from '../state-interval/capture-table.js'
import type { FoundRecord } from '../state-interval/durable-log.js'
import { Assembly, readPart } from '../state-interval/parts.js'
import { unpackRecord } from '../state-interval/record-bytes.js'
import type {
  CaptureRecord,
  InputsRecord,
  KernelRecord,
  KeptRecord,
  LineRecord,
  RootRecord,
} from '../state-interval/records.js'
import { pointsAfter, pointsIn, type KnownPoint } from './known-points.js'
import { VoidPoints } from './void-points.js'

export interface PlacedRecord<R> {
  readonly record: R
  /** It lies behind this log position. */
  readonly after: number
}

export interface LogContent {
  /** Highest session that wrote anything; -1: none. */
  readonly session: number
  /** The last line record; nil: none. */
  readonly line: LineRecord | null
  /** Whole records of captures, in log order. */
  readonly captures: readonly PlacedRecord<CaptureRecord>[]
  /** Points that are not void. */
  readonly points: readonly KnownPoint[]
  /** The newest root page of each manager's port. */
  readonly roots: ReadonlyMap<number, PlacedRecord<RootRecord>>
  /** How far output was told, in log order. */
  readonly told: readonly ToldOutput[]
  /** Lines that are kept, from old to new. */
  readonly kept: readonly KeptLine[]
  /** Lines that wait to be told since an administrator went back to a kept line, and its log position; nil: he did not. */
  readonly untaken: PlacedRecord<readonly SavedOutput[]> | null
  readonly damage: string | null
}

/** Reads the kernel's records in log order. Units from `maxContainers` on are semaphores. */
export function readLog(
  found: readonly FoundRecord[],
  worldId: string,
  maxContainers: number,
): LogContent {
  const assembly = new Assembly()
  const begun = new Map<string, number>()
  const state: Reading = {
    session: -1,
    line: null,
    captures: [],
    points: new Map(),
    roots: new Map(),
    told: [],
    kept: new Map(),
    untaken: null,
    voids: new VoidPoints(),
    unreadable: 0,
    foreign: 0,
    gaps: 0,
    maxContainers,
  }
  for (const { kind, position, content } of found) {
    const part = readPart(content)
    if (part === null) {
      state.unreadable++
      continue
    }
    state.session = Math.max(state.session, part.session)
    const key = `${kind} ${part.session} ${part.id}`
    if (!begun.has(key)) begun.set(key, position - 1)
    const bytes = assembly.add(kind, part)
    if (bytes === null) continue
    const record = unpackRecord(bytes)
    const after = begun.get(key)!
    begun.delete(key)
    if (record === null || record.kind !== kind) state.unreadable++
    else if (record.kind === 'capture' && record.world !== worldId) state.foreign++
    else accept(state, record, after)
  }
  const { session, line, captures, roots, told, untaken } = state
  const kept = (line?.kept ?? []).flatMap((name) => state.kept.get(name) ?? [])
  const points = [...state.points.values()].flatMap((each) => [...each.values()])
  return { session, line, captures, points, roots, told, kept, untaken, damage: damageOf(state) }
}

interface Reading {
  session: number
  line: LineRecord | null
  readonly captures: PlacedRecord<CaptureRecord>[]
  /** By unit and interval. */
  readonly points: Map<number, Map<number, KnownPoint>>
  readonly roots: Map<number, PlacedRecord<RootRecord>>
  readonly told: ToldOutput[]
  /** By the line that each keeps. */
  readonly kept: Map<number, KeptLine>
  untaken: LogContent['untaken']
  /** What records that come late have of sessions that are over. */
  readonly voids: VoidPoints
  unreadable: number
  foreign: number
  /** Records of visits whose predecessors are missing. */
  gaps: number
  readonly maxContainers: number
}

function accept(state: Reading, record: KernelRecord, after: number): void {
  invariant(after >= 0, 'SI19: a record lies behind a log position', { after })
  switch (record.kind) {
    case 'capture':
      state.captures.push({ record, after })
      takePoints(state, record, after)
      return
    case 'line':
      // It was under way as a later session began, and nobody was told of it.
      if (record.session < (state.line?.session ?? 0)) return
      state.line = record
      state.voids.note(record)
      if (record.backTo !== undefined) goBackTo(state, record.backTo, record.session)
      if (record.rolledBack) dropVoid(state, record)
      for (const [unit, interval] of record.back) dropNewer(state.points.get(unit), interval)
      return
    case 'output':
      state.told.push(...record.told)
      return
    case 'kept_line':
      state.kept.set(record.line, keptLine(record, after))
      return
    case 'inputs':
      takeInputs(state, record)
      return
    case 'root_page':
      // One written again with the line may stand behind a newer one that was under way then.
      if ((state.roots.get(record.port)?.record.interval ?? 0) <= record.interval)
        state.roots.set(record.port, { record, after })
  }
}

function takePoints(state: Reading, record: CaptureRecord, after: number): void {
  const { capture: id, epoch } = record
  const capture: Capture = { id, epoch, record, carried: [], durable: true, after }
  for (const point of pointsIn(capture, state.maxContainers)) {
    if (state.voids.has(record.session, point.unit, point.interval)) continue
    const known = state.points.get(point.unit) ?? new Map<number, KnownPoint>()
    // A copy written again takes the place of the first.
    const lasted = known.get(point.interval)?.epoch ?? 0
    known.set(point.interval, { ...point, epoch: Math.max(point.epoch, lasted) })
    state.points.set(point.unit, known)
  }
  for (const [unit, interval] of record.same) {
    const known = state.points.get(unit)
    const point = known?.get(interval)
    if (point !== undefined && point.epoch < epoch) known!.set(interval, { ...point, epoch })
  }
}

/** Visits go on where the ones before them ended; where those are missing nothing that came later can be run again. */
function takeInputs(
  state: Reading,
  { session, unit, generation, after, inputs }: InputsRecord,
): void {
  const known = state.points.get(unit)
  const found = known?.get(after)
  if (known === undefined || found === undefined || found.container?.generation !== generation) {
    // Before the oldest capture that is left there is nothing to be missed, nor of what is void.
    if (known === undefined || state.voids.has(session, unit, after)) return
    if (Math.min(...known.keys()) < after) state.gaps++
    return
  }
  for (const point of pointsAfter(found, inputs))
    if (!state.voids.has(session, unit, point.interval)) known.set(point.interval, point)
}

/** The world went back: what was newer never happened. Ends that were on the line are there still, with what is to be told of them. */
function dropVoid(state: Reading, { points, over }: LineRecord): void {
  const line = new Map([...over, ...points])
  for (const [unit, known] of state.points) dropNewer(known, line.get(unit) ?? 0)
}

function dropNewer(known: Map<number, KnownPoint> | undefined, than: number): void {
  for (const interval of known?.keys() ?? []) if (interval > than) known?.delete(interval)
}

/**
 * An administrator went back to a kept line: its points are all there are. Where its record is not in the log any more, each of its
 * points stands in a newer record by now.
 */
function goBackTo(state: Reading, name: number, session: number): void {
  const kept = state.kept.get(name)
  if (kept === undefined) return
  state.points.clear()
  const record = stateOf(kept.record, session)
  state.captures.push({ record, after: kept.after })
  takePoints(state, record, kept.after)
  state.untaken = { record: kept.record.untaken ?? [], after: kept.after }
  for (const { unit, inputs } of kept.record.visits ?? []) {
    const known = state.points.get(unit) ?? new Map<number, KnownPoint>()
    // There is no other point of it: it is as it was captured.
    const [root] = known.values()
    if (root === undefined) continue
    for (const point of pointsAfter(root, inputs)) known.set(point.interval, point)
  }
}

/** What is gone back to in the session: of an incarnation that is newer than any that was before. */
export function stateOf({ state }: KeptRecord, session: number): CaptureRecord {
  const containers = state.containers.map((each) => ({
    ...each,
    incarnation: Math.max(each.incarnation, session),
  }))
  return { ...state, session, containers }
}

function damageOf({ unreadable, foreign, gaps, line, kept }: Reading): string | null {
  const sentences: string[] = []
  if (unreadable > 0)
    sentences.push(`${unreadable} of the kernel’s records could not be read and were left out`)
  if (foreign > 0) sentences.push(`${foreign} captures of another world were left out`)
  const missing = (line?.kept ?? []).filter((name) => !kept.has(name))
  if (missing.length > 0) sentences.push(`kept lines are missing: ${missing.join(', ')}`)
  if (gaps > 0)
    sentences.push(
      `${gaps} records of what came into logged containers follow on one that is missing and were left out`,
    )
  return sentences.length === 0 ? null : sentences.join('; ')
}
