/**
 * The template manager: pages of volatile containers, with swap. The whole of it, without threads, files or time.
 *
 * What it promises: a page reads what was last written to it while manager and world live; after a recovery its containers
 * are empty. What it never does: wait, or touch a file.
 */
import {
  actorPorts,
  managerDowncalls,
  refuse,
  type Capref,
  type ManagerBoot,
  type Token,
} from '@katydid/abi'
import { ask, invariant, later, run, type Messenger, type Script } from '@katydid/actor'
import { takeTraps } from '@katydid/memory'
import { EarlyCalls, type ManagerCalls } from '../paging/early-calls.js'
import { empty } from '../paging/emptying.js'
import { faultCall } from '../paging/fault-call.js'
import { noInterval, noSnapshots } from '../paging/no-snapshots.js'
import { openPaging } from '../paging/open-paging.js'
import { lookAgainMs, Pager } from '../paging/pager.js'
import type { PagingContext, PagingOptions } from '../paging/paging-context.js'
import { seat } from '../paging/seat.js'
import type { Surroundings } from '../paging/surroundings.js'
import { SwapSpace } from '../paging/swap-space.js'
import { Tidying } from '../paging/tidying.js'
import { giveToken, noteToken, tokensFor } from '../paging/tokens.js'
import { VolatileContainer } from '../paging/volatile-container.js'

export const defaultOptions: PagingOptions = {
  policy: 'clock',
  askFrames: 32,
  reserveLow: 8,
  reserveHigh: 24,
  batchPages: 32,
}
/** Frames that the kernel never asks back: what a few loci need to go on. */
const leastFrames = 4
/** The disk hears what is needed no more after so many bytes of swap. */
const tidyBytes = 1024 * 1024

interface Parts {
  readonly context: PagingContext
  readonly pager: Pager
  readonly usage: SwapSpace
  readonly messenger: Messenger
  readonly boot: ManagerBoot
}

export class TemplateManager {
  readonly #containers = new Map<Token, VolatileContainer>()
  #work: { readonly pager: Pager; readonly tidying: Tidying } | null = null

  /** Serves its calls at once and begins to start; calls wait until it is up. */
  constructor(surroundings: Surroundings, boot: ManagerBoot) {
    const { messenger } = surroundings
    const early = new EarlyCalls(messenger)
    run(messenger, openPaging(surroundings, boot, leastFrames), ({ disk, ...paging }) => {
      const usage = new SwapSpace(disk.segments, disk.segmentBlocks)
      const containers = this.#containers
      const context = { ...paging, store: { usage }, older: () => null, containers }
      const pager = new Pager(context, () => takeTraps(context.region, context.port))
      const tidying = new Tidying({ ...context, messenger, usage, disk: boot.disk }, tidyBytes)
      this.#work = { pager, tidying }
      early.open(this.#calls({ context, pager, usage, messenger, boot }))
    })
  }

  /** Everything that can be done now. Answers in how many milliseconds it wants another turn; a bell may bring it earlier. */
  turn(): number {
    if (this.#work === null) return Infinity
    const { pager, tidying } = this.#work
    pager.turn()
    tidying.settle()
    pager.ring()
    return pager.isAwaiting ? lookAgainMs : Infinity
  }

  /** One handler a call of the kernel's: what each decides is what makes it another manager. */
  #calls(parts: Parts): ManagerCalls {
    const { context, pager, messenger, boot } = parts
    const containers = this.#containers
    const tokens = tokensFor(boot)
    const adopt = function* (cont: Capref): Script<boolean> {
      const contId = giveToken(tokens)
      if (contId === null) return false
      const args = { cont, manager: boot.self, contId }
      const set = yield* ask(messenger, actorPorts.kernel, managerDowncalls.setManager, args)
      if (set.status !== 'ok') return false
      const container = new VolatileContainer(contId)
      seat(context, container, { capability: cont, slot: set.slot, size: set.size })
      container.openInterval = set.stateInterval
      containers.set(contId, container)
      return true
    }
    return {
      requests: {
        manageRequest: ({ cont }, call) => {
          run(messenger, adopt(cont), (success) => call.reply({ status: 'ok', success }))
          return later
        },
      },
      upcalls: {
        ...noSnapshots(containers),
        containerFault: faultCall(pager, containers),
        pageDiscard: ({ pageset, pageCount }) => {
          if (pageset !== context.reserve.pageSet)
            return refuse('no_such_page_set', `page set ${pageset} is not of this manager`)
          context.reserve.owe(pageCount)
          return { status: 'ok' }
        },
        contRollback: (args) => {
          const { cont, stateInterval } = args
          if (stateInterval !== 0) return noInterval(cont, stateInterval)
          const container = containers.get(cont) ?? new VolatileContainer(cont)
          empty(parts, container, 'frozen')
          seat(context, container, args)
          container.openInterval = args.open
          containers.set(cont, container)
          noteToken(tokens, cont)
          invariant(container.resident.size === 0, 'MG36: it begins empty', { cont })
          return { status: 'ok' }
        },
        containerDestroyed: ({ cont }) => {
          const container = containers.get(cont)
          if (container === undefined)
            return refuse('no_such_container', `no container has token ${cont}`)
          empty(parts, container, 'no_such_container')
          containers.delete(cont)
          return { status: 'ok' }
        },
      },
    }
  }
}
