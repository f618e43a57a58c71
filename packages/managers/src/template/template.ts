/**
 * The template manager: pages of volatile containers, with swap. The whole of it, without threads, files or time.
 *
 * What it promises: a page reads what was last written to it while manager and world live; after a recovery its containers
 * are empty. What it never does: wait, or touch a file.
 */
import type { ManagerBoot } from '@katydid/abi'
import { invariant, later, run } from '@katydid/actor'
import { adopt } from '../paging/adoption.js'
import { EarlyCalls, type ManagerCalls } from '../paging/early-calls.js'
import { openVolatile } from '../paging/open-volatile.js'
import { lookAgainMs } from '../paging/pager.js'
import type { PagingOptions } from '../paging/paging-context.js'
import type { Surroundings } from '../paging/surroundings.js'
import { Tidying } from '../paging/tidying.js'
import { volatileCalls } from '../paging/volatile-calls.js'
import type { VolatileParts } from '../paging/volatile-parts.js'

export const defaultOptions: PagingOptions = {
  policy: 'clock',
  askFrames: 32,
  reserveLow: 8,
  reserveHigh: 24,
  batchPages: 32,
  invokedElsewhere: 'migrate_to',
  consistency: 'sequential',
}
/** Frames that the kernel never asks back: what a few loci need to go on. */
const leastFrames = 4
/** The disk hears what is needed no more after so many bytes of swap. */
const tidyBytes = 1024 * 1024

export class TemplateManager {
  /** Nil until it is up. */
  #parts: VolatileParts | null = null
  #tidying: Tidying | null = null

  /** Serves its calls at once and begins to start; calls wait until it is up. */
  constructor(surroundings: Surroundings, boot: ManagerBoot) {
    const early = new EarlyCalls(surroundings.messenger)
    const started = openVolatile(surroundings, boot, { leastFrames })
    run(surroundings.messenger, started, (parts) => {
      this.#parts = parts
      this.#tidying = new Tidying(parts, tidyBytes)
      early.open(this.#calls(parts))
    })
  }

  /** Everything that can be done now. Answers in how many milliseconds it wants another turn; a bell may bring it earlier. */
  turn(): number {
    if (this.#parts === null) return Infinity
    const { pager } = this.#parts
    pager.turn()
    const tidyMs = this.#tidying?.settle() ?? Infinity
    pager.ring()
    return pager.isAwaiting ? Math.min(lookAgainMs, tidyMs) : tidyMs
  }

  /** What the kernel may ask. A handler written behind `...volatileCalls(parts)` takes the place of the one there. */
  #calls(parts: VolatileParts): ManagerCalls {
    const { messenger, containers } = parts
    invariant(containers.size === 0, 'MG36: it begins with nothing', { port: messenger.port })
    return {
      upcalls: { ...volatileCalls(parts) },
      requests: {
        // A manager that does not want the container answers `success: false`.
        manageRequest: ({ cont }, call) => {
          run(messenger, adopt(parts, cont), (success) => call.reply({ status: 'ok', success }))
          return later
        },
      },
    }
  }
}
