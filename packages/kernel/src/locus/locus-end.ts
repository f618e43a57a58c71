/**
 * How loci end. By locus_end with a result; by a program that threw, which costs everything since the line (there is no
 * “continue with what is there”) and tells its caller why; or with their thread, and then they run again, unless they do so
 * again and again: then their caller has `locus_lost`.
 */
import {
  isLocusPort,
  maxBlockBytes,
  refuse,
  statuses,
  type Answer,
  type ArgsOf,
  type Ending,
  type locusCalls,
  type LocusSlot,
  type Status,
} from '@katydid/abi'
import { invariant, isDead, type IncomingCall } from '@katydid/actor'
import { reclaimLocus } from '@katydid/memory'
import type { Machine } from '../machine.js'
import { requestRecovery } from '../recovery/request.js'
import { releaseOverlays } from '../transaction/release.js'
import { saveLocus } from '../state-interval/saved.js'
import { visitorEnded } from '../remote/visits.js'
import type { Locus, LocusEnd } from './locus.js'

type LocusEndCall = (typeof locusCalls)['locusEnd']

/** Ends after which nothing has to be rolled back: it returned, or its program was never entered. */
const harmless: readonly string[] = [
  'ok',
  'no_such_program',
  'not_a_function',
  'program_changed',
  'no_invocation_point',
] satisfies readonly Status[]
/** How often a locus is started again after its thread was lost, within a minute. */
const mostLosses = 5
const lossWindowMs = 60_000

/** locus_end: the outermost invocation returned, or failed. */
export function locusEnd(
  machine: Machine,
  args: ArgsOf<LocusEndCall>,
  call: IncomingCall<LocusEndCall>,
): Answer<LocusEndCall> {
  const locus = machine.loci.speaking(call.from, call.generation)
  invariant(locus !== null, 'LO63: only a thread of the present is heard', { port: call.from })
  if (args.block.byteLength > maxBlockBytes)
    return refuse(
      'too_large',
      `a block has at most ${maxBlockBytes} bytes, not ${args.block.byteLength}`,
    )
  if (locus.replay !== null) {
    if (args.status !== 'ok') locus.replay.problem ??= `${args.status}, ${args.detail}`
    return { status: 'ok' }
  }
  if (locus.end !== null || machine.phase === 'recovering') return { status: 'ok' }
  const block = Uint8Array.from(args.block)
  if (harmless.includes(args.status)) {
    // A program that was never entered may be mended: captures keep the locus as one that has yet to enter it.
    if (args.status !== 'ok') locus.heldBack = saveLocus(machine, locus)
    settle(machine, locus, { ...args, block })
  } else if (!managerIsGone(machine, locus)) {
    const known = (statuses as readonly string[]).includes(args.status)
    locus.fate = { status: known ? (args.status as Status) : 'locus_lost', detail: args.detail }
    const reason = `locus ${nameOf(locus)} failed: ${args.status}, ${args.detail}`
    requestRecovery(machine, reason, new Set([locus.container]))
  }
  return { status: 'ok' }
}

/** Its failure is its manager's death, of which we shall hear: it is not the program's fault and it runs again. */
function managerIsGone(machine: Machine, locus: Locus): boolean {
  invariant(locus.end === null, 'LO63: only what has not ended fails', { id: locus.id })
  return machine.managers
    .all()
    .some(({ port, state }) => state !== 'given_up' && isDead(machine.region, port))
}

/** Its outermost invocation has ended for now: recoverable once a capture that holds it is. */
function settle(machine: Machine, locus: Locus, end: LocusEnd): void {
  invariant(locus.end === null, 'LO63: a locus ends once', { id: locus.id })
  locus.end = end
  machine.changed()
  reportEnd(machine, locus)
}

/** Tells hosts how a locus ended, and whether a crash could still undo it. */
export function reportEnd(machine: Machine, locus: Locus, unmade = false): void {
  invariant(locus.end !== null, 'LO63: only an end is reported', { id: locus.id })
  machine.report({
    kind: 'locus_ended',
    locus: locus.id,
    name: locus.name,
    ...locus.end,
    recoverable: locus.told,
    unmade,
  })
}

/** The supervisor has seen a locus's thread end: its slot is taken back; if it had not ended, recovery starts it again. */
export function locusThreadEnded(machine: Machine, ending: Ending): void {
  invariant(isLocusPort(ending.port), 'LO60: a locus’s thread has a locus’s port', {
    port: ending.port,
  })
  const speaking = machine.loci.speaking(ending.port, ending.generation)
  if (speaking === null || speaking.slot === null) return
  const entering = enteringOf(machine, speaking.slot)
  reclaimLocus(machine.region, speaking.slot)
  releaseOverlays(machine, (each) => each.locus === speaking.id)
  const locus = machine.loci.release(ending.port, ending.generation)
  // Who waits for it sees that it has no slot any more.
  if (locus === null || locus.end !== null || locus.replay !== null) return
  const visiting = machine.visits.of(locus, ending.generation)
  if (visiting !== null) {
    noteEntering(machine, entering)
    return visitorEnded(machine, visiting, reasonOf(ending))
  }
  noteEntering(machine, entering)
  if (isGoing(machine, locus.container) || machine.phase === 'failed' || locus.fate !== null) return
  const now = machine.clock.nowMs()
  locus.losses.push(now)
  const recent = locus.losses.filter((at) => now - at < lossWindowMs)
  const why = reasonOf(ending)
  if (recent.length > mostLosses)
    locus.fate = {
      status: 'locus_lost',
      detail: `its thread was lost ${recent.length} times in a minute (${why})`,
    }
  requestRecovery(machine, `locus ${nameOf(locus)} was lost (${why})`, new Set([locus.container]))
}

const reasonOf = ({ event, detail }: Ending): string =>
  `${event}${detail === '' ? '' : `: ${detail}`}`

function noteEntering(machine: Machine, entering: number | null): void {
  // What goes back already counts anew who is in it.
  if (entering === null || isGoing(machine, entering)) return
  const to = machine.containers.at(entering)?.name ?? ''
  requestRecovery(machine, `a locus ended on its way into “${to}”`, new Set([entering]))
}

/** The container that it was on its way into: it may have counted itself there. Null: none. */
function enteringOf(machine: Machine, slot: LocusSlot): number | null {
  const awaits = machine.region.words.load(machine.region.locusWord(slot, 'awaits'))
  return awaits === 0 ? null : awaits - 1
}

/** Whether a recovery under way has ended its thread, or will start it again in any case. */
function isGoing(machine: Machine, container: number): boolean {
  if (machine.phase !== 'recovering') return false
  return machine.lost === 'world' || machine.going.has(container)
}

const nameOf = (locus: Locus): string => (locus.name === '' ? `${locus.id}` : `“${locus.name}”`)
