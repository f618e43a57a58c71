/** What the kernel may ask of the manager, call by call. Nothing here waits: longer work is begun and goes on in turns. */
import {
  asMachine,
  refuse,
  type Answer,
  type ArgsOf,
  type managerNotices,
  type managerUpcalls,
  type PageSetId,
  type StateInterval,
  type Token,
} from '@katydid/abi'
import { invariant, later, type Handlers, type IncomingCall } from '@katydid/actor'
import { invokedElsewhere } from '../paging/invoked-elsewhere.js'
import { faultAnswer } from '../paging/fault-answer.js'
import { clear, seat } from '../paging/seat.js'
import type { Context } from './context.js'
import type { Flush } from './flush.js'
import type { Layer } from './layer.js'
import type { Identity } from './identity.js'
import { writeRecord } from './log-records.js'
import { ManagedContainer } from './managed-container.js'
import { mergeFailed } from './merge.js'
import type { OwnSnapshot } from './own-snapshot.js'
import type { Retention } from './retention.js'
import type { Sharing } from '../sharing/sharing.js'
import { isAboveLine, isOfKeptLine, keep, unseat } from './kept.js'
import { goFarBack } from './far-back.js'
import { canRollBack, dropDelta, rollBack, type Pagers } from './rollback.js'

type Upcalls = Handlers<typeof managerUpcalls>

export interface UpcallParts {
  readonly context: Context
  readonly pagers: Pagers
  readonly flush: Flush
  readonly ownSnapshot: OwnSnapshot
  readonly identity: Identity
  readonly layer: Layer
  /** The page set of our own pages, which is never asked back. */
  readonly ownPageSet: PageSetId
  readonly retention: Retention
  /** Nil: its containers are used on this machine alone. */
  readonly sharing: Sharing | null
}

const unknown = (token: Token) =>
  refuse('no_such_container', `this manager has no container by the token ${token}`)

const noInterval = (token: Token, interval: StateInterval) =>
  refuse('no_such_interval', `container ${token} has no snapshot ${interval} that could be used`)

/** Handlers of the upcalls. */
export function upcalls(parts: UpcallParts): Upcalls {
  const { context, pagers, flush, identity } = parts
  const { containers, counters } = context
  return {
    containerFault: ({ cont, addr, accessType }, call) => {
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      pagers.pager.faults.take({
        container,
        offset: addr,
        access: accessType,
        answer: (status) => call.reply(faultAnswer(status, cont, addr)),
      })
      return later
    },
    pageDiscard: ({ pageset, pageCount }) => {
      if (pageset === parts.ownPageSet) return { status: 'ok' }
      if (pageset !== context.reserve.pageSet)
        return refuse('no_such_page_set', `page set ${pageset} is not of this manager`)
      counters.add('pageDiscards')
      context.reserve.owe(pageCount)
      return { status: 'ok' }
    },
    invokeNoSupport: (args) => {
      const said = invokedElsewhere(context, args)
      if (said.status !== 'ok' || said.decision !== 'local_support') return said
      if (parts.sharing === null) return { ...said, decision: 'migrate_to' }
      parts.sharing.allow(args.cont, asMachine(args.machineId))
      return said
    },
    containerSnapshot: (args, call) => containerSnapshot(parts, args, call),
    stateIntervalQuery: ({ cont, stateInterval }) => {
      const container = containers.get(cont)
      if (stateInterval === 0 && (container === undefined || container.folded === 0))
        return { status: 'ok', state: 'recoverable' }
      if (container === undefined) return unknown(cont)
      const isRetained = container.history?.find(stateInterval) !== undefined
      if (stateInterval === container.folded || isRetained)
        return {
          status: 'ok',
          state: isAboveLine(container, stateInterval) ? 'stable' : 'recoverable',
        }
      const version = container.version(stateInterval)
      if (version === undefined) return { status: 'ok', state: 'none' }
      if (version.commit !== 'durable') return { status: 'ok', state: 'volatile' }
      return { status: 'ok', state: version.recoverable ? 'recoverable' : 'stable' }
    },
    containerStabiliseRequest: ({ cont, stateInterval }) => {
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      if (stateInterval === container.folded) return { status: 'ok' }
      const version = container.version(stateInterval)
      if (version === undefined) return noInterval(cont, stateInterval)
      if (version.commit === 'durable') flush.report(container, version)
      for (const each of container.versions) if (each.interval! <= stateInterval) flush.retry(each)
      return { status: 'ok' }
    },
    snapshotIsRecoverable: ({ cont, stateInterval }) => {
      if (cont === identity.own.token) return { status: 'ok' }
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      if (stateInterval > container.line) container.line = stateInterval
      if (stateInterval <= container.folded) return { status: 'ok' }
      if (container.version(stateInterval)?.commit !== 'durable')
        return noInterval(cont, stateInterval)
      for (const version of container.versions)
        if (version.interval! <= stateInterval) version.recoverable = true
      pagers.folding.retry()
      parts.retention.retry()
      counters.add('recoverable')
      return { status: 'ok' }
    },
    contRollback: (args, call) => contRollback(parts, args, call),
    containerDestroyed: ({ cont }) => {
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      if (isOfKeptLine(container)) unseat(parts, container)
      else forget(parts, container)
      return { status: 'ok' }
    },
  }
}

type ContainerSnapshot = (typeof managerUpcalls)['containerSnapshot']

