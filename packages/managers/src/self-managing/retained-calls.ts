/**
 * What the kernel asks about retained snapshots, for users: which there are, a container that begins as one, no longer to
 * retain one, how many to retain. What changes maps is done in a turn in which it may be.
 */
import {
  actorPorts,
  managerDowncalls,
  refuse,
  rootPageContainers,
  type retainedUpcalls,
  type Answer,
  type ArgsOf,
  type ResultOf,
  type StateInterval,
  type Token,
} from '@katydid/abi'
import { ask, invariant, later, run, type Handlers, type IncomingCall } from '@katydid/actor'
import { seat } from '../paging/seat.js'
import { isAboveLine, isKept } from './kept.js'
import { History, mostRetained } from './history.js'
import { writeRecord, type ManagerRecord } from './log-records.js'
import { ManagedContainer } from './managed-container.js'
import type { MapRoot } from './place.js'
import { hashing } from './state-hash.js'
import { forget, type UpcallParts } from './upcalls.js'

type Calls = typeof retainedUpcalls
type Take = Calls['retainedTake']
type Listed = ResultOf<Calls['retainedList']>['snapshots']

/** A request that cannot be done for so long is refused: its caller gives up a little later. */
const patienceMs = 20_000

const unknown = (token: Token) =>
  refuse('no_such_container', `this manager has no container by the token ${token}`)

const notRetained = (token: Token, interval: StateInterval) =>
  refuse('no_such_interval', `snapshot ${interval} of container ${token} is not retained`)

/** Handlers of the upcalls about retained snapshots. */
export function retainedCalls(parts: UpcallParts): Handlers<Calls> {
  const { context, retention } = parts
  const { containers, clock } = context
  const until = (): number => clock.nowMs() + patienceMs
  return {
    retainedList: ({ cont }, call) => {
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      retention.when({
        attempt: () => {
          // What is recoverable and not folded yet comes into the maps first: they say how much it holds.
          if (container.versions.some(({ recoverable }) => recoverable)) return false
          call.reply({ status: 'ok', snapshots: list(parts, container) })
          return true
        },
        fail: (status, detail) =>
          call.reply(refuse(status === 'busy' ? status : 'io_error', detail)),
        untilMs: until(),
      })
      return later
    },
    retainedTake: (args, call) => {
      if (!containers.has(args.source)) return unknown(args.source)
      retention.when({
        attempt: () => take(parts, args, call),
        fail: (status, detail) => call.reply(refuse(refusalOf(status), detail)),
        untilMs: until(),
      })
      return later
    },
    retainedDrop: ({ cont, stateInterval }, call) => {
      if (!containers.has(cont)) return unknown(cont)
      retention.when({
        attempt: () => {
          call.reply(drop(parts, cont, stateInterval))
          return true
        },
        fail: (_, detail) => call.reply(refuse('io_error', detail)),
        untilMs: until(),
      })
      return later
    },
    retainedKeep: ({ cont, count }, call) => {
      if (!containers.has(cont)) return unknown(cont)
      if (count > mostRetained)
        return refuse(
          'bad_argument',
          `at most ${mostRetained} snapshots are retained, not ${count}`,
        )
      retention.when({
        attempt: () => {
          call.reply(keep(parts, cont, count))
          return true
        },
        fail: (status, detail) =>
          call.reply(refuse(status === 'no_resource' ? status : 'io_error', detail)),
        untilMs: until(),
      })
      return later
    },
    stateHash: ({ cont, stateInterval }, call) => {
      const container = containers.get(cont)
      if (container === undefined) return unknown(cont)
      retention.when({
        ...hashing(parts, container, stateInterval, call.reply.bind(call)),
        fail: (status, detail) =>
          call.reply(refuse(status === 'busy' ? status : 'io_error', detail)),
        untilMs: until(),
      })
      return later
    },
  }
}

const refusalOf = (status: string): 'no_resource' | 'busy' | 'io_error' =>
  status === 'no_resource' || status === 'busy' ? status : 'io_error'

/** Retained ones from old to new, then the line's own, which the map shows. */
function list({ context }: UpcallParts, container: ManagedContainer): Listed {
  const { maps } = context.store
  // One that was gone back to is in the history, and is the line's own too.
  const older = (container.history?.retained ?? []).filter(
    ({ interval }) => interval !== container.folded && !isAboveLine(container, interval),
  )
  const listed = older.map(({ interval, takenMs, map }) => ({
    stateInterval: interval,
    takenMs,
    pages: maps.count(map),
    state: interval === container.line ? ('line' as const) : ('retained' as const),
  }))
  invariant(
    listed.every(({ stateInterval }) => stateInterval <= container.label),
    'SI1: what is retained was named',
    { token: container.token },
  )
  const { folded, takenMs, map } = container
  if (folded === 0 || isAboveLine(container, folded)) return listed
  return [...listed, { stateInterval: folded, takenMs, pages: maps.count(map), state: 'line' }]
}

