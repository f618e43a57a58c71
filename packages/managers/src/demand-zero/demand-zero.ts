/**
 * A demand-zero manager: volatile memory with swap, the whole of it, without threads, files or time.
 *
 * What it is: a page never written reads zeros; one that no frame is left for goes to the disk and comes back from there.
 * Its records: frames by state, per container resident pages and places in the swap, all in its heap. It promises nothing
 * over a crash: it refuses snapshots with `not_supported`, so captures leave its containers out, and after every recovery of
 * the world they are empty.
 *
 * One life: manage_request → first fault, zeros → no frame is free: a dirty page is removed, acknowledged, written to the
 * swap, its frame freed → a fault reads it back → cont_rollback to 0, or its own death: empty again.
 */
import type { ManagerBoot, managerRequests } from '@katydid/abi'
import { invariant, later, run, type Handlers, type Script } from '@katydid/actor'
import { takeTraps } from '@katydid/memory'
import { EarlyCalls } from '../paging/early-calls.js'
import { openPaging } from '../paging/open-paging.js'
import { lookAgainMs, Pager } from '../paging/pager.js'
import type { Surroundings } from '../paging/surroundings.js'
import { adopt } from './adoption.js'
import type { Context, Parts } from './context.js'
import type { DemandZeroOptions } from './options.js'
import { SwapSpace } from '../paging/swap-space.js'
import { Tidying } from '../paging/tidying.js'
import { tokensFor } from '../paging/tokens.js'
import { upcalls } from './upcalls.js'

export class DemandZeroManager {
  #parts: (Parts & { readonly tidying: Tidying }) | null = null

  /** Serves its calls at once and begins to start; calls wait until it is up. */
  constructor(surroundings: Surroundings<DemandZeroOptions>, boot: ManagerBoot) {
    const { messenger } = surroundings
    invariant(boot.port === messenger.port, 'MG1: a manager lives at the port it was started for', {
      port: boot.port,
    })
    const early = new EarlyCalls(messenger)
    run(messenger, start(surroundings, boot), (context) => {
      const pager = new Pager(context, () => takeTraps(context.region, context.port))
      const { usage } = context.store
      const tidying = new Tidying({ ...context, usage, disk: boot.disk }, context.options.tidyBytes)
      this.#parts = { context, pager, usage, tidying }
      early.open({ upcalls: upcalls(this.#parts), requests: requests(context) })
    })
  }

  get isUp(): boolean {
    return this.#parts !== null
  }

  /** Everything that can be done now. Answers in how many milliseconds it wants another turn. */
  turn(): number {
    if (this.#parts === null) return Infinity
    const { pager, tidying } = this.#parts
    pager.turn()
    tidying.settle()
    pager.ring()
    return pager.isAwaiting ? lookAgainMs : Infinity
  }
}

function* start(surroundings: Surroundings<DemandZeroOptions>, boot: ManagerBoot): Script<Context> {
  const { messenger, options } = surroundings
  const { disk, ...paging } = yield* openPaging(surroundings, boot, options.leastFrames)
  return {
    ...paging,
    messenger,
    options,
    boot,
    store: { usage: new SwapSpace(disk.segments, disk.segmentBlocks) },
    older: () => null,
    containers: new Map(),
    tokens: tokensFor(boot),
  }
}

function requests(context: Context): Handlers<typeof managerRequests> {
  return {
    manageRequest: ({ cont }, call) => {
      run(context.messenger, adopt(context, cont), (success) =>
        call.reply({ status: 'ok', success }),
      )
      return later
    },
  }
}
