/**
 * Running visits again. A container that goes back to a logged point has the pages of the captured one; a locus of the kernel's own
 * enters it, behind its shut gate, is given one input after the other, and says what differed from what had been.
 */
import {
  locusPort,
  masterRights,
  refuse,
  type Answer,
  type ArgsOf,
  type inputCalls,
} from '@katydid/abi'
import { invariant, type IncomingCall, type Script } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { newLocus, type Locus } from '../locus/locus.js'
import { startLocus } from '../locus/start.js'
import type { Machine } from '../machine.js'
import type { KnownPoint } from '../recovery/known-points.js'
import { noteState } from '../state-interval/idle.js'
import { inputsOf, rootOf, type LoggedInput } from './chain.js'
import { demote, isLoggedLevel, isTriedAgain } from './level.js'

type Call = (typeof inputCalls)['replayNext']

/** How long one visit may take the second time. */
const visitMs = 30_000
/** How long a locus of another container may keep the slot that the replay needs; and how long a thread may take to end. */
const slotMs = 10_000

/** A replay under way: what its locus was given so far, and what it said. */
export interface Replay {
  readonly inputs: readonly LoggedInput[]
  given: number
  /** What differed, or ended it; nil: nothing so far. */
  problem: string | null
  /** Every input was run, and nothing differed. */
  done: boolean
  /** Its thread ended before that. */
  lost: boolean
}

/**
 * Has the visits of all these points run again. A container of which one differs has its captures only from now on. Answers a
 * sentence that names those; nil: none differed, or something else was lost meanwhile.
 */
export function* replayAll(machine: Machine, points: readonly KnownPoint[]): Script<string | null> {
  const differing: string[] = []
  for (const point of points) {
    const container = machine.containers.at(point.unit)
    if (container === null || machine.containers.hasFailed(container)) continue
    const inputs = inputsOf(point)
    if (inputs.length === 0) continue
    const run: Replay = { inputs, given: 0, problem: null, done: false, lost: false }
    const problem = yield* replay(machine, container, run)
    if (machine.recoveryWanted !== null || machine.phase === 'failed') return null
    if (problem === null) continue
    const { name } = container
    // A thread that is lost says nothing of the program, unless it is lost each time.
    if (run.lost && isTriedAgain(machine, container)) {
      differing.push(`what “${name}” had done is tried once more: ${problem}`)
      continue
    }
    demote(machine, container)
    machine.report({
      kind: 'replay_differed',
      container: name,
      interval: point.interval,
      detail: problem,
    })
    differing.push(`“${name}” did not do again what it had done: ${problem}`)
  }
  return differing.length === 0 ? null : differing.join('; ')
}

/**
 * From now on visits of these can be logged again: what they are is noted, to be compared. Of one in which a locus lives that has not come to its
 * end no visit is logged before the next capture.
 */
export function noteLogged(machine: Machine, points: readonly KnownPoint[]): void {
  for (const { unit } of points) {
    const container = machine.containers.at(unit)
    const newest = container?.intervals.history.newest ?? null
    if (container === null || newest === null || !isLoggedLevel(container.serviceLevel)) continue
    const isHome = machine.loci.all().some((each) => each.container === unit && each.end === null)
    if (!isHome) noteState(machine, container, rootOf(newest))
  }
}

/**
 * What differed, or kept it from coming to its end; nil: all of it was done again. `isOff`: nobody wants to know any more. Where that is said
 * the replay is nobody's recovery, and a thread that does not end is waited for by whoever wants its slot.
 */
export function* replay(
  machine: Machine,
  container: Container,
  run: Replay,
  isOff: (() => boolean) | null = null,
): Script<string | null> {
  invariant(run.inputs.length > 0, 'SI104: there is something to run again', {
    slot: container.slot,
  })
  const { program, name } = container
  if (program === null) return `“${name}” has no program any more`
  const locus = replayLocus(machine, container, program, run)
  machine.loci.add(locus)
  const started = yield* machine.waits.until(() => startLocus(machine, locus, null), slotMs)
  const over = (): boolean =>
    run.done ||
    run.problem !== null ||
    machine.recoveryWanted !== null ||
    locus.slot === null ||
    isOff?.() === true
  while (!over()) {
    const { given } = run
    if (!(yield* machine.waits.until(() => over() || run.given > given, visitMs))) break
  }
  run.lost = started && locus.slot === null && !run.done && run.problem === null
  const outcome = run.done ? null : (run.problem ?? why(started, locus, run))
  const ended = yield* endThread(machine, locus)
  machine.loci.forget(locus)
  if (!ended && isOff === null)
    machine.fail('manager_failed', `the thread that ran “${name}” again did not end in time`)
  return outcome
}

function why(started: boolean, { slot }: Locus, { given }: Replay): string {
  if (!started) return `no slot for a locus was free for ${slotMs / 1000} s`
  const visit = given === 0 ? 'the first visit' : `visit ${given}`
  return slot === null
    ? `the thread ended at ${visit}`
    : `${visit} was not over after ${visitMs / 1000} s`
}

/** It ends by itself after its last answer. */
function* endThread(machine: Machine, locus: Locus): Script<boolean> {
  invariant(locus.replay !== null, 'SI104: only what runs again is ended here', { id: locus.id })
  const gone = (): boolean => locus.slot === null
  const { done } = locus.replay
  if (done && (yield* machine.waits.until(gone, slotMs))) return true
  if (locus.slot === null) return true
  const { slot, generation } = locus
  const reason = 'what it was to do again is over'
  machine.order({ order: 'stop_locus', port: locusPort(slot), generation, reason })
  return yield* machine.waits.until(gone, slotMs)
}

const replayLocus = (
  machine: Machine,
  container: Container,
  program: Locus['program'],
  run: Replay,
): Locus =>
  newLocus({
    id: machine.loci.takeId(),
    name: '',
    container: container.slot,
    program,
    block: new Uint8Array(0),
    rights: masterRights,
    replay: run,
  })

/** replay_next. */
export function replayNext(
  machine: Machine,
  { problem }: ArgsOf<Call>,
  call: IncomingCall<Call>,
): Answer<Call> {
  const run = machine.loci.speaking(call.from, call.generation)?.replay ?? null
  if (run === null || run.done)
    return refuse('no_such_locus', `no locus that runs visits again is on port ${call.from}`)
  run.problem ??= problem
  if (run.problem !== null) return { status: 'ok', input: null }
  invariant(run.given <= run.inputs.length, 'SI105: each visit is run again once', {
    given: run.given,
  })
  const input = run.inputs[run.given] ?? null
  if (input === null) run.done = true
  else run.given++
  return { status: 'ok', input }
}