/** The map of a snapshot that is offered; `wait` when it is about to be folded, null when there is none. */
function mapOf(
  { pagers }: UpcallParts,
  container: ManagedContainer,
  interval: StateInterval,
): MapRoot | 'wait' | null {
  const retained = container.history?.find(interval)
  if (retained !== undefined) return retained.map
  if (interval === container.folded && interval > 0)
    return pagers.folding.isFolding(container) ? null : container.map
  const version = container.version(interval)
  return version?.recoverable === true && version.commit === 'durable' ? 'wait' : null
}

/** A new container begins as the snapshot; false when that has to wait. */
function take(parts: UpcallParts, args: ArgsOf<Take>, call: IncomingCall<Take>): boolean {
  const { context, identity, ownSnapshot } = parts
  const { containers, store, pageBytes } = context
  const source = containers.get(args.source)
  const map = source === undefined ? null : mapOf(parts, source, args.stateInterval)
  if (map === 'wait') return false
  if (source === undefined || map === null) {
    call.reply(notRetained(args.source, args.stateInterval))
    return true
  }
  if (containers.size >= rootPageContainers / 2) {
    call.reply(refuse('no_resource', `the manager has ${containers.size} containers`))
    return true
  }
  const container = new ManagedContainer(identity.giveToken(), args.writable)
  invariant(!containers.has(container.token), 'MG1: a token is given once', {
    token: container.token,
  })
  container.history = History.make(store.window, pageBytes, store.allocator)
  container.history.began = args.writable ? 'fork' : 'opened'
  Object.assign(container.map, store.maps.share(map))
  container.size = source.size
  container.isFork = true
  container.isComing = true
  containers.set(container.token, container)
  const settle = (): void =>
    run(context.messenger, settled(parts, container, args), call.reply.bind(call))
  // From now on the container is in the root page: what the kernel counts on is there after any crash.
  ownSnapshot.request((isDurable) => {
    if (isDurable) return settle()
    if (containers.get(container.token) === container) forget(parts, container)
    call.reply(refuse('io_error', 'the root page that names the new container is not durable'))
  })
  return true
}

/** set_manager, and where the kernel has put the container. */
function* settled(parts: UpcallParts, container: ManagedContainer, { cont }: ArgsOf<Take>) {
  const { context, identity } = parts
  const { messenger, containers } = context
  const { token: contId } = container
  const isHere = (): boolean => containers.get(contId) === container
  const gone = refuse('frozen', 'the world went back to its line, or the container is gone')
  if (!isHere()) return gone
  const args = { cont, manager: identity.self, contId }
  const set = yield* ask(messenger, actorPorts.kernel, managerDowncalls.setManager, args)
  container.isComing = false
  if (set.status !== 'ok' && isHere()) forget(parts, container)
  if (set.status !== 'ok' || !isHere()) return gone
  seat(context, container, { capability: cont, slot: set.slot, size: set.size })
  container.openInterval = set.stateInterval
  invariant(container.open.dirty.size === 0, 'MG103: a container begins as its snapshot', {
    contId,
  })
  yield* ask(messenger, actorPorts.kernel, managerDowncalls.qualityOfService, {
    cont,
    serviceLevel: container.writable ? context.options.serviceLevel : 'snapshotting',
  })
  return { status: 'ok' } as const
}

function drop(
  parts: UpcallParts,
  cont: Token,
  interval: StateInterval,
): Answer<Calls['retainedDrop']> {
  const container = parts.context.containers.get(cont)
  if (container === undefined) return unknown(cont)
  const entry = container.history?.find(interval)
  invariant(
    entry === undefined || interval <= container.folded,
    'MG101: what is retained was folded',
    {
      interval,
    },
  )
  if (entry === undefined) {
    const newest = container.versions.findLast((each) => each.recoverable)?.interval
    return interval === (newest ?? container.folded) && interval > 0
      ? refuse('most_recent_recoverable', `${interval} is the snapshot a crash would go back to`)
      : notRetained(cont, interval)
  }
  if (isKept(container, interval))
    return refuse(
      'most_recent_recoverable',
      `snapshot ${interval} of container ${cont} belongs to a kept line, and goes with it`,
    )
  parts.retention.drop(container, entry)
  container.dropped.add(interval)
  note(parts, { what: 'dropped', token: cont, interval })
  return { status: 'ok' }
}

function keep(parts: UpcallParts, cont: Token, count: number): Answer<Calls['retainedKeep']> {
  const { context, retention } = parts
  const container = context.containers.get(cont)
  if (container === undefined) return unknown(cont)
  invariant(count >= 0 && count <= mostRetained, 'MG101: a history has room for what it retains', {
    count,
  })
  retention.historyOf(container).retain = count
  container.retainAsked = undefined
  retention.trim(container)
  note(parts, { what: 'retain', token: cont, count })
  return { status: 'ok' }
}

/** A note needs no barrier: no snapshot behind it survives without it. */
function note({ context }: UpcallParts, record: ManagerRecord): void {
  context.writer.write([], [writeRecord(record)], false, context.pageBytes, () => {
    // Refused: it holds until the next crash, or for good with the next root page.
  })
}
