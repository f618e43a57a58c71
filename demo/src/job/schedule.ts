/**
 * When blows fall: moments drawn from a seed, uniformly over the progress of the job, knowing nothing of snapshots.
 *
 * The same seed, kills and size give the same moments. The progress that counts is the farthest ever reached, so
 * that work done again after a kill does not bring the next one nearer.
 */
export interface Blow {
  /** `process`: SIGKILL to the world's process. `manager`: its manager's worker is terminated. `machine`: all threads of one machine of several are. */
  readonly kind: 'process' | 'manager' | 'machine'
  /** Of one of several. */
  readonly machine?: number
  /** It falls when this many bytes of text have been read. */
  readonly atBytes: number
}

/**
 * `kills` blows to the process and, if there are any, one to the manager; with several machines each kill is of one of them, drawn too. In the order in
 * which they fall.
 */
export function drawBlows(seed: number, kills: number, totalBytes: number, machines = 1): Blow[] {
  const random = fractions(seed)
  const at = (): number => Math.floor(random() * totalBytes)
  if (machines > 1)
    return Array.from({ length: kills }, (): Blow => {
      const atBytes = at()
      return { kind: 'machine', machine: 1 + Math.floor(random() * machines), atBytes }
    }).sort((a, b) => a.atBytes - b.atBytes)
  const blows: Blow[] = Array.from({ length: kills }, () => ({ kind: 'process', atBytes: at() }))
  if (kills > 0) blows.push({ kind: 'manager', atBytes: at() })
  return blows.sort((a, b) => a.atBytes - b.atBytes)
}

/** Numbers from 0 up to, not including, 1, from a seed (mulberry32). */
export function fractions(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), state | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296
  }
}
