/**
 * The ABI's version: raised when a signature or a layout of a released version changes. `version.test.ts` holds the hash of both beside
 * it, so neither can change quietly. A world written by another version is refused (`world_version`).
 */
export const abiVersion = 1
