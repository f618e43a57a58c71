/**
 * The words every other room shares: names, calls, states and byte layouts. Imports nothing at
 * all.
 */
export {}
