/**
 * The points of one unit of recovery, from the one on the line onwards. A unit is a container with the loci rooted in it, or a
 * semaphore. Points have rising intervals; each says what the unit was when that interval ended, and what it had received until then.
 */
import { invariant } from '@katydid/actor'
import type { Capture } from './capture-table.js'
import { rootOf, withChain, type Link } from '../logged/chain.js'
import { mergeInto } from './points.js'

export interface UnitPoint {
  /** The interval that it ends. */
  readonly interval: number
  /** Name of the manager's snapshot that holds its pages; 0: there are none to be held. */
  image: number
  /** Received since the point before: unit → its interval. */
  dependencies: Map<number, number>
  /** The record that it stands in. */
  capture: Capture
  /** The newest epoch at which it still said what the unit is. */
  epoch: number
  /** The engine knows of it. */
  fed: boolean
  /** It was not captured: it is had by running a visit again after the point before it. Nil: it was. */
  readonly logged: Logged | null
  /** The point before it, from which only its name differs: where its own image is not there, that one's will do. Nil: there is none, or it is not needed. */
  equals: UnitPoint | null
  /** Points before it were given up: the records of these begin behind this log position. Nil: none, or it was written again since. */
  mergedFrom?: number | undefined
}

/** All that is known of the point stands in records behind this log position. */
export const heldFrom = (point: UnitPoint): number =>
  Math.min(rootOf(point).capture.after, point.mergedFrom ?? Infinity)

/** Whether the unit ended with it. */
export const isEndOf = (unit: number, { interval, capture }: UnitPoint): boolean =>
  capture.record.ended.some((each) => each.unit === unit && each.interval === interval)

/** What makes a point one that is had by running a visit again. */
export interface Logged extends Link<UnitPoint> {
  /** Its record is on the disk. */
  durable: boolean
}

export class History {
  /** The point on the line; nil: the unit as it was made. */
  base: UnitPoint | null = null
  /** Points newer than the line, rising. */
  newer: UnitPoint[] = []
  /** Received and in no point yet. */
  owed = new Map<number, number>()
  /** Why what comes next cannot be logged: something that is no visit has happened since the last capture. Nil: nothing has. */
  gap: string | null = null
  /** Bytes of visits logged since the last capture. */
  loggedBytes = 0
  /** Epochs since the last capture that went by without one, as its visits made points. */
  spared = 0
  /** The unit's end is on the line. */
  over = false
  /** The newest epoch at which it still was as it was made. */
  #made: number

  constructor(epoch: number, base: UnitPoint | null = null) {
    this.#made = epoch
    this.base = base
  }

  /** The newest point; null when there is none. */
  get newest(): UnitPoint | null {
    return this.newer.at(-1) ?? this.base
  }

  /** The epoch of which the line has what it was. */
  get lineEpoch(): number {
    return this.base?.epoch ?? this.#made
  }

  /** The epoch of its newest point. */
  get epoch(): number {
    return this.newest?.epoch ?? this.#made
  }

  /** Nothing happened to it: its newest point holds for this epoch too. */
  carryOver(epoch: number): void {
    const { newest } = this
    invariant(epoch >= this.epoch, 'SI25: epochs of a unit rise', { epoch, of: this.epoch })
    if (newest === null) this.#made = Math.max(this.#made, epoch)
    else newest.epoch = Math.max(newest.epoch, epoch)
  }

  add(point: UnitPoint): void {
    invariant(point.interval > (this.newest?.interval ?? 0), 'SI1: points of a unit rise', {
      interval: point.interval,
      newest: this.newest?.interval ?? 0,
    })
    this.newer.push(point)
    if (point.logged !== null) return
    this.gap = null
    this.loggedBytes = 0
    this.spared = 0
  }

  /** The point comes to nothing: what it had received counts for the next. */
  drop(point: UnitPoint): void {
    const at = this.newer.indexOf(point)
    invariant(at >= 0 && !point.fed, 'SI14: only a point that is not stable is dropped', {
      interval: point.interval,
    })
    this.newer.splice(at, 1)
    this.gap = 'a point of it came to nothing'
    mergeInto(this.newer[at]?.dependencies ?? this.owed, point.dependencies)
  }

