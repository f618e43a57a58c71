/**
 * What is given up above the line is wanted by no failure that comes later. A history is stopped now and then, and what the rule does not
 * need is given up; at the end every failure is tried, by numbers of messages, on all points and on those that are left.
 */
import * as fc from 'fast-check'
import test from 'ava'
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import { neededPoints, type UnitNow } from '@katydid/kernel/state-interval/line/needed.js'
import { PointOrder } from '@katydid/kernel/state-interval/line/order.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'
import { greatestChoice } from './engines/brute-force.js'
import { perform, plans, type Plan } from './histories.js'
import { History } from './history.js'
import { runs } from './runs.js'

const mostTried = 4096

interface Row {
  /** Fed and not given up, rising; with what was received since the one before. */
  kept: Point[]
  /** Opened, and neither fed nor discarded. */
  pending: Map<number, Point>
  readonly all: Point[]
}

type Rule = (units: readonly UnitNow[]) => Map<number, ReadonlySet<number>>

/** A history with its collector of garbage, as the kernel has it. */
class Collected {
  readonly history: History
  readonly rows: Row[]
  readonly #rule: Rule
  engine = new WitnessEngine()
  given = 0

  constructor(plan: Plan, rule: Rule) {
    this.#rule = rule
    this.rows = plan.rules.kinds.map(() => ({ kept: [], pending: new Map(), all: [] }))
    const order = new PointOrder((point) => {
      const row = this.rows[point.unit]!
      row.pending.delete(point.interval)
      row.kept.push(point)
      row.all.push(point)
      this.engine.stable(point)
    })
    this.history = new History(plan.rules, {
      open: (point) => {
        this.rows[point.unit]!.pending.set(point.interval, point)
        order.open(point)
      },
      stable: (unit, interval) => order.stable(unit, interval),
      discard: (unit, interval) => {
        const { pending } = this.rows[unit]!
        const point = pending.get(interval)
        pending.delete(interval)
        if (point !== undefined) this.#leave(unit, point)
        order.discard(unit, interval)
      },
    })
  }

  /** What a pending point that came to nothing had received, the next one has. */
  #leave(unit: number, { interval, dependencies }: Point): void {
    const { pending } = this.rows[unit]!
    const next = [...pending.keys()].filter((each) => each > interval).sort((a, b) => a - b)[0]
    if (next === undefined) return
    const point = pending.get(next)!
    pending.set(next, { ...point, dependencies: merged(point.dependencies, dependencies) })
  }

  collect(): void {
    const units = this.rows.map((row, unit): UnitNow => {
      const base = this.engine.line(unit)
      const received = this.history.received(unit)
      const points = [
        ...row.kept
          .filter(({ interval }) => interval > base)
          .map((each) => ({ ...each, isSure: true })),
        ...[...row.pending.values()].map((each) => ({ ...each, isSure: false })),
      ]
      points.sort((a, b) => a.interval - b.interval)
      return { unit, base, points, received: { least: received, most: received } }
    })
    const needed = this.#rule(units)
    const before = this.rows.map((_, unit) => this.engine.line(unit))
    this.engine = new WitnessEngine(() => {}, new Map(before.entries()))
    for (const [unit, row] of this.rows.entries()) {
      const left: Point[] = []
      let owed: ReadonlyMap<number, number> = new Map()
      const newest = row.kept.at(-1)
      for (const point of row.kept) {
        if (point.interval <= before[unit]!) left.push(point)
        else {
          const dependencies = merged(point.dependencies, owed)
          const stays = point === newest || needed.get(unit)!.has(point.interval)
          if (stays) left.push({ ...point, dependencies })
          else this.given++
          owed = stays ? new Map() : dependencies
        }
      }
      row.kept = left
    }
    for (const [unit, { kept }] of this.rows.entries())
      for (const point of kept) if (point.interval > before[unit]!) this.engine.stable(point)
  }

  /** Whether some failure goes back elsewhere for what was given up; `all` says with which points pending ones count. */
  misses(): boolean {
    const units = this.rows.map((_, unit) => unit)
    for (const withPending of [true, false])
      for (let failed = 1; failed < 2 ** units.length; failed++) {
        const wanted = this.#choice(failed, withPending, ({ all }) => all)
        const had = this.#choice(failed, withPending, ({ kept }) => kept)
        if (wanted !== null && had !== null && wanted.some((each, unit) => each !== had[unit]))
          return true
      }
    return false
  }

  #choice(failed: number, withPending: boolean, of: (row: Row) => Point[]): number[] | null {
    const candidates = this.rows.map((row, unit) => {
      const hasFailed = ((failed >> unit) & 1) === 1
      const open = hasFailed || !withPending ? [] : this.history.openPoints(unit)
      const rising = [0, ...of(row).map(({ interval }) => interval), ...open].sort((a, b) => a - b)
      const images = rising.map((at) => ({ at, image: this.history.image(unit, at) }))
      return hasFailed ? images : [...images, { at: Infinity, image: this.history.now(unit) }]
    })
    if (candidates.reduce((product, { length }) => product * length, 1) > mostTried) return null
    const chosen = greatestChoice(candidates.map((each) => each.map(({ image }) => image)))
    return candidates.map((each, unit) => each[chosen[unit]!]!.at)
  }
}

