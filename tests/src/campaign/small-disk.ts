/** Simulated worlds of one manager on a disk that is small for what they write: it snapshots itself by room, not by what it wrote. */
import { smallShape, type WholeShape } from './whole-world.js'

/** A world of three loci with so many frames, on so many segments of so many blocks. */
export const smallDisk = (
  more: Pick<WholeShape, 'frames' | 'disk' | 'snapshotEveryMs'>,
): WholeShape => ({
  ...smallShape,
  maxLoci: 3,
  manager: { ...smallShape.manager, snapshotBytes: 32 * 1024 * 1024, snapshotFolds: 32 },
  others: [],
  delayMs: () => 0,
  ...more,
})
