/** What the parts of a self-managing manager share: its surroundings as arguments, and its tables. */
import type { PortId, Token, WorldEvent } from '@katydid/abi'
import type { Clock, Counters, Messenger, Region } from '@katydid/actor'
import type { DiskWriter } from './disk-writer.js'
import type { FrameTable } from './frame-table.js'
import type { ManagedContainer } from './managed-container.js'
import type { SelfManagingOptions } from './options.js'
import type { OwnFrames } from './own-frames.js'
import type { BlockReader } from './own-pages.js'
import type { OwnStore } from './own-store.js'
import type { Reserve } from './reserve.js'

/** What a manager is given and cannot make itself. */
export interface Surroundings {
  readonly region: Region
  readonly messenger: Messenger
  readonly clock: Clock
  readonly read: BlockReader
  readonly report: (event: WorldEvent) => void
  readonly options: SelfManagingOptions
}

export interface Context extends Surroundings {
  readonly port: PortId
  readonly pageBytes: number
  readonly counters: Counters
  readonly frames: FrameTable
  readonly reserve: Reserve
  readonly writer: DiskWriter
  readonly store: OwnStore
  readonly ownFrames: OwnFrames
  readonly containers: Map<Token, ManagedContainer>
}
