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
import { invariant, later, run, type Handlers } from '@katydid/actor'
import { adopt } from '../paging/adoption.js'
import { EarlyCalls } from '../paging/early-calls.js'
import { openVolatile } from '../paging/open-volatile.js'
import { lookAgainMs, type Pager } from '../paging/pager.js'
import type { Surroundings } from '../paging/surroundings.js'
import { Tidying } from '../paging/tidying.js'
import { volatileCalls } from '../paging/volatile-calls.js'
import type { VolatileParts } from '../paging/volatile-parts.js'
import type { DemandZeroOptions } from './options.js'

export class DemandZeroManager {
  #work: { readonly pager: Pager; readonly tidying: Tidying } | null = null

  /** Serves its calls at once and begins to start; calls wait until it is up. */
  constructor(surroundings: Surroundings<DemandZeroOptions>, boot: ManagerBoot) {
    const { messenger, options } = surroundings
    invariant(options.mostContainers > 0, 'MG34: a manager takes some container on', {
      mostContainers: options.mostContainers,
    })
    const early = new EarlyCalls(messenger)
    run(messenger, openVolatile(surroundings, boot, options), (parts) => {
      this.#work = { pager: parts.pager, tidying: new Tidying(parts, options.tidyBytes) }
      early.open({ upcalls: volatileCalls(parts), requests: requests(parts, options) })
    })
  }

  /** Everything that can be done now. Answers in how many milliseconds it wants another turn. */
  turn(): number {
    if (this.#work === null) return Infinity
    const { pager, tidying } = this.#work
    pager.turn()
    const tidyMs = tidying.settle()
    pager.ring()
    return pager.isAwaiting ? Math.min(lookAgainMs, tidyMs) : tidyMs
  }
}

/** It refuses when it has as many containers as it may. */
function requests(
  parts: VolatileParts,
  { mostContainers }: DemandZeroOptions,
): Handlers<typeof managerRequests> {
  return {
    manageRequest: ({ cont }, call) => {
      if (parts.containers.size >= mostContainers) return { status: 'ok', success: false }
      run(parts.messenger, adopt(parts, cont), (success) => call.reply({ status: 'ok', success }))
      return later
    },
  }
}
