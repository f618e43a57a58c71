/**
 * Histories as fast-check draws them: plans of actions whose numbers are fitted to what is possible when they are carried out, so that
 * every plan is a history and every part of one is one too.
 */
import * as fc from 'fast-check'
import { PointOrder } from '@katydid/kernel/state-interval/line/order.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'
import { History, type CaptureRule, type Kind, type Rules } from './history.js'
import { patternNames, patterns, type PatternName } from './patterns.js'

export type Action =
  | { readonly do: 'send'; readonly from: number; readonly to: number }
  | { readonly do: 'receive'; readonly nth: number }
  | { readonly do: 'tell'; readonly from: number; readonly to: number }
  | { readonly do: 'tick' }
  | { readonly do: 'capture'; readonly unit: number }
  | { readonly do: 'upset'; readonly unit: number }
  | { readonly do: 'stable'; readonly unit: number; readonly nth: number }
  | { readonly do: 'discard'; readonly unit: number; readonly nth: number }
  | { readonly do: 'pattern'; readonly name: PatternName; readonly size: number }

export interface Plan {
  readonly rules: Rules
  readonly actions: readonly Action[]
  /** How much of each unit's points a machine that hears little knows, in sixteenths. */
  readonly heard: readonly number[]
}

export interface PlanOptions {
  readonly capture?: CaptureRule
  readonly kind?: Kind
  readonly bump?: boolean
  readonly most?: number
}

const anyNumber = fc.nat({ max: 23 })
const pair = fc.record({ from: anyNumber, to: anyNumber })

/** Weights give a point about every fifth action, half of them reported before the next. */
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: pair.map((ends) => ({ do: 'send' as const, ...ends })) },
  { weight: 4, arbitrary: anyNumber.map((nth) => ({ do: 'receive' as const, nth })) },
  { weight: 4, arbitrary: pair.map((ends) => ({ do: 'tell' as const, ...ends })) },
  { weight: 1, arbitrary: fc.constant({ do: 'tick' as const }) },
  { weight: 4, arbitrary: anyNumber.map((unit) => ({ do: 'capture' as const, unit })) },
  { weight: 1, arbitrary: anyNumber.map((unit) => ({ do: 'upset' as const, unit })) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('stable' as const), unit: anyNumber, nth: anyNumber }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('discard' as const), unit: anyNumber, nth: anyNumber }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pattern' as const),
      name: fc.constantFrom(...patternNames),
      size: fc.integer({ min: 3, max: 6 }),
    }),
  },
)

/** Plans of one kind of unit and one rule, or of any mixture. */
export function plans(options: PlanOptions = {}): fc.Arbitrary<Plan> {
  const { most = 120, bump = true } = options
  const kind: fc.Arbitrary<Kind> =
    options.kind === undefined
      ? fc.constantFrom('snapshotting', 'snapshotting', 'logging')
      : fc.constant(options.kind)
  const capture: fc.Arbitrary<CaptureRule> =
    options.capture === undefined
      ? fc.constantFrom('free', 'free', 'epoch', 'counter')
      : fc.constant(options.capture)
  const kinds = fc.oneof(
    { weight: 3, arbitrary: fc.array(kind, { minLength: 2, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(kind, { minLength: 5, maxLength: 9, size: 'max' }) },
  )
  return fc.record({
    rules: fc.record({ kinds, capture, bump: fc.constant(bump) }),
    actions: fc.array(anyAction, { maxLength: most, size: 'max' }),
    heard: fc.array(fc.nat({ max: 16 }), { minLength: 9, maxLength: 9 }),
  })
}

/** The points that the plan's history feeds, in the order in which they are fed. */
export function pointsOf(plan: Plan): Point[] {
  const points: Point[] = []
  const history = new History(plan.rules, new PointOrder((point) => points.push(point)))
  for (const action of plan.actions) perform(history, action)
  return points
}

/** One action, its numbers fitted to what there is. */
export function perform(history: History, action: Action): void {
  const fit = (drawn: number) => drawn % history.unitCount
  switch (action.do) {
    case 'send':
    case 'tell': {
      const from = fit(action.from)
      const to = (from + 1 + (action.to % (history.unitCount - 1))) % history.unitCount
      const message = history.send(from, to)
      if (action.do === 'tell') history.receive(message)
      return
    }
    case 'receive': {
      const { inFlight } = history
      const message = inFlight[action.nth % inFlight.length]
      if (message !== undefined) history.receive(message)
      return
    }
    case 'tick':
      history.tick()
      return
    case 'capture':
      history.capture(fit(action.unit))
      return
    case 'upset':
      history.upset(fit(action.unit))
      return
    case 'stable':
    case 'discard': {
      const unit = fit(action.unit)
      const open = history.openPoints(unit)
      const interval = open[action.nth % open.length]
      if (interval !== undefined) history[action.do](unit, interval)
      return
    }
    case 'pattern':
      if (history.unitCount >= 3) patterns[action.name](history, action.size)
  }
}