function containerSnapshot(
  parts: UpcallParts,
  { cont, stateInterval }: ArgsOf<ContainerSnapshot>,
  call: IncomingCall<ContainerSnapshot>,
): Answer<ContainerSnapshot> | typeof later {
  const { context, identity, ownSnapshot, sharing } = parts
  if (cont === identity.own.token) {
    ownSnapshot.begin(stateInterval)
    return { status: 'ok' }
  }
  const container = context.containers.get(cont)
  if (container === undefined) return unknown(cont)
  if (container.label === stateInterval) return { status: 'ok' }
  const shared = container.sharing
  if (sharing === null || shared === null) {
    takeSnapshot(parts, container, stateInterval)
    return { status: 'ok' }
  }
  sharing.gather(shared, (isHome) => {
    if (isHome) takeSnapshot(parts, container, stateInterval)
    shared.directory.thaw()
    call.reply(
      isHome
        ? { status: 'ok' }
        : refuse('busy', `what guests have written of container ${cont} has not come home`),
    )
  })
  return later
}

/** The open delta is the version of that name from now on: a few steps, whatever its size. */
function takeSnapshot(
  parts: UpcallParts,
  container: ManagedContainer,
  stateInterval: StateInterval,
): void {
  const { context, pagers } = parts
  forgetOrphans(parts)
  const version = container.snapshot(stateInterval, context.date?.() ?? 0)
  invariant(container.open !== version, 'MG7: after a snapshot a new interval is open', {
    cont: container.token,
    stateInterval,
  })
  mergeFailed(context, pagers.pager.departures, container)
  context.counters.add('snapshots')
  context.trace.event('snapshot', container.token, stateInterval)
}

type ContRollback = (typeof managerUpcalls)['contRollback']

function contRollback(
  parts: UpcallParts,
  args: ArgsOf<ContRollback>,
  call: IncomingCall<ContRollback>,
): Answer<ContRollback> | typeof later {
  const { context, identity } = parts
  const { cont, stateInterval } = args
  let container = context.containers.get(cont)
  if (container === undefined) {
    if (stateInterval !== 0) return unknown(cont)
    identity.noteToken(cont)
    container = new ManagedContainer(cont)
    context.containers.set(cont, container)
  }
  const isInHistory = container.history?.find(stateInterval) !== undefined
  // A newer version may be half folded over what the map showed; then only the history has it whole.
  const isWhole = stateInterval !== container.folded || container.versions.length === 0
  if (!canRollBack(container, stateInterval) || (isInHistory && !isWhole)) {
    if (!isInHistory) return noInterval(cont, stateInterval)
    goFarBack(parts, container, args, call, () => settleBack(parts, container, args))
    return later
  }
  settleBack(parts, container, args)
  return { status: 'ok' }
}

/** The container's map, or a version, shows what it goes back to. */
function settleBack(
  { context, pagers, layer }: UpcallParts,
  container: ManagedContainer,
  args: ArgsOf<ContRollback>,
): void {
  const { stateInterval, open, recoverable } = args
  invariant(open > stateInterval, 'SI7: after going back a higher interval is open', {
    open,
    stateInterval,
  })
  layer.forget(container)
  clear(pagers.pager, container, 'frozen')
  seat(context, container, args)
  rollBack(context, pagers, container, { interval: stateInterval, open, recoverable })
}

/** Handlers of what the kernel says after a recovery. */
export function notices(parts: UpcallParts): Handlers<typeof managerNotices> {
  return {
    containersLive: ({ tokens }) => {
      const live = new Set(tokens)
      // What is on its way is not there yet: set_manager says whether it comes.
      for (const container of parts.context.containers.values())
        if (!live.has(container.token) && !container.isComing) forget(parts, container)
      return { status: 'ok' }
    },
    snapshotsKept: ({ snapshots }) => {
      if (keep(parts, snapshots)) return { status: 'ok' }
      return refuse('no_resource', 'the disk is too full for what is kept')
    },
    snapshotSupersedes: ({ cont, stateInterval }) => {
      const container = parts.context.containers.get(cont)
      if (container === undefined) return unknown(cont)
      if (stateInterval <= container.folded) return { status: 'ok' }
      if (container.version(stateInterval)?.commit !== 'durable')
        return noInterval(cont, stateInterval)
      // The map moves on to it; what is wanted of the maps before gets a name in the history.
      container.superseding = stateInterval
      parts.pagers.folding.retry()
      parts.retention.retry()
      return { status: 'ok' }
    },
  }
}

/**
 * A container found in the log that the kernel has not named since our start is gone: it was younger than the line. A
 * snapshot shows that the recovery is over. Kept on, it would hold its blocks and the log for ever.
 */
function forgetOrphans(parts: UpcallParts): void {
  for (const container of parts.context.containers.values())
    if (container.lcd === null && !container.isComing && !isOfKeptLine(container))
      forget(parts, container)
}

/** The container is gone: its frames, its deltas and, slice by slice, its map. */
export function forget({ context, pagers, layer }: UpcallParts, container: ManagedContainer): void {
  layer.forget(container)
  clear(pagers.pager, container, 'no_such_container')
  for (const delta of [container.open, ...container.versions]) dropDelta(context, pagers, delta)
  container.versions.length = 0
  pagers.folding.forget(container)
  pagers.folding.bury(container)
  context.containers.delete(container.token)
  const note = writeRecord({ what: 'destroyed', token: container.token })
  context.writer.write([], [note], false, context.pageBytes, () => {
    // Refused: the container is named as destroyed again after the next recovery.
  })
}
