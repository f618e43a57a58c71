/** input_logged: a visit of a logged container has ended, and is a point from now on. */
import {
  maxInputBytes,
  maxInputTimes,
  refuse,
  serviceLevels,
  type Answer,
  type ArgsOf,
  type inputCalls,
} from '@katydid/abi'
import { invariant, isDead, packValue, type IncomingCall } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { requestCapture } from '../state-interval/capture.js'
import { takeDependencies } from '../state-interval/cut.js'
import { rootOf, type LoggedInput } from './chain.js'
import { epochOfVisit, makeDue } from './enter-epoch.js'
import { isLoggedLevel } from './level.js'
import { whyNot } from './why-not.js'

type Call = (typeof inputCalls)['inputLogged']

/** So much is kept in memory since a container's last capture; then it is captured. */
const mostKeptBytes = 8 * 1024 * 1024

export function inputLogged(
  machine: Machine,
  { cont, input, why }: ArgsOf<Call>,
  call: IncomingCall<Call>,
): Answer<Call> {
  const locus = machine.loci.speaking(call.from, call.generation)
  if (locus === null || locus.end !== null || locus.slot === null)
    return refuse('no_such_locus', `no locus runs on port ${call.from}`)
  const container = machine.containers.at(cont)
  if (container === null || !isLoggedLevel(container.serviceLevel))
    return refuse('bad_argument', `container ${cont} is not logged`)
  const word = (field: 'turn' | 'level'): number =>
    machine.region.words.load(machine.region.containerWord(container.slot, field))
  if (word('turn') !== locus.slot + 1) {
    // Whatever it did there is in no input.
    notLogged(machine, container, 'a locus came in without its turn')
    return refuse('bad_argument', `the turn of “${container.name}” is not the caller’s`)
  }
  // It was demoted while the visit was under way.
  if (!isLoggedLevel(serviceLevels[word('level')]!)) return { status: 'ok', point: false }
  if (input === null) return notLogged(machine, container, why)
  const bytes = packValue(input).byteLength
  const isFit = bytes <= maxInputBytes && input.times.length <= maxInputTimes
  if (!isFit || input.sender >= machine.region.plan.shape.maxContainers)
    return refuse('bad_argument', `the input has ${bytes} bytes or names no container`)
  return makePoint(machine, container, copyOf(input, locus.id), bytes)
}

function makePoint(
  machine: Machine,
  container: Container,
  input: LoggedInput,
  bytes: number,
): Answer<Call> {
  const { slot, intervals } = container
  const { history } = intervals
  const { newest } = history
  // Nothing of it was ever captured: there is nothing that visits could be run on.
  if (newest === null) return { status: 'ok', point: false }
  const why = whyNot(machine, container, newest) ?? failedWithManager(machine, container, input)
  if (why !== null) return notLogged(machine, container, why)
  const interval = machine.containers.interval(slot)
  invariant(interval > newest.interval, 'SI1: points of a unit rise', { slot, interval })
  history.add({
    interval,
    image: newest.image,
    dependencies: takeDependencies(machine, container),
    capture: newest.capture,
    epoch: epochOfVisit(machine, container),
    fed: false,
    logged: { input, before: newest, root: rootOf(newest), durable: false },
    equals: null,
  })
  machine.containers.openNext(slot)
  machine.inputs.note(machine.clock.nowMs(), bytes)
  history.loggedBytes += bytes
  if (history.loggedBytes > mostKeptBytes && machine.captures.rendezvous === null) {
    history.loggedBytes = 0
    makeDue(container)
    requestCapture(machine, () => {})
  }
  return { status: 'ok', point: true }
}

/** A visit that a dead manager let down does not fail the same way again. */
function failedWithManager(
  machine: Machine,
  { name, manager }: Container,
  { status }: LoggedInput,
): string | null {
  if (status === 'ok' || manager === null || !isDead(machine.region, manager)) return null
  return `the manager of “${name}” ended during a visit`
}

/** Said once: until it is captured again nothing of it is logged. */
function notLogged(machine: Machine, container: Container, why: string): Answer<Call> {
  const { history } = container.intervals
  if (history.gap === null && history.newest !== null)
    machine.report({ kind: 'not_logged', container: container.name, why })
  history.gap ??= why
  return { status: 'ok', point: false }
}

/** What a message holds is gone with it. */
const copyOf = (input: LoggedInput, locus: number): LoggedInput => ({
  ...input,
  locus,
  seed: Uint8Array.from(input.seed),
  block: Uint8Array.from(input.block),
  result: Uint8Array.from(input.result),
  calls: input.calls.map((each) => ({ ...each, block: Uint8Array.from(each.block) })),
})
