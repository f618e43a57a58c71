/**
 * The command `katydid`, one file a verb.
 */
export {}
