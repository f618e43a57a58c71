/**
 * What a program inside a container may call: load, store, invoke, wait, safepoint, and the
 * persistent structures.
 */
export {}
