/** What the parts of a self-managing manager share: its surroundings as arguments, and its tables. */
import type { Token, WorldEvent } from '@katydid/abi'
import type { Clock, Messenger, Region } from '@katydid/actor'
import type { BlockReader, PagingContext } from '../paging/paging-context.js'
import type { ManagedContainer } from './managed-container.js'
import type { SelfManagingOptions } from './options.js'
import type { OwnFrames } from './own-frames.js'
import type { OwnStore } from './own-store.js'

/** What a manager is given and cannot make itself. */
export interface Surroundings {
  readonly region: Region
  readonly messenger: Messenger
  readonly clock: Clock
  readonly read: BlockReader
  readonly report: (event: WorldEvent) => void
  readonly options: SelfManagingOptions
}

export interface Context extends Surroundings, PagingContext {
  readonly options: SelfManagingOptions
  readonly store: OwnStore
  readonly ownFrames: OwnFrames
  readonly containers: Map<Token, ManagedContainer>
}
