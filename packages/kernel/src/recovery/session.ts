/**
 * A recovery session: one path for a killed process, a dead manager and a lost locus. It ends with the world open at its
 * line, or failed with a sentence. A manager that fails more than five times in a minute is given up.
 */
import { actorPorts, asGeneration, asLocus } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import { choiceOf } from '../kept/go-back.js'
import { isDemoted } from '../logged/level.js'
import type { Machine } from '../machine.js'
import { agree } from '../machines/agree.js'
import { giveUpFailing, noteFailure } from '../manager/give-up.js'
import { releaseOutput } from '../output/release.js'
import { openGate, shutGate } from '../state-interval/gate.js'
import { endLag } from '../state-interval/lagging.js'
import { advanceLine, feedPoints, settleLine } from '../state-interval/line.js'
import { chooseLine } from './choose.js'
import { goPartly } from './go-partly.js'
import { knownPoints } from './known-points.js'
import { movedTo, presentOf, tellMoved, type Present } from './moved.js'
import { depart, type Departure } from './partly.js'
import type { Problem } from './problem.js'
import { resumeLoci } from './restore.js'
import { noteWanted } from '../state-interval/superseded.js'
import { tellLive } from './tell-live.js'
import { phaseOf, wanted } from './under-way.js'
import { applyWhole, decideWhole, noteDamage, prepareWhole } from './whole.js'

const endMs = 10_000

/** Brings the world back to its line and opens it; reports how. */
export function* recover(machine: Machine, reason: string, boot: boolean): Script<void> {
  invariant(machine.phase !== 'failed', 'SI15: a failed world is not recovered', {})
  const beganMs = machine.clock.nowMs()
  machine.phase = boot ? 'booting' : 'recovering'
  const before = presentOf(machine)
  // Kept before it was announced, and the world goes back to what was.
  machine.kept.leave(({ record }) => record.line > machine.captures.line)
  let why = reason
  let departure: Departure | null = null
  let isPartAgain = false
  for (let attempts = 1; ; attempts++) {
    machine.recoveryWanted = null
    // What did not come back in part goes back as a whole.
    if (boot || (attempts > 1 && !isPartAgain)) machine.lost = 'world'
    isPartAgain = false
    const hopeless = giveUpFailing(machine, attempts, why)
    if (hopeless !== null) {
      const first = machine.managers.at(actorPorts.firstManager)
      machine.fail(first?.ended?.status === 'damaged' ? 'damaged' : 'manager_failed', hopeless)
      return
    }
    let problem: Problem | null
    if (machine.across !== null) {
      const agreed = yield* agree(machine, machine.across, reason)
      departure = agreed.departure
      problem = typeof agreed.problem === 'string' ? null : agreed.problem
      if (typeof agreed.problem === 'string' && departure !== null && wanted(machine) === null)
        isPartAgain = goesFurtherBack(machine, departure, agreed.problem)
    } else if (machine.lost === 'world') {
      departure = null
      problem = yield* goWhole(machine, reason)
    } else {
      // From here on no announcement under way counts.
      machine.session++
      departure = yield* depart(machine, reason)
      if (departure === null) machine.recoveryWanted = reason
      const outcome = departure === null ? null : yield* goPartly(machine, departure)
      problem = typeof outcome === 'string' ? null : outcome
      if (typeof outcome === 'string' && departure !== null && wanted(machine) === null)
        isPartAgain = goesFurtherBack(machine, departure, outcome)
    }
    if (phaseOf(machine) === 'failed') return
    if (problem === null && wanted(machine) === null) break
    why = problem?.sentence ?? wanted(machine) ?? reason
    if (problem !== null) yield* endManager(machine, problem)
  }
  machine.counters.set('recoveryMs', machine.clock.nowMs() - beganMs)
  finish(machine, { reason, boot, beganMs, departure, before })
}

/** All of the world goes back. */
function* goWhole(machine: Machine, reason: string): Script<Problem | null> {
  shutGate(machine)
  const problem = yield* prepareWhole(machine, reason)
  if (problem !== null || phaseOf(machine) === 'failed' || wanted(machine) !== null) return problem
  const { target } = machine.kept
  const choice =
    target === null ? yield* chooseLine(machine, knownPoints(machine)) : choiceOf(machine, target)
  if (choice === null || 'port' in choice) return choice
  noteDamage(machine, choice)
  const decided = yield* decideWhole(machine, choice)
  return decided === null ? null : yield* applyWhole(machine, decided)
}

