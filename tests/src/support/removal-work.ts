/** What the two threads of the removal under the baton are given, and which order of the protocol is turned round. */
import type { BatonHandle, RegionHandle } from '@katydid/actor'

export type Flaw =
  | 'none'
  | 'no wait'
  | 'running stored last'
  | 'states read before the generation is raised'

export interface RemovalWork {
  readonly region: RegionHandle
  readonly baton: BatonHandle
  readonly table: number
  readonly thread: number
  readonly flaw: Flaw
  readonly seeds: number
}
