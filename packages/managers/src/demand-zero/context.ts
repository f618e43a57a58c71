/** What the parts of a demand-zero manager share. */
import type { ManagerBoot, Token } from '@katydid/abi'
import type { Messenger } from '@katydid/actor'
import type { Pager } from '../paging/pager.js'
import type { PagingContext } from '../paging/paging-context.js'
import type { DemandZeroOptions } from './options.js'
import type { SwapSpace } from '../paging/swap-space.js'
import type { Tokens } from '../paging/tokens.js'
import type { VolatileContainer } from '../paging/volatile-container.js'

export interface Context extends PagingContext {
  readonly messenger: Messenger
  readonly options: DemandZeroOptions
  readonly boot: ManagerBoot
  readonly store: { readonly usage: SwapSpace }
  readonly containers: Map<Token, VolatileContainer>
  readonly tokens: Tokens
}

export interface Parts {
  readonly context: Context
  readonly pager: Pager
  readonly usage: SwapSpace
}