function merged(
  one: ReadonlyMap<number, number>,
  other: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const all = new Map(one)
  for (const [unit, interval] of other) all.set(unit, Math.max(all.get(unit) ?? 0, interval))
  return all
}

/** Histories in which a later failure misses what was given up, and how much was. */
function tried(rule: Rule, count: number): { missed: number; given: number; lines: number } {
  const found = { missed: 0, given: 0, lines: 0 }
  const held = fc.property(plans({ most: 70 }), fc.integer({ min: 3, max: 20 }), (plan, every) => {
    if (plan.rules.kinds.length > 4) return
    const collected = new Collected(plan, rule)
    const alone = new WitnessEngine()
    for (const [at, action] of plan.actions.entries()) {
      perform(collected.history, action)
      if (at % every === every - 1) collected.collect()
    }
    for (const { all } of collected.rows) for (const point of all) alone.stable(point)
    if (collected.misses()) found.missed++
    if (plan.rules.kinds.some((_, unit) => alone.line(unit) !== collected.engine.line(unit)))
      found.lines++
    found.given += collected.given
  })
  fc.assert(held, { numRuns: count, seed: 2026 })
  return found
}

test('[SI190] I7: no later failure of any units wants a point that was given up above the line, and the line is the same', (t) => {
  const { missed, given, lines } = tried(neededPoints, runs * 2)

  t.is(missed, 0)
  t.is(lines, 0)
  t.true(given > runs / 4, `${given} were given up`)
})

test('[SI190] I7: a rule that takes no account of what is pending, or keeps the newest alone, is found out', (t) => {
  const certain: Rule = (units) =>
    neededPoints(
      units.map((each) => ({ ...each, points: each.points.filter(({ isSure }) => isSure) })),
    )
  const newest: Rule = (units) =>
    new Map(units.map(({ unit, points }) => [unit, new Set([points.at(-1)?.interval ?? 0])]))

  t.true(tried(certain, runs * 4).missed > 0)
  t.true(tried(newest, runs).missed > 0)
})

test('[SI190] what is kept of each unit above the line is as many points as there are units, when nothing is pending', (t) => {
  let most = 0
  const held = fc.property(plans({ most: 120 }), (plan) => {
    if (plan.rules.kinds.length > 6) return
    const collected = new Collected(plan, neededPoints)
    for (const action of plan.actions) perform(collected.history, action)
    for (const [unit, row] of collected.rows.entries())
      for (const interval of collected.history.openPoints(unit)) {
        void row
        collected.history.stable(unit, interval)
      }
    collected.collect()
    for (const [unit, { kept }] of collected.rows.entries()) {
      const above = kept.filter(({ interval }) => interval > collected.engine.line(unit)).length
      most = Math.max(most, above)
      t.true(above <= plan.rules.kinds.length)
    }
  })
  fc.assert(held, { numRuns: runs, seed: 2026 })
  t.true(most >= 2, `${most}`)
})
