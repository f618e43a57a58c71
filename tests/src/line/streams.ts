/**
 * Named streams of points, as long as one likes: traffic of invocations under each rule of capture, and the shapes of patterns.ts.
 * What the engines' cost is measured on.
 */
import { Random } from '@katydid/actor'
import { PointOrder } from '@katydid/kernel/state-interval/line/order.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'
import { History, type CaptureRule, type Kind } from './history.js'
import { patterns, type PatternName } from './patterns.js'

export interface Stream {
  readonly name: string
  readonly make: () => Point[]
}

export interface Traffic {
  readonly units: number
  readonly capture: CaptureRule
  readonly kind?: Kind
  /** Invocations that return where they came from, or messages from anybody to anybody. */
  readonly shape: 'calls' | 'messages'
  readonly messages: number
  /** Each unit is captured about once in so many messages of its own. */
  readonly every: number
  readonly seed: number
}

/** Each kind of stream, with about so many units. */
export function streams(units: number): Stream[] {
  const messages = 160 * units
  return [
    callsOrMessages({ units, capture: 'counter', messages }),
    callsOrMessages({ units, capture: 'epoch', messages }),
    callsOrMessages({ units, capture: 'epoch', shape: 'messages', messages }),
    callsOrMessages({ units, capture: 'free', messages }),
    callsOrMessages({ units, capture: 'free', kind: 'logging', messages }),
    ...(['fanIn', 'fanOut', 'chain', 'ring', 'comb', 'unzip'] as const).map((name) =>
      pattern(name, units),
    ),
    { name: `queue, ${32 * units} points`, make: () => queue(16 * units) },
  ]
}

/** Many points of one unit wait, each for one of another, and enter one by one: the list of those that wait is long, and shrinks. */
function queue(points: number): Point[] {
  const intervals = Array.from({ length: points }, (_, nth) => nth + 1)
  return [
    ...intervals.map((interval) => ({ unit: 0, interval, dependencies: new Map([[1, interval]]) })),
    ...intervals.map((interval) => ({ unit: 1, interval, dependencies: new Map() })),
  ]
}

/** The streams of the table in docs/internals/line-engine.md. */
export function tableStreams(): Stream[] {
  return [
    callsOrMessages({ units: 64, capture: 'counter' }),
    callsOrMessages({ units: 64, capture: 'epoch' }),
    callsOrMessages({ units: 1024, capture: 'epoch', messages: 160_000 }),
    callsOrMessages({ units: 256, capture: 'epoch', shape: 'messages' }),
    callsOrMessages({ units: 64, capture: 'free' }),
    callsOrMessages({ units: 64, capture: 'free', kind: 'logging' }),
    ...(['fanIn', 'fanOut', 'chain', 'ring', 'comb', 'unzip'] as const).map((name) =>
      pattern(name, 1024),
    ),
  ]
}

function callsOrMessages(chosen: Partial<Traffic> & Pick<Traffic, 'units' | 'capture'>): Stream {
  const whole: Traffic = { shape: 'calls', messages: 40_000, every: 50, seed: 7, ...chosen }
  const logging = whole.kind === 'logging' ? ', logging' : ''
  return {
    name: `${ruleNames[whole.capture]}, ${whole.shape}${logging}, ${whole.units} units`,
    make: () => trafficStream(whole),
  }
}

function pattern(name: PatternName, units: number): Stream {
  return { name: `${shapeNames[name]}, ${units} units`, make: () => patternStream(name, units) }
}

const ruleNames = { counter: 'own counters', epoch: 'epochs', free: 'uncoordinated' } as const

const shapeNames: Readonly<Record<PatternName, string>> = {
  zCycle: 'cycle of three',
  domino: 'domino',
  fanIn: 'fan-in',
  fanOut: 'fan-out',
  chain: 'chain',
  ring: 'ring',
  comb: 'comb',
  unzip: 'unzip',
}

/** One pattern, once. */
export function patternStream(name: PatternName, units: number): Point[] {
  const points: Point[] = []
  const kinds = Array.from({ length: units }, () => 'snapshotting' as const)
  const order = new PointOrder((point) => points.push(point))
  const history = new History({ kinds, capture: 'free', bump: true }, order)
  patterns[name](history, units)
  return points
}

/** Loci that invoke and return, or messages without order; snapshots at random times, stable soon after, in any order. */
export function trafficStream(traffic: Traffic): Point[] {
  const { units, capture, messages, every } = traffic
  const points: Point[] = []
  const kinds = Array.from({ length: units }, () => traffic.kind ?? ('snapshotting' as const))
  const order = new PointOrder((point) => points.push(point))
  const history = new History({ kinds, capture, bump: true }, order)
  const random = new Random(traffic.seed)
  const draw = (below: number) => random.below(below)
  const stacks = Array.from({ length: Math.max(1, units >> 2) }, () => [draw(units)])
  for (let nth = 0; nth < messages; nth++) {
    if (traffic.shape === 'calls') callOrReturn(history, stacks[draw(stacks.length)]!, draw)
    else send(history, draw(units), draw)
    // A tick an epoch, and each unit notices it at a time of its own.
    if (nth % (units * every) === 0) history.tick()
    if (capture === 'epoch') history.capture(draw(units))
    else if (draw(every) === 0) history.capture(draw(units))
    const unit = draw(units)
    const open = history.openPoints(unit)
    if (open.length > 0) history.stable(unit, open[draw(open.length)]!)
  }
  for (let unit = 0; unit < units; unit++)
    for (const interval of history.openPoints(unit)) history.stable(unit, interval)
  return points
}

function callOrReturn(history: History, stack: number[], draw: (below: number) => number): void {
  const from = stack.at(-1)!
  if (stack.length > 1 && (stack.length > 6 || draw(2) === 0)) stack.pop()
  else stack.push((from + 1 + draw(history.unitCount - 1)) % history.unitCount)
  history.receive(history.send(from, stack.at(-1)!))
}

function send(history: History, from: number, draw: (below: number) => number): void {
  history.send(from, (from + 1 + draw(history.unitCount - 1)) % history.unitCount)
  const { inFlight } = history
  if (inFlight.length > history.unitCount) history.receive(inFlight[draw(inFlight.length)]!)
}
