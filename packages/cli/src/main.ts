/**
 * Placeholder entry, so that its npm script has something to start.
 */
console.error('katydid: nothing here yet')
