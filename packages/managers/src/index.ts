/**
 * User-level memory managers, each a policy in an actor of its own.
 */
export {}
