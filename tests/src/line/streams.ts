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

/** All streams, with about so many units each. */
export function streams(units: number): Stream[] {
  const calls = { shape: 'calls', messages: 160 * units, every: 50, seed: 7 } as const
  const shapes: PatternName[] = ['fanIn', 'chain', 'ring', 'comb', 'unzip']
  const of = (capture: CaptureRule, rest: Partial<Traffic> = {}): Stream => {
    const traffic = { units, capture, ...calls, ...rest }
    const kind = traffic.kind === 'logging' ? ', logging' : ''
    const name = `${ruleNames[capture]} ${traffic.shape} N=${traffic.units}${kind}`
    return { name, make: () => trafficStream(traffic) }
  }
  return [
    of('counter'),
    of('epoch'),
    of('epoch', { shape: 'messages' }),
    of('free'),
    of('free', { kind: 'logging' }),
    ...shapes.map((name) => ({
      name: `${name} N=${units}`,
      make: () => patternStream(name, units),
    })),
  ]
}

const ruleNames = { counter: 'counter', epoch: 'epoch', free: 'uncoordinated' } as const

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
  const { units, capture, shape, messages, every } = traffic
  const points: Point[] = []
  const kinds = Array.from({ length: units }, () => traffic.kind ?? ('snapshotting' as const))
  const order = new PointOrder((point) => points.push(point))
  const history = new History({ kinds, capture, bump: true }, order)
  const random = new Random(traffic.seed)
  const draw = (below: number) => random.below(below)
  const stacks = Array.from({ length: Math.max(1, units >> 2) }, () => [draw(units)])
  for (let nth = 0; nth < messages; nth++) {
    if (shape === 'calls') callOrReturn(history, stacks[draw(stacks.length)]!, draw)
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