  /** Points of that capture come to nothing, and those that are had by running visits on them. */
  dropOf(capture: Capture): void {
    invariant(!capture.durable, 'SI21: what is durable is not given up', { id: capture.id })
    for (const point of this.newer.filter((each) => rootOf(each).capture === capture))
      this.drop(point)
  }

  /** Points whose pages were to be found in that snapshot can never be stable. */
  dropImage(image: number): void {
    for (const point of this.newer.filter((each) => each.image === image && !each.fed))
      this.drop(point)
  }

  /**
   * Of the points that the engine has, those that are not wanted leave, and what they had received counts for the next. What is not stable yet
   * stays, the newest that is, and whatever one that stays is had by. Answers how many left.
   */
  giveUp(isWanted: (point: UnitPoint) => boolean): number {
    const newest = this.newer.findLast(({ fed }) => fed)
    const staying = new Set(
      this.newer.filter((each) => !each.fed || each === newest || isWanted(each)).flatMap(helpOf),
    )
    const before = this.newer.length
    let left: UnitPoint[] = []
    this.newer = this.newer.filter((point) => {
      if (!staying.has(point)) {
        left.push(point)
        return false
      }
      invariant(
        left.length === 0 || point.logged === null,
        'SI190: what was received before goes to a point that was captured',
        { interval: point.interval },
      )
      for (const each of left) {
        mergeInto(point.dependencies, each.dependencies)
        point.mergedFrom = Math.min(heldFrom(point), heldFrom(each))
      }
      left = []
      return true
    })
    invariant(left.length === 0, 'SI190: the newest point stays', { left: left.length })
    return before - this.newer.length
  }

  /** The point that ends the interval; null when there is none. */
  at(interval: number): UnitPoint | null {
    return [this.base, ...this.newer].find((each) => each?.interval === interval) ?? null
  }

  /**
   * What came after that interval never happened. With `source` the point there is had by running visits on that captured one: of those
   * captured since then the images are given up.
   */
  goBack(to: number, source: UnitPoint | null = null): void {
    invariant(to >= (this.base?.interval ?? 0), 'SI6: nobody goes back behind the line', {
      to,
      line: this.base?.interval ?? 0,
    })
    this.newer = this.newer.filter((each) => each.interval <= to)
    this.owed = new Map()
    this.gap = null
    if (source !== null) this.newer = rebased(this.newer, source, this.base)
  }

  /** Visits whose record is not on the disk come to nothing, with those after them. */
  dropLogged(why: string): void {
    for (const point of this.newer.filter(({ logged }) => logged?.durable === false))
      this.drop(point)
    this.gap = why
  }

  /** The line is at this point now. */
  advance(point: UnitPoint): void {
    invariant(point.interval >= (this.base?.interval ?? 0), 'SI6: the line never goes back', {
      interval: point.interval,
    })
    this.base = point
    this.newer = this.newer.filter((each) => each.interval > point.interval)
  }
}

/** The point, with those that it is had by, or may be. */
function helpOf(point: UnitPoint): UnitPoint[] {
  return withChain(point).flatMap((each) =>
    each.equals === null ? [each] : [each, ...helpOf(each.equals)],
  )
}

/** The points after `source` as points of one chain that begins there. They go to the disk anew. */
function rebased(
  points: readonly UnitPoint[],
  source: UnitPoint,
  base: UnitPoint | null,
): UnitPoint[] {
  const isAfter = base !== null && base.interval > source.interval
  invariant(!isAfter || rootOf(base) === source, 'SI102: the line is had from one image', {
    source: source.interval,
    base: base?.interval ?? 0,
  })
  let before = isAfter ? base : source
  return points.map((point) => {
    if (point.interval <= source.interval) return point
    const { image, capture } = source
    const input = point.logged?.input ?? null
    const logged = { input, before, root: source, durable: false }
    before = { ...point, image, capture, fed: false, logged, equals: null }
    return before
  })
}
