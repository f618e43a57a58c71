/** The thread of a demand-zero manager. */
import { serveManager } from '../paging/serve-manager.js'
import { DemandZeroManager } from './demand-zero.js'
import { defaultOptions } from './options.js'

await serveManager(
  defaultOptions,
  (surroundings, boot) => new DemandZeroManager(surroundings, boot),
)
