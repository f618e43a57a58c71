/**
 * Machines and the wires between them: manifest, shared memory, supervision, the locus pool. The
 * one room that knows all the others.
 */
export {}
