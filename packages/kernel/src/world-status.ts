/** world_status: containers, loci, page sets and the line, as data for reports. */
import { asInterval, locusStates, type Answer, type locusCalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { isAuditCopy } from './container/container.js'
import type { Locus } from './locus/locus.js'
import type { Machine } from './machine.js'
import { settleLine } from './state-interval/line.js'

type WorldStatus = (typeof locusCalls)['worldStatus']

const stateNames = Object.keys(locusStates)

export function worldStatus(machine: Machine): Answer<WorldStatus> {
  settleLine(machine, 'query')
  const { captures, frames } = machine
  const known = machine.containers.live().filter((each) => !isAuditCopy(each))
  const containers = known.map((each) => ({
    name: each.selfManaged ? `(manager ${each.manager})` : each.name,
    size: each.size,
    interval: asInterval(machine.containers.interval(each.slot)),
    recoverable: each.intervals.recoverable,
    manager: each.manager === null ? 'none' : `${each.manager}`,
    state: machine.containers.hasFailed(each) ? ('failed' as const) : ('live' as const),
    program: each.program,
  }))
  const report = {
    phase: machine.phase,
    session: machine.session,
    line: captures.line,
    epoch: captures.epoch,
    newer: captures.newer.map(({ id, epoch, durable }) => ({ record: id, epoch, durable })),
    drains: captures.drains,
    output: outputReport(machine),
    lagging: laggingReport(machine),
    freeFrames: frames.count,
    managers: machine.managers
      .all()
      .map(({ port, program, state, why }) => ({ port, name: program.name, state, why })),
    pageSets: machine.pageSets.all(),
    tableBytesFree: machine.slices.freeBytes,
    logPosition: machine.log.position,
    keptLines: machine.kept.offered(captures.line).map(({ record }) => record.line),
    rollbacks: machine.rollbacks,
    decisions: machine.decisions,
    audits: { begun: machine.audits.begun, givenUp: machine.audits.givenUp },
    damage: machine.damage,
    failure: machine.failure,
  }
  return {
    status: 'ok',
    containers,
    loci: machine.loci
      .all()
      .filter((each) => each.replay === null)
      .map((each) => locusStatus(machine, each)),
    report,
  }
}

/** Lines that wait to be told, container by container. */
const outputReport = ({ output }: Machine): object[] =>
  output
    .all()
    .filter(({ lines }) => lines.length > 0)
    .map(({ container, lines, bytes, told }) => ({ container, held: lines.length, bytes, told }))

/** Who holds the line, and for how long already; null: it does not lag. */
function laggingReport({ captures, clock }: Machine): object | null {
  const { lagging } = captures
  return lagging === null
    ? null
    : { forMs: Math.round(clock.nowMs() - lagging.sinceMs), holders: lagging.holders }
}

function locusStatus(
  machine: Machine,
  locus: Locus,
): { locus: number; name: string; state: string; container: string; faults: number } {
  const word = (field: 'state' | 'faults'): number =>
    locus.slot === null ? 0 : machine.region.words.load(machine.region.locusWord(locus.slot, field))
  const named = locus.stands ? 'suspended' : (stateNames[word('state')] ?? 'unknown')
  const state = locus.end === null ? named : 'ended'
  invariant(state !== 'unknown', 'LO60: a locus’s state is of the list', { state: word('state') })
  const container = machine.containers.at(locus.container)?.name ?? ''
  return { locus: locus.id, name: locus.name, state, container, faults: word('faults') }
}
