/** The thread of a transactional manager. */
import { serveManager } from '../paging/serve-manager.js'
import { defaultOptions } from '../self-managing/options.js'
import { TransactionalManager } from './transactional.js'

await serveManager(
  defaultOptions,
  (surroundings, boot) => new TransactionalManager(surroundings, boot),
)
