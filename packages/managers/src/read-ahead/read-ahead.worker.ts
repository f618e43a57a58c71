/** The thread of the read-ahead manager. */
import { serveManager } from '../paging/serve-manager.js'
import { defaultOptions, ReadAheadManager } from './read-ahead.js'

await serveManager(defaultOptions, (surroundings, boot) => new ReadAheadManager(surroundings, boot))
