/** The thread of a deterministic manager: the self-managing one, whose containers have what comes into them logged. */
import { serveManager } from '../paging/serve-manager.js'
import { defaultOptions } from '../self-managing/options.js'
import { SelfManagingManager } from '../self-managing/self-managing.js'

await serveManager(defaultOptions, (surroundings, boot) => {
  const options = { ...surroundings.options, serviceLevel: 'deterministic' } as const
  return new SelfManagingManager({ ...surroundings, options }, boot)
})
