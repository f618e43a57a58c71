/** The thread of a faulty manager: which of them is said by its options (`way`). To die is an exception that nobody catches. */
import { serveManager } from '../paging/serve-manager.js'
import { defaultOptions } from '../self-managing/options.js'
import { FaultyManager } from './faulty-manager.js'
import { ways, type WayName } from './ways.js'

const defaults: typeof defaultOptions & { readonly way: WayName } = {
  ...defaultOptions,
  way: 'neverAnswers',
}

await serveManager(defaults, (surroundings, boot) => {
  const { way, ...options } = surroundings.options
  return new FaultyManager({ ...surroundings, options }, boot, ways[way], () => {
    throw new Error(`the manager ${ways[way].doc}, on purpose`)
  })
})
