/**
 * How one actor talks to another, on threads or in the simulator: region, words, bells, mailboxes, calls, control.
 */
export * from './bell.js'
export * from './clock.js'
export * from './counters.js'
export * from './invariant.js'
export * from './random.js'
export * from './region.js'
export * from './words.js'
