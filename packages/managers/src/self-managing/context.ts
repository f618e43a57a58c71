/** What the parts of a self-managing manager share: its surroundings as arguments, and its tables. */
import type { Token } from '@katydid/abi'
import type { PagingContext } from '../paging/paging-context.js'
import type { Surroundings as ManagerSurroundings } from '../paging/surroundings.js'
import type { ManagedContainer } from './managed-container.js'
import type { SelfManagingOptions } from './options.js'
import type { OwnFrames } from './own-frames.js'
import type { OwnStore } from './own-store.js'

export type Surroundings = ManagerSurroundings<SelfManagingOptions>

export interface Context extends Omit<Surroundings, 'trace'>, PagingContext {
  readonly options: SelfManagingOptions
  readonly store: OwnStore
  readonly ownFrames: OwnFrames
  readonly containers: Map<Token, ManagedContainer>
}
