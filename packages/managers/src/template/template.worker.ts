/** The thread of a template manager. */
import { serveManager } from '../paging/serve-manager.js'
import { defaultOptions, TemplateManager } from './template.js'

await serveManager(defaultOptions, (surroundings, boot) => new TemplateManager(surroundings, boot))
