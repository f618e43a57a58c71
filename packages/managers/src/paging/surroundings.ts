/** What a manager is given and cannot make itself. */
import type { WorldEvent } from '@katydid/abi'
import type { Trace } from './trace.js'
import type { Clock, Messenger, Region, RemoteCalls } from '@katydid/actor'
import type { BlockReader, PagingOptions } from './paging-context.js'

export interface Surroundings<Options extends PagingOptions = PagingOptions> {
  readonly region: Region
  readonly messenger: Messenger
  readonly clock: Clock
  /** Milliseconds since 1970, for what people are told; left out: nobody knows. */
  readonly date?: () => number
  readonly read: BlockReader
  readonly report: (event: WorldEvent) => void
  readonly options: Options
  /** The way to other machines; left out: there are none. */
  readonly remote?: RemoteCalls
  /** Where it notes what it does; nowhere unless given. */
  readonly trace?: Trace
}
