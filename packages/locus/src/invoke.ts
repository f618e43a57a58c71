/**
 * An invocation: the locus moves into another container, runs its program there on its own thread and comes back with a
 * block. No message, unless the program is not yet known. Arguments and results are copies; an exception of the invoked
 * becomes a status at the invoker.
 */
import { containerCalls, hereCapref, type Capref, type ContainerSlot } from '@katydid/abi'
import { InvariantViolation } from '@katydid/actor'
import { requireBlock, resultBlock, words } from './block.js'
import { invocable, isAway } from './capability.js'
import { receive, stampOf } from '@katydid/memory'
import { arrived, comeIn, goOut, newTree } from './entrance.js'
import { LocusError } from './locus-error.js'
import type { Frame, LocusThread } from './locus-thread.js'
import type { Locus } from './locus.js'
import type { Entry, Program } from './program.js'
import { withGlobals } from './logged/globals.js'
import { isLogged } from './logged/visit.js'
import { Visiting } from './logged/visiting.js'
import { remoteInvoke } from './remote-invoke.js'
import { isThenable } from './thenable.js'

type MakeLocus = (frame: Frame) => Locus

/** Invokes the container of `capref` from `from`, the current invocation. Refuses before it moves; comes back in any case. */
export function invoke(
  thread: LocusThread,
  from: Frame,
  capref: Capref,
  block: Uint8Array,
  deadlineMs: number,
  makeLocus: MakeLocus,
): Uint8Array {
  thread.requireFree('an invoke')
  thread.requireHome('an invoke')
  const args = Uint8Array.from(requireBlock(block))
  const { visit } = from
  const there = (): Uint8Array => move(thread, from, capref, args, deadlineMs, makeLocus)
  if (visit === null) return there()
  if (capref === hereCapref) return again(thread, from, args, makeLocus)
  return visit.call(capref, args, () => withGlobals(null, there))
}

function move(
  thread: LocusThread,
  from: Frame,
  capref: Capref,
  args: Uint8Array,
  deadlineMs: number,
  makeLocus: MakeLocus,
): Uint8Array {
  const { region } = thread
  const container = invocable(region, thread.slot, from.container, capref)
  if (isAway(region, container)) return remoteInvoke(thread, from, capref, args, deadlineMs)
  const entry = entryOf(thread, container, capref)
  const level = region.words.load(region.containerWord(container, 'level'))
  if (!isLogged(level)) return stay(thread, from, capref, container, args, entry, makeLocus, null)
  const visiting = Visiting.begin(thread, container, level, args)
  try {
    return stay(thread, from, capref, container, args, entry, makeLocus, visiting)
  } finally {
    visiting.end()
  }
}

/** Comes into the container, runs the program there, and goes back. */
function stay(
  thread: LocusThread,
  from: Frame,
  capref: Capref,
  container: ContainerSlot,
  args: Uint8Array,
  entry: Entry,
  makeLocus: MakeLocus,
  visiting: Visiting | null,
): Uint8Array {
  const { region } = thread
  const tree = from.tree ?? newTree(region, from.container)
  const visit = visiting === null ? null : visiting.visit
  const frame = frameOf(thread, container, tree, from.depth + 1, args, visit)
  comeIn(thread, tree, from.container, container)
  try {
    // Counted first, then a look once more: who destroys a container halts it first and then looks at the count.
    invocable(region, thread.slot, from.container, capref)
    thread.trace.event('invoke', container, frame.depth)
    const stamp = stampOf(region, from.container)
    thread.move(frame)
    arrived(thread)
    receive(region, container, stamp)
    try {
      if (visiting === null) return runEntry(thread, entry, makeLocus(frame))
      return visiting.run(stamp, () => runEntry(thread, entry, makeLocus(frame)))
    } finally {
      // An exception carries knowledge of the invoked container as well as a result does.
      const back = stampOf(region, container)
      // It throws nothing: whatever came of it, the locus is back where it was.
      if (visiting !== null) visiting.log()
      thread.move(from)
      receive(region, from.container, back)
    }
  } finally {
    arrived(thread)
    goOut(region, container)
  }
}

/** The program of a visit invokes its own container: part of the visit, which is in already. Run again where the visit is. */
function again(
  thread: LocusThread,
  from: Frame,
  args: Uint8Array,
  makeLocus: MakeLocus,
): Uint8Array {
  const { container, visit } = from
  const entry = entryOf(thread, container, hereCapref)
  const frame = frameOf(thread, container, from.tree, from.depth + 1, args, visit)
  thread.move(frame)
  try {
    return runEntry(thread, entry, makeLocus(frame))
  } finally {
    thread.move(from)
  }
}

function frameOf(
  thread: LocusThread,
  container: ContainerSlot,
  tree: Frame['tree'],
  depth: number,
  args: Uint8Array,
  visit: Frame['visit'],
): Frame {
  return {
    container,
    tree,
    uses: thread.usesOf(container),
    depth,
    capref: hereCapref,
    args,
    resumed: false,
    within: null,
    visit,
  }
}

const entryOf = (thread: LocusThread, container: ContainerSlot, capref: Capref): Entry =>
  thread.programs.entryOf(
    thread.region,
    container,
    capref,
    () => askProgram(thread, capref),
    (program) => thread.load(program),
  )

/** Runs a program's entry and answers its block. Every way in which a program can fail is a `LocusError`. */
export function runEntry(thread: LocusThread, entry: Entry, locus: Locus): Uint8Array {
  let result: unknown
  try {
    result = entry(locus)
  } catch (error) {
    if (error instanceof InvariantViolation) throw error
    throw new LocusError('program_failed', words(error), { cause: error })
  }
  if (isThenable(result))
    throw new LocusError(
      'program_is_async',
      'the program returned a promise; programs are synchronous: do asynchronous work outside the world',
    )
  thread.requireFree('a program’s return')
  return resultBlock(result)
}

function askProgram(thread: LocusThread, capref: Capref): Program | null {
  const reply = thread.call(containerCalls.getInvocationPoint, { cont: capref })
  if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
  return reply.program
}
