/**
 * User-level memory managers, each a policy in an actor of its own.
 */
export { DemandZeroManager } from './demand-zero/demand-zero.js'
export {
  defaultOptions as demandZeroDefaults,
  type DemandZeroData,
  type DemandZeroOptions,
} from './demand-zero/options.js'
export type { Surroundings } from './self-managing/context.js'
export {
  defaultOptions,
  type SelfManagingData,
  type SelfManagingOptions,
} from './self-managing/options.js'
export { SelfManagingManager } from './self-managing/self-managing.js'
export * from './testing/conformance.js'
export { TransactionalManager } from './transactional/transactional.js'
export {
  defaultOptions as proxyDefaults,
  type ProxyData,
  type ProxyOptions,
} from './proxy/options.js'
export { ProxyManager } from './proxy/proxy.js'
