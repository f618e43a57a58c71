/** What a manager of volatile containers needs at its start: paging, a swap, and tokens that no container had before. */
import type { ManagerBoot, Token } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { takeTraps, type PendingTrap } from '@katydid/memory'
import { openPaging } from './open-paging.js'
import { Pager } from './pager.js'
import type { Surroundings } from './surroundings.js'
import { SwapSpace } from './swap-space.js'
import { tokensFor } from './tokens.js'
import type { VolatileContainer } from './volatile-container.js'
import type { VolatileParts } from './volatile-parts.js'

export interface VolatileOptions {
  /** Frames that the kernel never asks back: what a few loci need to go on. */
  readonly leastFrames: number
  /** Sees the faults that came in, before they are served. */
  readonly onTraps?: (traps: readonly PendingTrap[]) => void
}

/** Throws `CannotStart` when the kernel or the disk refuses. */
export function* openVolatile(
  surroundings: Surroundings,
  boot: ManagerBoot,
  { leastFrames, onTraps }: VolatileOptions,
): Script<VolatileParts> {
  const { messenger } = surroundings
  invariant(boot.port === messenger.port, 'MG1: a manager lives at the port it was started for', {
    port: boot.port,
  })
  const { disk, ...paging } = yield* openPaging(surroundings, boot, leastFrames)
  const usage = new SwapSpace(disk.segments, disk.segmentBlocks)
  const containers = new Map<Token, VolatileContainer>()
  const context = { ...paging, store: { usage }, older: () => null, sealed: false, containers }
  const pager = new Pager(context, () => {
    const traps = takeTraps(context.region, context.port)
    onTraps?.(traps)
    return traps
  })
  const diskBytes = disk.segments * disk.segmentBlocks * disk.blockBytes
  return { context, pager, usage, containers, tokens: tokensFor(boot), messenger, boot, diskBytes }
}
