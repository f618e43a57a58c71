/**
 * The thread of a visitor: it runs what loci of other machines invoke, one after the other, each as a nested invocation that has come from nowhere on this machine. The kernel
 * counts it in and out. Between two it is at rest, and in no container.
 */
import {
  actorPorts,
  hereCapref,
  locusCalls,
  locusStates,
  type ContainerSlot,
  type ResultOf,
} from '@katydid/abi'
import { runEntry } from './invoke.js'
import { LocusError } from './locus-error.js'
import type { Frame, LocusThread } from './locus-thread.js'
import { Locus } from './locus.js'

type Visit = NonNullable<ResultOf<typeof locusCalls.visitNext>['visit']>

interface Done {
  readonly number: number
  readonly status: string
  readonly detail: string
  readonly block: Uint8Array
}

const askMs = 60_000
const detailLength = 2000

/** Until the kernel has nothing more for it. */
export function serveVisits(thread: LocusThread): void {
  for (let done: Done | null = null; ;) {
    // A program that went without its locks would take the next one’s safepoints.
    const leaves = thread.holdsSomething
    const args = { done, leaves }
    const { kernel } = actorPorts
    const reply = thread.messenger.callSync(kernel, locusCalls.visitNext, args, askMs)
    if (reply.status !== 'ok' || reply.visit === null) return
    done = run(thread, reply.visit)
  }
}

function run(
  thread: LocusThread,
  { number, container, program, block, epoch, mixed, lent }: Visit,
): Done {
  const slot = container as ContainerSlot
  const frame: Frame = {
    container: slot,
    uses: thread.usesOf(slot),
    depth: 1,
    tree: { epoch, mixed },
    capref: hereCapref,
    args: block,
    resumed: false,
    within: null,
    visit: null,
  }
  try {
    const { region, programs } = thread
    const load = (wanted: typeof program) => thread.load(wanted)
    const entry = programs.entryOf(region, slot, hereCapref, () => program, load)
    thread.isLent = lent
    thread.presence.enterShut()
    thread.move(frame)
    const result = runEntry(thread, entry, new Locus(thread, frame, ''))
    return { number, status: 'ok', detail: '', block: result }
  } catch (error) {
    if (!(error instanceof LocusError)) throw error
    const { status, sentence } = error
    return { number, status, detail: sentence.slice(0, detailLength), block: new Uint8Array(0) }
  } finally {
    thread.move(null)
    thread.isLent = false
    thread.trap.goQuiet(locusStates.starting)
  }
}
