/**
 * A locus's life on its thread: begin, enter the program, end. Written for one try: a locus that goes back is started again
 * by the kernel, on a thread of its own.
 */
import {
  actorPorts,
  locusCalls,
  locusOfPort,
  type Generation,
  type PortId,
  type Status,
  type ValueOf,
  type entryPlan,
} from '@katydid/abi'
import { TickClock, type Region, type RegionHandle } from '@katydid/actor'
import { runEntry } from './invoke.js'
import { LocusError } from './locus-error.js'
import { LocusThread, type Frame } from './locus-thread.js'
import { replayVisits } from './logged/replaying.js'
import { Locus } from './locus.js'
import { serveVisits } from './visitor.js'
import { ProgramCache } from './program-cache.js'

/** What the pool's worker is given. */
export interface LocusTask {
  readonly region: RegionHandle
  readonly port: PortId
  readonly generation: Generation
}

/** How it ended, as the kernel was told. */
export interface LocusOutcome {
  readonly status: Status
  readonly detail: string
}

type Plan = ValueOf<typeof entryPlan>
interface End {
  readonly status: Status
  readonly detail: string
  readonly block: Uint8Array
}

/** The longest sentence that goes with an end. */
const detailLength = 2000
const beginTries = 20

/** Runs the locus on `port` from its begin to its end. Throws only what is a bug of ours, or a kernel that is gone. */
export function runLocus(region: Region, { port, generation }: LocusTask): LocusOutcome {
  const slot = locusOfPort(port)
  const { words } = region
  if (words.load(region.locusWord(slot, 'generation')) !== generation)
    return { status: 'no_such_locus', detail: `the slot of port ${port} has another locus by now` }
  const thread = new LocusThread(region, slot, new ProgramCache(), new TickClock(region))
  const plan = begin(thread)
  if (plan === null) return { status: 'no_such_locus', detail: 'the kernel does not know of it' }
  thread.held = plan.answer
  thread.name = plan.name
  if (plan.visitor) {
    serveVisits(thread)
    return { status: 'ok', detail: '' }
  }
  const end = plan.replay ? replay(thread, plan) : enter(thread, plan)
  // Everything it did is in its container now; from here on it uses no translation.
  thread.move(null)
  const told = thread.call(locusCalls.locusEnd, end)
  thread.presence.end()
  if (told.status !== 'ok') return { status: told.status, detail: told.detail }
  return { status: end.status, detail: end.detail }
}

function begin(thread: LocusThread): Plan | null {
  for (let tries = 0; tries < beginTries; tries++) {
    const reply = thread.messenger.callSync(actorPorts.kernel, locusCalls.locusBegin, {})
    if (reply.status === 'ok') return reply.plan
    if (reply.status === 'no_such_locus' || reply.status === 'actor_gone') return null
    // No answer in time: asked again, as the call allows.
    thread.presence.pause(50)
  }
  return null
}

/** A locus that stands in for those that visited a logged container: it runs their visits again. */
function replay(thread: LocusThread, plan: Plan): End {
  try {
    const entry = thread.load(plan.program)
    thread.presence.enterShut()
    replayVisits(thread, plan, (frame, name) =>
      runEntry(thread, entry, new Locus(thread, frame, name)),
    )
    return { status: 'ok', detail: '', block: new Uint8Array(0) }
  } catch (error) {
    if (!(error instanceof LocusError)) throw error
    return endOf(error)
  }
}

const endOf = ({ status, sentence }: LocusError): End => ({
  status,
  detail: sentence.slice(0, detailLength),
  block: new Uint8Array(0),
})

function enter(thread: LocusThread, plan: Plan): End {
  const { slot } = thread
  const container = plan.container as Frame['container']
  const frame: Frame = {
    container,
    uses: thread.usesOf(container),
    depth: 0,
    tree: null,
    capref: plan.containerCap,
    args: plan.block,
    resumed: plan.resumed,
    within: null,
    visit: null,
  }
  thread.trace.event('locus_started', container, plan.resumed ? 1 : 0)
  try {
    const entry = thread.load(plan.program)
    // Starting counts as at rest: it becomes running only through the gate, and uses entries only then.
    thread.presence.throughGate()
    thread.move(frame)
    const block = runEntry(thread, entry, new Locus(thread, frame, plan.name))
    return { status: 'ok', detail: '', block }
  } catch (error) {
    if (!(error instanceof LocusError)) throw error
    return endOf(error)
  } finally {
    thread.trace.event('locus_ended', slot)
  }
}
