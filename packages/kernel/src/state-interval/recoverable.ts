/**
 * locus_stabilise: all that a locus has done and was told, recoverable. The one place that says how: an epoch, unless its container was
 * captured since, and the wait until the line has that point, which has all that it heard of others. Whoever asks before anything of an
 * epoch is cut joins it, so many that wait share one barrier; and while some wait for the
 * disk those who come gather for the next epoch, which begins when the disk is done. Containers that have nothing to do with the locus are not waited for.
 *
 * The container may have received something of another that was captured in the epoch before it: then the epoch after has both. It is
 * asked for soon, as somebody waits.
 */
import { refuse, type Answer, type locusCalls } from '@katydid/abi'
import { invariant, later, run, type IncomingCall, type Script } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { CaptureOutcome, Tick } from './capture-table.js'
import { requestCapture } from './capture.js'
import { isIdle } from './idle.js'
import { settleLine } from './line.js'
import { askToStabilise } from './stabilise.js'

type Stabilise = (typeof locusCalls)['locusStabilise']

/** An epoch is put off for so long at most, while others wait for theirs to be on the disk. */
const gatherMs = 50
/** After so long another epoch is asked for. */
const againMs = 200
/** What is not recoverable after this long is not waited for. */
const durableMs = 55_000

export function locusStabilise(
  machine: Machine,
  call: IncomingCall<Stabilise>,
): Answer<Stabilise> | typeof later {
  const locus = machine.loci.speaking(call.from, call.generation)
  const container = locus === null ? null : machine.containers.at(locus.container)
  if (locus === null || locus.end !== null || container === null)
    return refuse('no_such_locus', `no locus runs on port ${call.from}`)
  run(machine.messenger, stabilise(machine, container), call.reply.bind(call))
  return later
}

function* stabilise(machine: Machine, container: Container): Script<Answer<Stabilise>> {
  const { session, clock } = machine
  const { history } = container.intervals
  invariant(!container.selfManaged, 'SI50: no locus lives in a self-managed container', {
    slot: container.slot,
  })
  const giveUpMs = clock.nowMs() + durableMs
  const needed = neededOf(machine, container)
  const isThere = (): boolean => (history.base?.interval ?? 0) >= needed
  const isCaptured = (): boolean => (history.newest?.interval ?? 0) >= needed
  const isBroken = (): boolean => machine.session !== session || machine.phase === 'failed'
  let last: Tick | null = null
  for (;;) {
    if (machine.session !== session)
      return refuse('frozen', 'the world went back to its line before that')
    settleLine(machine, 'output')
    if (isThere()) return { status: 'ok' }
    if (machine.phase === 'failed' || clock.nowMs() > giveUpMs) return tooLate(last)
    if (last === null && !isCaptured())
      yield* machine.waits.until(() => machine.captures.waiting === 0 || isBroken(), gatherMs)
    if (last !== null || !isCaptured()) {
      const outcome: CaptureOutcome = yield* epoch(machine)
      if (outcome.status !== 'ok') return outcome
      last = outcome
      const problem = problemIn(outcome, container)
      if (problem !== null) return problem
      // An epoch that had passed the container before the locus ran in it: the next one has it.
      if (!isCaptured()) continue
    }
    const over = (): boolean => isThere() || isBroken() || (last?.failed ?? null) !== null
    askToStabilise(machine)
    machine.captures.waiting++
    yield* machine.waits.until(over, againMs)
    machine.captures.waiting--
    if (last !== null && last.failed !== null && !isThere()) return refuse('io_error', last.failed)
    last ??= noTick
  }
}

/** Stands for the epoch of somebody else that has captured the container. */
const noTick: Tick = { status: 'ok', epoch: 0, busy: new Map(), refused: new Map(), failed: null }

/** The interval that the line has to reach: the open one, or the newest point’s when nothing has happened since. */
function neededOf(machine: Machine, container: Container): number {
  const { newest } = container.intervals.history
  const open = machine.containers.interval(container.slot)
  invariant(newest === null || newest.interval < open, 'SI1: points of a unit rise', {
    newest: newest?.interval ?? 0,
    open,
  })
  return newest !== null && isIdle(machine, container) ? newest.interval : open
}

function problemIn({ busy, refused }: Tick, { slot }: Container): Answer<Stabilise> | null {
  const moving = busy.get(slot)
  if (moving !== undefined) return refuse('busy', moving)
  const without = refused.get(slot)
  return without === undefined ? null : refuse('manager_failed', without)
}

function tooLate(last: Tick | null): Answer<Stabilise> {
  for (const why of last?.busy.values() ?? []) return refuse('busy', why)
  return refuse('manager_failed', 'a manager did not make its snapshot stable in time')
}

/** An epoch, once everything of it is captured. */
function* epoch(machine: Machine): Script<CaptureOutcome> {
  const taken: CaptureOutcome[] = []
  requestCapture(machine, (outcome) => taken.push(outcome))
  yield* machine.waits.until(() => taken.length > 0, durableMs)
  return taken[0] ?? refuse('busy', 'an epoch was not over in time')
}
