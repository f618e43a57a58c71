/** line_list and line_rollback: what a host is told of kept lines, and an administrator's decision to go back to one. */
import {
  asInterval,
  asPort,
  asToken,
  managerUpcalls,
  refuse,
  type Answer,
  type ArgsOf,
  type lineCalls,
} from '@katydid/abi'
import {
  ask,
  invariant,
  later,
  run,
  type Handlers,
  type IncomingCall,
  type Script,
} from '@katydid/actor'
import type { Machine } from '../machine.js'
import { answerMs } from '../recovery/choose.js'
import { requestRecovery } from '../recovery/request.js'
import type { SavedContainer } from '../state-interval/records.js'
import { foretell, isThere } from './foretell.js'
import type { KeptLine } from './kept-lines.js'
import { intervalAt } from './visits.js'

type Calls = typeof lineCalls
type Rollback = Calls['lineRollback']

/** A world that has not come back after so long has failed, or will never. */
const backMs = 600_000

export function lineHandlers(machine: Machine): Handlers<Calls> {
  return {
    lineList: () => ({
      status: 'ok',
      lines: offered(machine).map((each) => listed(machine, each)),
    }),
    lineRollback: (args, call) => lineRollback(machine, args, call),
  }
}

const offered = (machine: Machine): KeptLine[] => machine.kept.offered(machine.captures.line)

const find = (machine: Machine, line: number): KeptLine | null =>
  offered(machine).find(({ record }) => record.line === line) ?? null

function listed(machine: Machine, { record }: KeptLine) {
  const { line, keptMs, state } = record
  const members = state.containers.map((each) => ({
    container: each.name,
    interval: asInterval(intervalAt(record, each)),
    snapshot: asInterval(each.label),
    isThere: isThere(machine, each),
  }))
  return { line, keptMs, members }
}

function lineRollback(
  machine: Machine,
  { line, dry }: ArgsOf<Rollback>,
  call: IncomingCall<Rollback>,
): typeof later {
  run(machine.messenger, goBack(machine, line, dry), call.reply.bind(call))
  return later
}

function* goBack(machine: Machine, line: number, dry: boolean): Script<Answer<Rollback>> {
  if (machine.phase !== 'open' || machine.recoveryWanted !== null || machine.kept.target !== null)
    return refuse('frozen', 'the world is going back to its line; ask again when it is there')
  if (machine.across !== null)
    return refuse('not_supported', 'a machine of several does not go back by itself')
  const kept = find(machine, line)
  if (kept === null) return refuse('no_such_interval', unknownLine(machine, line))
  const { session } = machine
  kept.wanted++
  const problem = yield* problemWith(machine, kept)
  kept.wanted--
  // First: a line that was given up meanwhile, for want of room, is not damaged.
  if (machine.session !== session || find(machine, line) !== kept)
    return refuse('frozen', 'the world went back, or gave the line up, meanwhile; ask again')
  if (problem !== null) return problem
  const foretold = foretell(machine, kept)
  if (dry) return { status: 'ok', ...foretold }
  machine.kept.goBackTo(kept)
  requestRecovery(machine, `an administrator took the world back to line ${line}`, 'world')
  const isBack = (): boolean =>
    machine.phase === 'failed' || (machine.kept.target === null && machine.phase === 'open')
  const back = yield* machine.waits.until(isBack, backMs)
  if (!back || hasFailed(machine))
    return refuse('manager_failed', machine.failure || 'the world did not come back in time')
  return { status: 'ok', ...foretold }
}

// It changes while a script waits, which the compiler cannot see.
const hasFailed = (machine: Machine): boolean => machine.phase === 'failed'

function unknownLine(machine: Machine, line: number): string {
  const names = offered(machine).map(({ record }) => record.line)
  return names.length === 0
    ? `line ${line} is not kept, and no other is; a world keeps lines when it is made with retain`
    : `line ${line} is not kept; those that are: ${names.join(', ')}`
}

/** Whether everything of the line can be had; the refusal when not. */
function* problemWith(machine: Machine, { record }: KeptLine): Script<Answer<Rollback> | null> {
  const missing: string[] = []
  for (const each of record.state.containers) {
    const occupant = machine.containers.at(each.slot)
    if (occupant?.selfManaged === true)
      missing.push(`the place of “${each.name}” has been taken by a manager`)
    if (each.manager === null || each.label === 0) continue
    if (machine.managers.at(each.manager)?.state !== 'running')
      return refuse('manager_failed', `the manager of “${each.name}” does not run`)
    const reply = yield* ask(
      machine.messenger,
      asPort(each.manager),
      managerUpcalls.stateIntervalQuery,
      { cont: asToken(each.token), stateInterval: asInterval(each.label) },
      answerMs,
    )
    const said = reply.status === 'ok' ? reply.state : reply.status
    if (said === 'stable' || said === 'recoverable') continue
    if (said === 'none' || said === 'volatile' || said === 'no_such_container')
      missing.push(lost(each))
    else
      return refuse(
        'manager_failed',
        `the manager of “${each.name}” did not say what it has: ${said}`,
      )
  }
  invariant(record.line > 0, 'SI72: a kept line has an epoch', {})
  if (missing.length === 0) return null
  return refuse('damaged', `line ${record.line} cannot be gone back to: ${missing.join('; ')}`)
}

const lost = ({ name, label }: SavedContainer): string =>
  `snapshot ${label} of “${name}” is not there any more`
