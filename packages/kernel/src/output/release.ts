/**
 * Output commit. A line is given to the console when the line has the interval in which it was printed; from then on no crash can make it
 * unsaid. What the console says was told is noted in a record, so that it is not told again after a crash. Between the telling and
 * that record lies a moment in which a crash makes it be told twice, with the same sequence.
 */
import { actorPorts, asInterval, consoleCalls, type ArgsOf, type Reply } from '@katydid/abi'
import { ask, invariant, run, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { OutputRecord } from '../state-interval/records.js'
import { mayComeBack } from './may-come-back.js'
import type { ContainerOutput } from './output.js'

type Write = (typeof consoleCalls)['consoleWrite']
type Line = ArgsOf<Write>['lines'][number]

/** The console answers within five seconds, told or not. */
const writeMs = 15_000
/** After it did not, it is asked again. */
const pauseMs = 1_000
/** At most so much is with the console at a time, and so many lines of one container. */
const mostLines = 512
const mostOfOne = 256
const mostBytes = 128 * 1024

/** Tells what may be told and was not. Called whenever the line has moved, and when the world is back at it. */
export function releaseOutput(machine: Machine): void {
  const { output } = machine
  for (const each of output.all()) layAside(machine, each)
  if (output.isTelling || !canTell(machine)) return
  const batch = batchOf(machine)
  if (batch.length === 0) return
  output.isTelling = true
  output.turns++
  run(machine.messenger, tell(machine, batch), () => {
    output.isTelling = false
    releaseOutput(machine)
  })
}

/** What has ended and is told to its last line is forgotten, as soon as no kept line brings its container back. */
function layAside(machine: Machine, output: ContainerOutput): void {
  if (!output.isOver && (output.endedAfter === null || output.lines.length > 0)) return
  output.endedAfter = null
  output.isOver = mayComeBack(machine, output)
  if (!output.isOver) machine.output.forget(output)
}

/** Whether nothing that can be told is still to be told. */
export const isSettled = (machine: Machine): boolean =>
  !machine.output.isTelling && batchOf(machine).length === 0

const canTell = ({ phase }: Machine): boolean => phase === 'open' || phase === 'stopping'

/** Lines that are released, container by container in their order. */
function batchOf(machine: Machine): { readonly output: ContainerOutput; readonly line: Line }[] {
  const batch: { output: ContainerOutput; line: Line }[] = []
  let bytes = 0
  for (const output of machine.output.inTurn()) {
    const { container, slot, generation } = output
    const reached = reachedBy(machine, output)
    for (const held of output.lines.slice(0, mostOfOne)) {
      if (held.interval > reached || batch.length >= mostLines || bytes > mostBytes) break
      const line = { ...held, interval: asInterval(held.interval), container, slot, generation }
      batch.push({ output, line })
      bytes += Buffer.byteLength(held.text)
    }
  }
  return batch
}

/** Its container's interval on the line. */
function reachedBy(machine: Machine, { slot, generation, endedAfter }: ContainerOutput): number {
  if (endedAfter !== null) return Infinity
  const container = machine.containers.at(slot)
  if (container === null || container.generation !== generation) return 0
  return container.intervals.history.base?.interval ?? 0
}

function* tell(
  machine: Machine,
  batch: readonly { readonly output: ContainerOutput; readonly line: Line }[],
): Script<void> {
  const { messenger } = machine
  for (const { output, line } of batch) {
    // I9: what was released stays on the line of its container, whatever happens.
    const reached = reachedBy(machine, output)
    invariant(line.interval <= reached, 'DV2: what is told is on the line', { reached })
    output.given = Math.max(output.given, line.sequence)
  }
  const lines = batch.map(({ line }) => line)
  const write = consoleCalls.consoleWrite
  const reply: Reply<Write> = yield* ask(messenger, actorPorts.console, write, { lines }, writeMs)
  if (reply.status !== 'ok') {
    yield* machine.waits.until(() => false, pauseMs)
    return
  }
  const told = reply.told.flatMap((place) => batch[place] ?? [])
  if (told.length === 0) return
  for (const { output, line } of told) output.markTold(line.sequence)
  // The disk's refusal is its own matter: then these lines are told again after the next crash.
  yield* machine.log.write([toldRecord(machine, new Set(told.map(({ output }) => output)))])
}

/** How far these were told, for the log. */
export function toldRecord(machine: Machine, outputs: ReadonlySet<ContainerOutput>): OutputRecord {
  invariant(outputs.size > 0, 'DV3: a record says of somebody what was told', {})
  const told = [...outputs].map(({ slot, generation, container, told: upTo, given, recent }) => ({
    slot,
    generation,
    container,
    told: upTo,
    recent,
    ...(given > upTo ? { given } : {}),
  }))
  return {
    kind: 'output',
    session: machine.session,
    number: machine.captures.takeLineNumber(),
    told,
  }
}
