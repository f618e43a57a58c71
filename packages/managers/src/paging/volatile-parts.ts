/** What the parts of a manager of volatile containers share. */
import type { ManagerBoot, Token } from '@katydid/abi'
import type { Messenger } from '@katydid/actor'
import type { Pager } from './pager.js'
import type { PagingContext } from './paging-context.js'
import type { SwapSpace } from './swap-space.js'
import type { Tokens } from './tokens.js'
import type { VolatileContainer } from './volatile-container.js'

export interface VolatileParts {
  readonly context: PagingContext
  readonly pager: Pager
  readonly usage: SwapSpace
  readonly containers: Map<Token, VolatileContainer>
  readonly tokens: Tokens
  readonly messenger: Messenger
  readonly boot: ManagerBoot
  /** What the disk holds. */
  readonly diskBytes: number
}
