/**
 * Carries a plan out beside several engines and holds their lines against each other and against what truly happened.
 *
 * After each point: all engines have the same line, none has fallen, and no image in it has received what no image in it has
 * sent. At the end: the greatest line of all, found by trying, where that is possible; and the line of a machine that has
 * heard of some points only. What is wrong is thrown as a `Disagreement`, which says what of.
 */
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import { greatest } from '@katydid/kernel/state-interval/line/greatest.js'
import { PointOrder } from '@katydid/kernel/state-interval/line/order.js'
import type { LineEngine, Point } from '@katydid/kernel/state-interval/line/line.js'
import { greatestChoice, orphansOf } from './engines/brute-force.js'
import { perform, type Plan } from './histories.js'
import { History, type Image } from './history.js'

/** The rule that does not hold. */
export type Fault = 'orphan' | 'fell' | 'differ' | 'greatest' | 'partial' | 'restart'

export class Disagreement extends Error {
  readonly fault: Fault
  /** The engines that are not as most are. */
  readonly engines: readonly string[]

  constructor(fault: Fault, engines: readonly string[], sentence: string) {
    super(sentence)
    this.name = 'Disagreement'
    this.fault = fault
    this.engines = engines
  }
}

export interface Findings {
  readonly points: number
  /** Dependencies fed, and one for each point that has one before it in its unit. */
  readonly dependencies: number
  /** Whether every combination was tried. */
  readonly isTried: boolean
  /** Whether the line of what was partly heard was lower than the full one. */
  readonly isLower: boolean
  /** How many points are in the line at the end. */
  readonly inLine: number
}

/** More combinations than this are not tried. */
const mostTried = 4096

/** Carries out and looks. `engines` are new ones; the first one's line is what is held against the truth. */
export function judge(plan: Plan, engines: Readonly<Record<string, LineEngine>>): Findings {
  const came: Point[] = []
  const order = new PointOrder((point) => came.push(point))
  const history = new History(plan.rules, order)
  const fed: Point[] = []
  const feed = () => {
    for (const point of came.splice(0)) {
      const before = linesOf(history, engines)
      for (const engine of Object.values(engines)) engine.stable(point)
      fed.push(point)
      compare(history, engines, before)
    }
  }
  feed()
  for (const action of plan.actions) {
    perform(history, action)
    feed()
  }
  const line = lineOf(history, Object.values(engines)[0]!)
  judgeRestart(fed, line)
  return {
    points: fed.length,
    dependencies: dependencyCount(fed),
    isTried: judgeGreatest(history, fed, line),
    isLower: judgePartial(plan, history, fed, line),
    inLine: fed.filter(({ unit, interval }) => interval <= line[unit]!).length,
  }
}

/** What the engine had to look at: dependencies, and the point before, for all that have one. */
export function dependencyCount(points: readonly Point[]): number {
  const units = new Set(points.map(({ unit }) => unit))
  return points.reduce(
    (sum, { dependencies }) => sum + dependencies.size,
    points.length - units.size,
  )
}

function lineOf(history: History, engine: LineEngine): number[] {
  return Array.from({ length: history.unitCount }, (_, unit) => engine.line(unit))
}

type Lines = readonly (readonly [name: string, line: readonly number[]])[]

function linesOf(history: History, engines: Readonly<Record<string, LineEngine>>): Lines {
  return Object.entries(engines).map(([name, engine]) => [name, lineOf(history, engine)])
}

function compare(
  history: History,
  engines: Readonly<Record<string, LineEngine>>,
  before: Lines,
): void {
  const lines = linesOf(history, engines)
  const odd = oddOnes(lines)
  if (odd.length > 0)
    throw new Disagreement('differ', odd, `${odd.join(', ')} not as most: ${JSON.stringify(lines)}`)
  const line = lines[0]![1]
  if (line.some((interval, unit) => interval < before[0]![1][unit]!))
    throw new Disagreement(
      'fell',
      [],
      `the line fell from ${before[0]![1].join(' ')} to ${line.join(' ')}`,
    )
  const orphans = orphansOf(imagesAt(history, line))
  if (orphans.length > 0)
    throw new Disagreement(
      'orphan',
      [],
      `received and never sent in the line ${line.join(' ')}: ${orphans.join(' ')}`,
    )
}

/** Those whose line is not the one that most have. */
function oddOnes(lines: Lines): string[] {
  const texts = lines.map(([, line]) => line.join(' '))
  const votes = (text: string) => texts.filter((each) => each === text).length
  const most = texts.reduce((best, text) => (votes(text) > votes(best) ? text : best))
  return lines.filter((_, nth) => texts[nth] !== most).map(([name]) => name)
}

function imagesAt(history: History, line: readonly number[]): Image[] {
  return line.map((interval, unit) => history.image(unit, interval))
}

/** Holds the line against the greatest one found by trying; false when there is too much to try. */
function judgeGreatest(history: History, fed: readonly Point[], line: readonly number[]): boolean {
  const intervals = line.map((_, unit) => [
    0,
    ...fed.filter((each) => each.unit === unit).map(({ interval }) => interval),
  ])
  const combinations = intervals.reduce((product, { length }) => product * length, 1)
  if (line.length > 4 || combinations > mostTried) return false
  const images = intervals.map((each, unit) => each.map((at) => history.image(unit, at)))
  const tried = greatestChoice(images).map((place, unit) => intervals[unit]![place]!)
  if (tried.some((interval, unit) => interval !== line[unit]))
    throw new Disagreement(
      'greatest',
      [],
      `the line is ${line.join(' ')}, the greatest is ${tried.join(' ')}`,
    )
  return true
}

/** What a restart chooses of all points that are there, by an algorithm of its own, is the line. */
function judgeRestart(fed: readonly Point[], line: readonly number[]): void {
  const points = new Map(
    line.map((_, unit) => [unit, fed.filter((each) => each.unit === unit)] as const),
  )
  const found = greatest(points)
  const chosen = line.map((_, unit) => found.get(unit) ?? 0)
  if (chosen.some((interval, unit) => interval !== line[unit]))
    throw new Disagreement(
      'restart',
      [],
      `the line is ${line.join(' ')}, and a restart would choose ${chosen.join(' ')}`,
    )
}

/** A machine that has heard of the first points of each unit only has a line without orphans, and none above the full one. True: a lower one. */
function judgePartial(
  plan: Plan,
  history: History,
  fed: readonly Point[],
  line: readonly number[],
): boolean {
  const engine = new WitnessEngine()
  for (let unit = 0; unit < history.unitCount; unit++) {
    const points = fed.filter((each) => each.unit === unit)
    const heard = Math.round((points.length * plan.heard[unit]!) / 16)
    for (const point of points.slice(0, heard)) engine.stable(point)
  }
  const partial = lineOf(history, engine)
  const orphans = orphansOf(imagesAt(history, partial))
  if (orphans.length > 0 || partial.some((interval, unit) => interval > line[unit]!))
    throw new Disagreement(
      'partial',
      [],
      `the line is ${line.join(' ')}, of what was partly heard ${partial.join(' ')}, orphans: ${orphans.join(' ')}`,
    )
  return partial.some((interval, unit) => interval < line[unit]!)
}
