/** What the parts of a proxy share: frames, the reserve they come from, and the ways to its kernel and to other machines. */
import { actorPorts, pageSetCalls, type Token } from '@katydid/abi'
import {
  ask,
  Counters,
  invariant,
  type Messenger,
  type RemoteCalls,
  type Script,
} from '@katydid/actor'
import { CannotStart } from '../paging/cannot-start.js'
import { Departures } from '../paging/departures.js'
import { FrameTable } from '../paging/frame-table.js'
import type { PagingContext } from '../paging/paging-context.js'
import { Reserve } from '../paging/reserve.js'
import type { Surroundings } from '../paging/surroundings.js'
import { silentTrace } from '../paging/trace.js'
import { policyByName } from '../policies/by-name.js'
import type { Guest } from './guest.js'
import type { ProxyOptions } from './options.js'

type Paging = Pick<
  PagingContext,
  'region' | 'clock' | 'port' | 'pageBytes' | 'counters' | 'frames' | 'reserve' | 'trace' | 'policy'
>

export interface ProxyContext extends Paging {
  readonly options: ProxyOptions
  readonly messenger: Messenger
  readonly remote: RemoteCalls
  readonly departures: Departures
  readonly guests: Map<Token, Guest>
}

/** Throws `CannotStart` when the kernel refuses. */
export function* openProxy({
  region,
  messenger,
  clock,
  options,
  remote,
  trace = silentTrace,
}: Surroundings<ProxyOptions>): Script<ProxyContext> {
  invariant(remote !== undefined, 'CH2: a proxy is on a machine that has others', {})
  const args = { least: options.leastFrames }
  const set = yield* ask(messenger, actorPorts.kernel, pageSetCalls.pageSetCreate, args)
  if (set.status !== 'ok') throw new CannotStart('its page set', set)
  const policy = policyByName(options.policy, region)
  const frames = new FrameTable(region, policy)
  const reserve = new Reserve(region, messenger, clock, frames, set.pageset, options)
  const departures = new Departures({ frames, reserve })
  const counters = new Counters(region, messenger.port)
  const { port } = messenger
  const { pageBytes } = region.plan.shape
  const paging = { region, clock, port, pageBytes, counters, frames, reserve, trace, policy }
  return { ...paging, options, messenger, remote, departures, guests: new Map() }
}
