/** The thread of a manager: what it is given there, and the loop. */
import { asBlock, type ManagerBoot } from '@katydid/abi'
import { invariant, RemoteCalls, serveAlone } from '@katydid/actor'
import { readBlock } from '@katydid/memory'
import type { PagingOptions } from './paging-context.js'
import type { Surroundings } from './surroundings.js'

/** What a manager's worker is started with: the kernel's part, the disk's descriptor (from the world), and options. */
interface ManagerData {
  readonly boot: ManagerBoot
  readonly diskFd: number
  readonly options?: object
}

interface ServedManager {
  turn(): number
  /** Snapshots the manager itself; whether that became durable. */
  stabilise?(done: (durable: boolean) => void): void
}

/** Runs the manager that `create` makes, with the options it was given over its own, until it is stopped. */
export function serveManager<Options extends PagingOptions>(
  defaults: Options,
  create: (surroundings: Surroundings<Options>, boot: ManagerBoot) => ServedManager,
): Promise<void> {
  return serveAlone(({ region, port, data, endpoint, clock, trace, order }) => {
    const { boot, diskFd, options } = data as ManagerData
    invariant(boot.port === port, 'MG1: a manager lives at the port it was started for', { port })
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
    let isOver = false
    const control = {
      stop: () => {
        isOver = true
      },
      /** Answers whether it became durable; a manager that keeps nothing of itself says no. */
      stabilise: () =>
        new Promise<boolean>((resolve) => {
          if (manager.stabilise === undefined) resolve(false)
          else manager.stabilise(resolve)
        }),
    }
    return { control, turn: () => manager.turn(), isOver: () => isOver }
  })
}
