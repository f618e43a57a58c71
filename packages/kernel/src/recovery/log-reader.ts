/**
 * What the kernel's log says at boot: the newest root page of each manager, the captures that are whole, the last line, the
 * highest session. A record that cannot be read is damage, said in a sentence; older captures then take its place.
 */
import { invariant } from '@katydid/actor'
import type { FoundRecord } from '../state-interval/durable-log.js'
import { Assembly, readPart } from '../state-interval/parts.js'
import {
  unpackRecord,
  type CaptureRecord,
  type KernelRecord,
  type RootRecord,
  type SavedManager,
} from '../state-interval/records.js'

export interface PlacedRecord<R> {
  readonly record: R
  /** It lies behind this log position. */
  readonly after: number
}

export interface LogContent {
  /** Highest session that wrote anything; -1: none. */
  readonly session: number
  /** Capture of the last line record; 0: none. */
  readonly line: number
  /** Whole captures that are not void, rising. */
  readonly captures: readonly PlacedRecord<CaptureRecord>[]
  /** Managers besides the first, as the newest line knows them. */
  readonly managers: readonly SavedManager[]
  /** The newest root page of each manager's port. */
  readonly roots: ReadonlyMap<number, PlacedRecord<RootRecord>>
  readonly damage: string | null
}

/** Reads the kernel's records in log order. */
export function readLog(found: readonly FoundRecord[], worldId: string): LogContent {
  const assembly = new Assembly()
  const begun = new Map<string, number>()
  const state = {
    session: -1,
    line: 0,
    captures: [] as PlacedRecord<CaptureRecord>[],
    managers: [] as readonly SavedManager[],
    roots: new Map<number, PlacedRecord<RootRecord>>(),
    unreadable: 0,
    foreign: 0,
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
  const { session, line, captures, managers, roots } = state
  return {
    session,
    line,
    captures,
    managers,
    roots,
    damage: damageOf(state.unreadable, state.foreign),
  }
}

interface Reading {
  session: number
  line: number
  captures: PlacedRecord<CaptureRecord>[]
  managers: readonly SavedManager[]
  readonly roots: Map<number, PlacedRecord<RootRecord>>
}

function accept(state: Reading, record: KernelRecord, after: number): void {
  invariant(after >= 0, 'SI19: a record lies behind a log position', { after })
  switch (record.kind) {
    case 'capture':
      state.captures = [
        ...state.captures.filter((each) => each.record.capture !== record.capture),
        { record, after },
      ]
      return
    case 'line':
      state.line = record.capture
      state.managers = record.managers ?? []
      if (record.rolledBack)
        state.captures = state.captures.filter((each) => each.record.capture <= record.capture)
      return
    case 'root_page':
      // One written again with the line may stand behind a newer one that was under way then.
      if ((state.roots.get(record.port)?.record.interval ?? 0) <= record.interval)
        state.roots.set(record.port, { record, after })
  }
}

function damageOf(unreadable: number, foreign: number): string | null {
  const sentences: string[] = []
  if (unreadable > 0)
    sentences.push(`${unreadable} of the kernel’s records could not be read and were left out`)
  if (foreign > 0) sentences.push(`${foreign} captures of another world were left out`)
  return sentences.length === 0 ? null : sentences.join('; ')
}
