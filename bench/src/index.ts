/**
 * One file a question, each answer beside the last one on the same machine.
 */
export {}
