/**
 * User-level memory managers, each a policy in an actor of its own.
 */
export type { Surroundings } from './self-managing/context.js'
export {
  defaultOptions,
  type SelfManagingData,
  type SelfManagingOptions,
} from './self-managing/options.js'
export { SelfManagingManager } from './self-managing/self-managing.js'
export * from './testing/conformance.js'