/**
 * What some were to do again differed: now only their captured points count, and the choice is made once more. True: that can be done in
 * part, as no point on the line was such a one.
 */
function goesFurtherBack(machine: Machine, { going }: Departure, sentence: string): boolean {
  invariant(machine.recoveryWanted === null, 'SI107: nothing else was lost meanwhile', {})
  machine.recoveryWanted = sentence
  machine.lost = new Set(going.keys())
  return ![...going.keys()].some((unit) => {
    const container = machine.containers.at(unit)
    const base = container?.intervals.history.base ?? null
    return base !== null && base.logged !== null && isDemoted(machine, container!)
  })
}

/** A manager that answered wrongly or not at all is ended, so that the next attempt begins with a new one. */
function* endManager(machine: Machine, { port, sentence }: Problem): Script<void> {
  const manager = machine.managers.at(port)
  invariant(manager !== null, 'SI15: a problem is somebody’s', { port })
  const { state } = manager
  if (state === 'running' || state === 'starting') {
    const generation = asGeneration(
      machine.region.words.load(machine.region.actorWord(port, 'generation')),
    )
    machine.order({ order: 'stop_actor', port, generation, reason: sentence })
    yield* machine.waits.until(() => manager.state === 'dead', endMs)
  }
  // Its end is a failure by itself. One that never came up, or does not end, has none.
  if (manager.state === state && state !== 'dead') {
    noteFailure(machine, manager)
    manager.state = 'dead'
  }
}

interface Finished {
  readonly reason: string
  readonly boot: boolean
  readonly beganMs: number
  /** Nil: all of the world went back. */
  readonly departure: Departure | null
  /** What there was. */
  readonly before: readonly Present[]
}

function finish(machine: Machine, { reason, boot, beganMs, departure, before }: Finished): void {
  const { captures } = machine
  machine.phase = 'open'
  captures.changesSeen = -1
  if (departure === null) {
    captures.takenAtMs = machine.clock.nowMs()
    endLag(machine)
  }
  const { points, loci } = machine.restored
  machine.restored = { points: [], loci: [] }
  machine.bootPoints = machine.bootLoci = machine.bootGroups = []
  machine.choices = null
  // Another machine lost something on which nothing here depends.
  const isUntouched = machine.across !== null && departure?.going.size === 0
  if (!boot && !isUntouched)
    tellMoved(machine, reason, departure?.moved ?? movedTo(before, points, reason))
  machine.lost = new Set()
  machine.going = new Map()
  freeTurns(machine)
  tellLive(machine)
  resumeLoci(machine, loci)
  machine.destroyedLoci.clear()
  if (phaseOf(machine) === 'failed') return
  if (departure === null) openGate(machine)
  noteWanted(machine)
  serveHeld(machine)
  feedPoints(machine)
  advanceLine(machine)
  releaseOutput(machine)
  if (boot)
    machine.report({
      kind: 'ready',
      recoveredCapture: captures.line,
      damage: machine.damage,
      recoveryMs: machine.clock.nowMs() - beganMs,
    })
}

/** A turn in a logged container that a thread had which is gone is nobody’s. */
function freeTurns(machine: Machine): void {
  const { words } = machine.region
  const alive = new Set(machine.loci.threads().map(({ slot }) => slot))
  for (const { slot } of machine.containers.all()) {
    const word = machine.region.containerWord(slot, 'turn')
    const turn = words.load(word)
    if (turn !== 0 && !alive.has(asLocus(turn - 1))) words.compareExchange(word, turn, 0)
  }
}

/** Calls that loci made meanwhile, of those that run on. */
function serveHeld(machine: Machine): void {
  invariant(machine.phase !== 'recovering', 'SI30: held calls are served when all are there', {})
  for (const serve of machine.heldCalls.splice(0)) serve()
}

/** Starts a session when one is wanted and none is under way. */
export function recoverIfWanted(machine: Machine): void {
  const reason = machine.recoveryWanted
  if (reason === null || (machine.phase !== 'open' && machine.phase !== 'stopping')) return
  // A lazy world finds its line first, so that nobody goes back further than need be.
  if (machine.engine.waitingCount > 0) settleLine(machine, 'crash')
  if (machine.engine.policy === 'lazy' && machine.captures.announcing) return
  run(machine.messenger, recover(machine, reason, false))
}
