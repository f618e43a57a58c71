/** This machine takes part in a recovery that another coordinates: it does what it is asked, and what was decided, also when nothing more is heard. */
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Problem } from '../recovery/problem.js'
import { phaseOf, wanted } from '../recovery/under-way.js'
import type { Across } from './across.js'
import { ownIn } from './coordinate.js'
import { asHeard } from './foreign-units.js'
import type { Part } from './part.js'
import {
  isIn,
  isToBeFollowed,
  type DecisionTold,
  type Invitation,
  type Invited,
} from './session-requests.js'
import { told } from './told-units.js'

export type Participated =
  | { readonly outcome: 'applied'; readonly problem: Problem | string | null }
  | { readonly outcome: 'left' | 'failed' }

/** A coordinator waits for threads and managers of others meanwhile. */
const silenceMs = 90_000

export function* participate(machine: Machine, across: Across, part: Part): Script<Participated> {
  invariant(across.coordinating === 0, 'SI171: who coordinates takes part in nothing else', {})
  let isDecided = false
  for (;;) {
    yield* machine.waits.until(
      () => across.requests.length > 0 || isAlone(across) || isOver(machine),
      silenceMs,
    )
    if (isOver(machine) && !isDecided) return leave(across, 'failed')
    const request = across.requests[0]
    const isNew = request?.kind === 'join' && !isIn(across, request)
    // What was decided is carried out before anything else is looked at, also when nobody is there any more who would say so.
    if (isDecided && (request === undefined || request.kind !== 'decide')) {
      if (!isNew) across.requests.shift()
      across.joined = null
      return { outcome: 'applied', problem: yield* part.apply() }
    }
    if (request === undefined) return leave(across, 'left')
    across.requests.shift()
    if (request.kind === 'join') yield* follow(machine, across, part, request)
    else if (!isIn(across, request)) refuseLate(request)
    else if (request.kind === 'decide') isDecided = yield* decide(machine, across, part, request)
    else return leave(across, 'left')
    if (across.joined === null) return leave(across, 'left')
  }
}

const isOver = (machine: Machine): boolean =>
  phaseOf(machine) === 'failed' || wanted(machine) !== null

/** Its coordinator is gone, or what it says may have been lost on the way. */
function isAlone(across: Across): boolean {
  const { joined } = across
  return joined !== null && across.linkOf(joined.coordinator) !== joined.link
}

function leave<O extends 'left' | 'failed'>(across: Across, outcome: O): { readonly outcome: O } {
  across.joined = null
  return { outcome }
}

/** Joins, or answers the next round. An invitation that another has overtaken is declined. */
function* follow(
  machine: Machine,
  across: Across,
  part: Part,
  invitation: Invitation,
): Script<void> {
  const { from, recovery, going, reply } = invitation
  if (!isIn(across, invitation))
    across.joined = { recovery, coordinator: from, link: across.linkOf(from) }
  const units = yield* part.states(going)
  reply({ status: 'ok', ...told(machine, across, units, part) })
}

function* decide(
  machine: Machine,
  across: Across,
  part: Part,
  { from, recovery, args, reply }: DecisionTold,
): Script<boolean> {
  invariant(isToBeFollowed(machine, across, { from, recovery }), 'SI171: who has joined decides', {
    recovery,
  })
  const heard = (each: (typeof args.back)[number]) => ({
    ...each,
    unit: asHeard(across.self, from, each.unit),
  })
  const back = args.back.map(heard)
  across.decide(recovery, back, args.ended.map(heard))
  const line = new Map(
    args.line.map(({ unit, interval }) => [asHeard(across.self, from, unit), interval]),
  )
  const reason = `machine ${from} lost something`
  const decided = yield* part.decide({ back: ownIn(back), line, reason })
  reply({ status: 'ok', decided })
  return decided
}

function refuseLate(request: Invited): void {
  if (request.kind === 'decide') request.reply({ status: 'ok', decided: false })
}
