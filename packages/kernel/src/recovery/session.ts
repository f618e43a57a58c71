/**
 * A recovery session: one path for a killed process, a dead manager and a lost locus. It ends with the world open at its
 * line, or failed with a sentence. A manager that fails more than five times in a minute is given up.
 */
import { actorPorts, asGeneration, asLocus, managerUpcalls } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import { withChain } from '../logged/chain.js'
import { isDemoted } from '../logged/level.js'
import { noteLogged, replayAll } from '../logged/replay.js'
import type { Machine } from '../machine.js'
import { killDead } from '../capability/group-calls.js'
import { createOwnContainer, startManager } from '../manager/start-manager.js'
import { giveUpFailing, noteFailure } from '../manager/give-up.js'
import type { Manager } from '../manager/manager-table.js'
import { openGate, shutGate } from '../state-interval/gate.js'
import { restartEngine } from '../state-interval/engine-again.js'
import { endLag } from '../state-interval/lagging.js'
import { advanceLine, feedPoints, lineRecord, settleLine } from '../state-interval/line.js'
import type { LineRecord, OutputRecord, SavedLocus } from '../state-interval/records.js'
import { groupsOf } from '../state-interval/home.js'
import { noteWanted } from '../state-interval/superseded.js'
import { saveLocus } from '../state-interval/saved.js'
import { choiceOf, keepTold, partWith, takeUp } from '../kept/go-back.js'
import { chooseLine, type Choice } from './choose.js'
import { clearMemory, forgetContainers, forgetLoci, stopLoci } from './clear.js'
import { knownPoints, type KnownPoint } from './known-points.js'
import { heldBy, restoreContainers, restoreLoci, restoreSemaphores, resumeLoci } from './restore.js'
import { releaseOutput } from '../output/release.js'
import { outputGoesBack } from './output-back.js'
import { arrive, clearGoing, depart, type Departure } from './partly.js'
import { movedTo, presentOf, tellMoved, type Present } from './moved.js'
import { problemOf, type Problem } from './problem.js'
import { tellLive } from './tell-live.js'

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
    if (machine.lost === 'world') {
      departure = null
      shutGate(machine)
      problem = yield* attempt(machine, reason)
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

// Both change while a script waits, which the compiler cannot see.
const phaseOf = (machine: Machine): Machine['phase'] => machine.phase
const wanted = (machine: Machine): string | null => machine.recoveryWanted

function* attempt(machine: Machine, reason: string): Script<Problem | null> {
  machine.session++
  machine.captures.queued
    .splice(0)
    .forEach((each) => each({ status: 'frozen', detail: 'the world goes back to its line' }))
  if (!(yield* stopLoci(machine, reason))) {
    machine.fail(
      'manager_failed',
      'a locus’s thread, or the disk, did not stop in time for a recovery',
    )
    return null
  }
  if (!(yield* clearMemory(machine))) {
    machine.fail('io_error', 'a transfer of the disk did not end in time for a recovery')
    return null
  }
  if (!(yield* note(machine, { rolledBack: false, back: [] }))) return null
  const problem = yield* bringUpAll(machine)
  if (problem !== null || phaseOf(machine) === 'failed' || wanted(machine) !== null) return problem
  const { target } = machine.kept
  const choice =
    target === null ? yield* chooseLine(machine, knownPoints(machine)) : choiceOf(machine, target)
  if (choice === null || 'port' in choice) return choice
  machine.damage =
    [machine.damage, choice.damage].filter((each) => each !== null).join('; ') || null
  return yield* goTo(machine, choice)
}

function* goTo(machine: Machine, { points, epoch, backTo }: Choice): Script<Problem | null> {
  const { captures } = machine
  if (backTo !== undefined) takeUp(machine, backTo, points)
  const told = backTo === undefined ? null : keepTold(machine, points)
  const kept = backTo === undefined ? imagesToKeep(machine, points) : new Map<number, number>()
  const chosen = new Map(points.map(({ unit, interval }) => [unit, interval]))
  // Another attempt chooses from these: what was newer is void from now on.
  machine.choices =
    backTo === undefined
      ? knownPoints(machine).filter(({ unit, interval }) => interval <= (chosen.get(unit) ?? 0))
      : points.flatMap(withChain)
  captures.vector = new Map()
  captures.line = epoch
  for (const { unit, interval, container, semaphore } of points) {
    if (container !== null || semaphore !== null) captures.vector.set(unit, interval)
    else {
      captures.over.set(unit, interval)
      captures.ends.push({ unit, epoch })
    }
  }
  const how = { rolledBack: true, back: [], ...backToOf(backTo) }
  if (!(yield* note(machine, how, told === null ? [] : [told]))) return null
  if (backTo !== undefined) yield* partWith(machine, points)
  const homeless = homelessOf(machine)
  forgetContainers(
    machine,
    points.flatMap(({ container }) => container ?? []),
  )
  restoreGroups(machine, points)
  const problem = yield* restoreContainers(machine, points, new Map(), kept)
  if (problem !== null) return problem
  outputGoesBack(machine, points)
  restoreSemaphores(machine, points)
  const held = [...heldBy(points), ...homeless.map((saved) => ({ saved, interval: 1, told: true }))]
  const saved = held.map((each) => each.saved)
  const before = forgetLoci(machine, saved)
  // What became of them since never happened.
  restoreLoci(machine, held, backTo === undefined ? before : new Map())
  killDead(machine)
  machine.restored = { points, loci: saved }
  captures.newer = []
  restartEngine(machine)
  const differing = yield* replayAll(machine, points)
  if (differing !== null) machine.recoveryWanted ??= differing
  if (wanted(machine) !== null || phaseOf(machine) === 'failed') return null
  noteLogged(machine, points)
  if (kept.size > 0) tellBaselines(machine)
  return null
}

/**
 * As long as something is to be done again, and may turn out to differ, managers keep the snapshots from the line on; by unit. Where
 * there is nothing of the kind they keep what the world goes back to.
 */
function imagesToKeep(machine: Machine, points: readonly KnownPoint[]): Map<number, number> {
  if (points.every(({ logged }) => logged === null)) return new Map()
  const { vector } = machine.captures
  const images = new Map(points.map(({ unit }) => [unit, 0]))
  for (const { unit, interval, container } of knownPoints(machine))
    if (vector.get(unit) === interval) images.set(unit, container?.label ?? 0)
  return images
}

/** All of it is there: what managers kept of earlier snapshots is needed no more. */
function tellBaselines(machine: Machine): void {
  for (const { selfManaged, manager, token, intervals } of machine.containers.live()) {
    if (selfManaged || manager === null || intervals.recoverable === 0) continue
    const args = { cont: token, stateInterval: intervals.recoverable }
    machine.messenger.call(manager, managerUpcalls.snapshotIsRecoverable, args, () => {})
  }
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

/** What was lost, with what depends on it, is taken back to its newest points that can be had while the others run on. */
function* goPartly(machine: Machine, departure: Departure): Script<Problem | string | null> {
  // More was lost meanwhile: all of the world goes back.
  if (wanted(machine) !== null) return null
  if (!(yield* clearGoing(machine, departure))) {
    machine.fail('io_error', 'a transfer of the disk did not end in time for a recovery')
    return null
  }
  const back = [...departure.going].map(([unit, { to }]): [number, number] => [unit, to])
  if (!(yield* note(machine, { rolledBack: false, back }))) return null
  const problem = (yield* bringUpAll(machine)) ?? (yield* arrive(machine, departure))
  if (problem === null) restartEngine(machine)
  return problem
}

/** Loci that have ended and whose containers are gone: no unit holds them. */
function homelessOf(machine: Machine): SavedLocus[] {
  if (machine.bootPoints.length > 0) return [...machine.bootLoci]
  return machine.loci
    .all()
    .filter(({ end, told, container }) => {
      return end !== null && told && machine.containers.at(container) === null
    })
    .map((each) => saveLocus(machine, each))
}

/** Permission groups: before the tables that refer to them. */
function restoreGroups(machine: Machine, points: readonly KnownPoint[]): void {
  const held = points.flatMap(({ container, semaphore }) => [
    ...(container?.groups ?? []),
    ...(semaphore?.groups ?? []),
  ])
  const others = machine.bootPoints.length > 0 ? machine.bootGroups : groupsOf(machine, null)
  machine.groups.restore([...held, ...others], machine.groups.next)
}

/** A record of the session, durable before the world does anything under its number. */
function* note(
  machine: Machine,
  how: Pick<LineRecord, 'rolledBack' | 'back' | 'backTo'>,
  before: readonly OutputRecord[] = [],
): Script<boolean> {
  const { line, vector } = machine.captures
  const record = lineRecord(machine, line, [...vector], how)
  const after = machine.log.position
  const written = yield* machine.log.write([...before, record])
  if (written.status === 'ok') {
    machine.captures.lineAfter = after
    return true
  }
  machine.fail(
    'io_error',
    `the disk did not take the recovery’s record: ${written.status}, ${written.detail}`,
  )
  return false
}

const backToOf = (kept: Choice['backTo']): Pick<LineRecord, 'backTo'> =>
  kept === undefined ? {} : { backTo: kept.record.line }

/** Starts the managers that do not run; what went wrong, or nil. */
function* bringUpAll(machine: Machine): Script<Problem | null> {
  for (const manager of machine.managers.all()) {
    if (manager.state === 'given_up') continue
    // It died after memory was cleared: what it had is taken back first, by another attempt.
    if (hasRemains(machine, manager)) {
      machine.recoveryWanted ??= `the manager “${manager.program.name}” ended`
      return null
    }
    const problem = yield* bringUp(machine, manager)
    if (problem !== null || phaseOf(machine) === 'failed') return problem
  }
  return null
}

function* bringUp(machine: Machine, manager: Manager): Script<Problem | null> {
  if (manager.state === 'running') return null
  if (manager.own === null && !createOwnContainer(machine, manager)) {
    machine.fail(
      'no_resource',
      `no container slot is left for the manager “${manager.program.name}”; open the world with fewer managers`,
    )
    return null
  }
  const up = yield* startManager(machine, manager)
  return up
    ? null
    : problemOf(
        manager.port,
        `the manager “${manager.program.name}” (port ${manager.port}) did not start in time`,
      )
}

/** Whether a dead manager still has frames: one that starts now would find them shown in its own container. */
function hasRemains(machine: Machine, { port, root, state }: Manager): boolean {
  if (state === 'running') return false
  return root !== null || machine.pageSets.all().some((set) => set.manager === port)
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
  if (!boot) tellMoved(machine, reason, departure?.moved ?? movedTo(before, points, reason))
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
