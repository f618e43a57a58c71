/**
 * Runs the visits of a logged container again, one after the other as they were, from the image that the kernel has brought back. The
 * container is shut meanwhile; this locus alone is in it, and reaches nothing outside of it.
 */
import { hereCapref, inputCalls, type ContainerSlot } from '@katydid/abi'
import { LocusError } from '../locus-error.js'
import type { Frame, LocusThread } from '../locus-thread.js'
import { withGlobals } from './globals.js'
import { Replayer } from './replayer.js'
import { isReplaced, type Input } from './visit.js'

type RunProgram = (frame: Frame, name: string) => Uint8Array

/** Runs every input that the kernel gives, and tells it what differed. Refuses as replay_next says. */
export function replayVisits(
  thread: LocusThread,
  plan: { readonly container: number },
  program: RunProgram,
): void {
  const container = plan.container as ContainerSlot
  const { words } = thread.region
  const replaced = isReplaced(words.load(thread.region.containerWord(container, 'level')))
  let problem: string | null = null
  for (;;) {
    const reply = thread.call(inputCalls.replayNext, { problem })
    if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
    if (reply.input === null) return
    problem = again(thread, container, reply.input, new Replayer(reply.input, replaced), program)
  }
}

/** Runs one visit; says what differed. It counts as the nested invocation that it was. */
function again(
  thread: LocusThread,
  container: ContainerSlot,
  input: Input,
  visit: Replayer,
  program: RunProgram,
): string | null {
  const frame: Frame = {
    container,
    tree: null,
    uses: thread.usesOf(container),
    depth: 1,
    capref: hereCapref,
    args: Uint8Array.from(input.block),
    resumed: false,
    within: null,
    visit,
  }
  thread.move(frame)
  try {
    return visit.run(() => withGlobals(visit, () => program(frame, input.name)))
  } finally {
    thread.move(null)
  }
}
