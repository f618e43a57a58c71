/** The thread of a proxy. */
import { serveManager } from '../paging/serve-manager.js'
import { defaultOptions } from './options.js'
import { ProxyManager } from './proxy.js'

await serveManager(defaultOptions, (surroundings, boot) => new ProxyManager(surroundings, boot))
