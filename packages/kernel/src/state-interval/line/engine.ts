/**
 * The engine of the line: takes stable points one by one and keeps the exact greatest line, looking at each dependency once.
 *
 * Every point above the line belongs to a component, and every component either waits for a point that does not exist or hangs
 * on a witness that is not in the line (see forest.ts). A component whose needs are all used up is closed under its needs:
 * it enters the line, and what hung on it is looked at again, from where its needs were left. The why is in docs/internals/line-engine.md.
 *
 * It never looks at a dependency twice, never keeps a point at or below the line, and does no I/O.
 */
import { invariant } from '@katydid/actor'
import { addNeed, Component, leaderOf, takeNeed } from './component.js'
import { closeRing, hang, hangsUnder, release } from './forest.js'
import type { Announce, LineEngine, Point } from './line.js'
import { Meter } from './meter.js'
import { Unit } from './unit.js'

export class WitnessEngine implements LineEngine {
  readonly #meter = new Meter()
  readonly #units = new Map<number, Unit>()
  readonly #announce: Announce
  /** Roots to be looked at. */
  readonly #loose: Component[] = []
  readonly #advanced = new Set<number>()

  /** `base` is the line to begin with, as a restart finds it: points at or below it are not fed. */
  constructor(announce: Announce = () => {}, base: ReadonlyMap<number, number> = new Map()) {
    this.#announce = announce
    for (const [unit, line] of base) this.#units.set(unit, new Unit(line, this.#meter))
  }

  get steps(): number {
    return this.#meter.steps
  }

  /** How many points are above the line: all that is remembered of points. */
  get pendingCount(): number {
    let count = 0
    for (const unit of this.#units.values()) count += unit.pendingCount
    return count
  }

  line(unit: number): number {
    return this.#units.get(unit)?.line ?? 0
  }

  /** Takes a point, moves the line as far as it goes, then announces each unit that moved, once. */
  stable(point: Point): void {
    invariant(this.#loose.length === 0, 'SI40: points are fed one at a time', { unit: point.unit })
    const unit = this.#unit(point.unit)
    const { newest } = unit
    const component = new Component(point.unit, point.interval)
    unit.add(component)
    // A snapshot holds all that earlier ones of its unit had received.
    if (newest > unit.line) addNeed(component, point.unit, newest)
    for (const [sender, interval] of point.dependencies) addNeed(component, sender, interval)
    for (;;) {
      const served = unit.waiting.takeUpTo(point.interval)
      if (served === null) break
      hang(served, component, this.#meter)
    }
    this.#loose.push(component)
    for (let root = this.#loose.pop(); root !== undefined; root = this.#loose.pop())
      this.#process(root)
    this.#tell()
  }

  /** Forgets a unit that has ended: its last point is in the line, and nothing that names it will be fed. */
  forget(unit: number): void {
    const known = this.#units.get(unit)
    if (known === undefined) return
    const { pendingCount, waiting } = known
    invariant(
      pendingCount === 0 && waiting.size === 0,
      'SI44: only a unit that is done is forgotten',
      {
        unit,
        pendingCount,
      },
    )
    this.#units.delete(unit)
  }

  /** Uses up a root's needs until one is found that the line does not have and that the root itself is not. */
  #process(root: Component): void {
    invariant(root.leader === root && root.witness === null, 'SI40: a root is looked at', {
      unit: root.unit,
    })
    for (let need = takeNeed(root); need !== null; need = takeNeed(root)) {
      this.#meter.steps++
      const unit = this.#unit(need.unit)
      if (need.interval <= unit.line) continue
      const target = unit.target(need.interval)
      if (target === null) {
        unit.waiting.add(need.interval, root)
        return
      }
      if (leaderOf(target, this.#meter) === root) continue
      if (!hangsUnder(target, root, this.#meter)) {
        hang(root, target, this.#meter)
        return
      }
      closeRing(root, target, this.#meter)
    }
    this.#enter(root)
  }

  /** The component and all it needs are there: its points are in the line. */
  #enter(root: Component): void {
    for (let member: Component | null = root; member !== null; member = member.nextMember) {
      this.#meter.steps++
      const unit = this.#unit(member.unit)
      if (member.interval <= unit.line) continue
      unit.advance(member.interval)
      this.#advanced.add(member.unit)
    }
    release(root, this.#meter, this.#loose)
  }

  /** Whoever is told may feed a point: what that moves is told there, and not again here. */
  #tell(): void {
    for (const unit of this.#advanced) {
      this.#advanced.delete(unit)
      this.#announce(unit, this.line(unit))
    }
  }

  #unit(unit: number): Unit {
    let known = this.#units.get(unit)
    if (known === undefined) {
      known = new Unit(0, this.#meter)
      this.#units.set(unit, known)
    }
    return known
  }
}
