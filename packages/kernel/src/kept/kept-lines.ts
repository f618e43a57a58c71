/**
 * The lines that are kept besides the present one, from old to new. Each has all that the kernel needs to go back to it; the pages are
 * its managers', who are told which snapshots belong to kept lines. Nothing here writes or sends.
 */
import { invariant } from '@katydid/actor'
import { partBytes } from '../state-interval/parts.js'
import type { KeptRecord } from '../state-interval/records.js'
import { visitBytes } from './visits.js'

export interface KeptLine {
  readonly record: KeptRecord
  /** Its record lies behind this log position. */
  after: number
  /** It is given up: gone with the next line record. */
  isLeaving: boolean
  /** Administrators who are about to go back to it: it does not leave for a newer one. */
  wanted: number
  /** Parts that its visits take in the log. */
  readonly parts: number
}

export const keptLine = (record: KeptRecord, after: number): KeptLine => ({
  record,
  after,
  isLeaving: false,
  wanted: 0,
  parts: Math.ceil(visitBytes(record) / partBytes),
})

/** A snapshot of a manager that belongs to kept lines. */
export interface KeptSnapshot {
  readonly manager: number
  readonly token: number
  readonly label: number
}

export class KeptLines {
  /** It was said that a line has too many visits to be kept; once, until one is kept. */
  isTooMuchTold = false
  #lines: KeptLine[] = []
  #target: KeptLine | null = null

  /** The world goes back to it: it does not leave before the world is there. */
  get target(): KeptLine | null {
    return this.#target
  }

  goBackTo(kept: KeptLine): void {
    invariant(this.#target === null && this.#mayLeave(kept), 'SI72: what is gone back to is kept', {
      line: kept.record.line,
    })
    this.#target = kept
  }

  /** The world is there, by a record on the disk. */
  arrive(): void {
    invariant(this.#target !== null, 'SI220: the world went back to a line that stayed', {})
    this.#target = null
  }

  #mayLeave(kept: KeptLine): boolean {
    return !kept.isLeaving && kept !== this.#target
  }

  get all(): readonly KeptLine[] {
    return this.#lines
  }

  /** Those that the next line record names. */
  get names(): number[] {
    return this.#lines.filter(({ isLeaving }) => !isLeaving).map(({ record }) => record.line)
  }

  get isLeaving(): boolean {
    return this.#lines.some(({ isLeaving }) => isLeaving)
  }

  /** Those that can be gone back to: no newer than the line, which was announced. */
  offered(announced: number): KeptLine[] {
    return this.#lines.filter(({ record, isLeaving }) => !isLeaving && record.line <= announced)
  }

  add(kept: KeptLine): void {
    const newest = this.#lines.at(-1)?.record.line ?? 0
    invariant(kept.record.line > newest, 'SI70: a line is kept once', {
      line: kept.record.line,
      newest,
    })
    this.#lines.push(kept)
    this.isTooMuchTold = false
  }

  /** Of more than `count` the oldest leave, but for those that somebody is about to go back to; answers whether any did. */
  keepNewest(count: number): boolean {
    invariant(count > 0, 'SI70: a world that keeps lines keeps some', { count })
    const staying = this.#lines.filter(({ isLeaving }) => !isLeaving)
    const excess = staying
      .slice(0, Math.max(0, staying.length - count))
      .filter(({ wanted }) => wanted === 0)
    return this.leave((each) => excess.includes(each))
  }

  /** Those that may leave do; answers whether any does. */
  leave(those: (kept: KeptLine) => boolean): boolean {
    const found = this.#lines.filter((each) => this.#mayLeave(each) && those(each))
    for (const each of found) each.isLeaving = true
    return found.length > 0
  }

  /** The oldest that may leave does, unless one is leaving already; null: none does. */
  leaveOldest(): KeptLine | null {
    const oldest = this.#lines.find((each) => this.#mayLeave(each))
    if (this.isLeaving || oldest === undefined) return null
    oldest.isLeaving = true
    return oldest
  }

  /** A line record that does not name them is on the disk; answers whether any were gone. */
  settle(names: readonly number[]): boolean {
    const before = this.#lines.length
    invariant(
      names.every((name) => this.#lines.some(({ record }) => record.line === name)),
      'SI70: what a line record names is kept',
      { names: names.length },
    )
    this.#lines = this.#lines.filter(
      ({ record, isLeaving }) => !isLeaving || names.includes(record.line),
    )
    return this.#lines.length < before
  }

  /** What the log held at the start. */
  restore(lines: readonly KeptLine[]): void {
    invariant(this.#lines.length === 0, 'SI70: kept lines are read once', {
      lines: this.#lines.length,
    })
    for (const each of lines) this.add(each)
  }

  /** All snapshots that belong to them, each once. */
  snapshots(): KeptSnapshot[] {
    const found = new Map<string, KeptSnapshot>()
    for (const { record } of this.#lines)
      for (const { manager, token, label } of record.state.containers)
        if (manager !== null && label > 0)
          found.set(`${manager} ${token} ${label}`, { manager, token, label })
    return [...found.values()]
  }

  /** Slots of containers that one of them may put back. */
  slots(): Set<number> {
    return new Set(
      this.#lines.flatMap(({ record }) => record.state.containers.map(({ slot }) => slot)),
    )
  }
}
