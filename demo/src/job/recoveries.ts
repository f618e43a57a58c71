/**
 * Follows a blow until the job runs again, and works out what it cost.
 *
 * A locus is back when its progress file shows a new start, or when it had nothing left to do. What is done again
 * is the distance between where it was at the blow and where it began anew.
 */
import type { BlowReport, Recovery } from './events.js'
import type { LocusProgress } from './progress-file.js'

export class RecoveryWatch {
  readonly #blow: BlowReport
  readonly #before: readonly LocusProgress[]
  readonly #beganMs: number
  readonly #isStruck: (locus: number) => boolean
  #backMs: number | null = null

  /** `before`: each locus at the blow. `beganMs`: when recovery began. `isStruck`: whether a locus surely begins anew; another may. */
  constructor(
    blow: BlowReport,
    before: readonly LocusProgress[],
    beganMs: number,
    isStruck: (locus: number) => boolean = () => true,
  ) {
    this.#blow = blow
    this.#isStruck = isStruck
    this.#before = before
    this.#beganMs = beganMs
  }

  get number(): number {
    return this.#blow.number
  }

  get kind(): BlowReport['kind'] {
    return this.#blow.kind
  }

  /** The world runs again. */
  back(nowMs: number): void {
    this.#backMs ??= nowMs
  }

  /**
   * The account, once every locus has begun again; null before. With `isOver`, those that have not had nothing to do.
   * `ownFaults`: those of the manager since it came back.
   */
  account(
    now: readonly LocusProgress[],
    isOver: boolean,
    ownFaults: number | null,
  ): Recovery | null {
    if (this.#backMs === null) return null
    const isBack = now.map(({ starts }, locus) => starts > this.#before[locus]!.starts)
    if (!isOver && !isBack.every((each, locus) => each || !this.#isStruck(locus))) return null
    const againBytes = now.reduce((sum, { startedAtBytes }, locus) => {
      const lost = this.#before[locus]!.readBytes - startedAtBytes
      return isBack[locus] === true ? sum + Math.max(0, lost) : sum
    }, 0)
    return {
      ...this.#blow,
      recoveryMs: this.#backMs - this.#beganMs,
      againBytes,
      againFraction: againBytes / Math.max(1, this.#blow.totalBytes),
      ownFaults: this.kind === 'manager' ? ownFaults : null,
    }
  }
}
