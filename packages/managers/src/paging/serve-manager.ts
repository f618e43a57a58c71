/** The thread of a manager: its region, endpoint and bell, a reader of disk blocks, and the loop. */
import { asBlock, type ManagerBoot } from '@katydid/abi'
import {
  actorBoot,
  Bell,
  Endpoint,
  exposeControl,
  invariant,
  order,
  Region,
  RemoteCalls,
  serveForever,
  TraceRing,
  TickClock,
} from '@katydid/actor'
import { readBlock } from '@katydid/memory'
import type { PagingOptions } from './paging-context.js'
import type { Surroundings } from './surroundings.js'

/** What a manager's worker is started with: the kernel's part, the disk's descriptor (from the world), and options. */
interface ManagerData {
  readonly boot: ManagerBoot
  readonly diskFd: number
  readonly options?: object
}

/** Runs the manager that `create` makes, with the options it was given over its own, until it is stopped. */
export async function serveManager<Options extends PagingOptions>(
  defaults: Options,
  create: (surroundings: Surroundings<Options>, boot: ManagerBoot) => { turn(): number },
): Promise<void> {
  const { region: handle, port, data } = actorBoot()
  const { boot, diskFd, options } = data as ManagerData
  invariant(boot.port === port, 'MG1: a manager lives at the port it was started for', { port })
  const region = new Region(handle)
  const clock = new TickClock(region)
  const bell = new Bell(region.words, region.actorWord(port, 'bell'))
  const trace = new TraceRing(region, port)
  const endpoint = new Endpoint({ region, port, clock, bell, trace })
  const manager = create(
    {
      region,
      messenger: endpoint,
      date: Date.now,
      clock,
      read: (place, into) => readBlock(diskFd, asBlock(place.block), into, place.checksum),
      report: (event) => order({ order: 'report', event }),
      options: { ...defaults, ...options },
      trace,
      ...(region.plan.shape.network ? { remote: new RemoteCalls(endpoint, clock) } : {}),
    },
    boot,
  )
  let stopped = false
  exposeControl({
    stop: () => {
      stopped = true
    },
  })
  await serveForever({ endpoint, bell, onTurn: () => manager.turn(), stopped: () => stopped })
}
