/** The thread of a self-managing manager. */
import { serveManager } from '../paging/serve-manager.js'
import { defaultOptions } from './options.js'
import { SelfManagingManager } from './self-managing.js'

await serveManager(
  defaultOptions,
  (surroundings, boot) => new SelfManagingManager(surroundings, boot),
)
