/**
 * The incremental algorithm of Johnson and Zwaenepoel (1990): for each new point find the least recoverable state that holds it; put it off
 * under the units it needs when there is none, and try again when one of those advances.
 */
import type { LineEngine, Point } from '@katydid/kernel/state-interval/line/line.js'

interface Vector {
  readonly interval: number
  /** Row of the dependency matrix: all that was received up to here. */
  readonly needs: readonly (readonly [unit: number, interval: number])[]
}

export class JohnsonZwaenepoelEngine implements LineEngine {
  steps = 0
  protected readonly vectors = new Map<number, Vector[]>()
  readonly #recoverable = new Map<number, number>()
  /** By unit, the points put off until that unit advances. */
  protected readonly deferred = new Map<number, Map<string, readonly [number, number]>>()

  stable({ unit, interval, dependencies }: Point): void {
    const vectors = this.vectors.get(unit) ?? []
    this.vectors.set(unit, vectors)
    const needs = new Map(vectors.at(-1)?.needs)
    for (const [from, sent] of dependencies) needs.set(from, Math.max(needs.get(from) ?? 0, sent))
    vectors.push({ interval, needs: [...needs] })
    const attempts: (readonly [number, number])[] = [[unit, interval]]
    for (let next = attempts.pop(); next !== undefined; next = attempts.pop())
      for (const advanced of this.#attempt(...next)) attempts.push(...this.takeDeferred(advanced))
  }

  line(unit: number): number {
    return this.#recoverable.get(unit) ?? 0
  }

  /** Units that advance because the point is recoverable; none when it is not, and it is put off. */
  #attempt(unit: number, interval: number): number[] {
    if (interval <= this.line(unit)) return []
    const found = this.findRecoverable(unit, interval)
    if (found === null) {
      for (const [from, sent] of this.#vector(unit, interval)?.needs ?? [])
        if (sent > this.line(from)) this.#defer(from, unit, interval)
      return []
    }
    for (const [each, reached] of found) this.#recoverable.set(each, reached)
    return [...found.keys()]
  }

  /** The least recoverable state above the present one in which the unit has come to the interval. */
  protected findRecoverable(unit: number, interval: number): Map<number, number> | null {
    const found = new Map<number, number>()
    const work: (readonly [number, number])[] = [[unit, interval]]
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const [of, needed] = next
      this.steps++
      if (Math.max(found.get(of) ?? 0, this.line(of)) >= needed) continue
      const vector = this.#vector(of, needed)
      if (vector === null) return null
      found.set(of, vector.interval)
      for (const need of vector.needs) {
        this.steps++
        if (need[1] > this.line(need[0])) work.push(need)
      }
    }
    return found
  }

  #defer(under: number, unit: number, interval: number): void {
    const entries = this.deferred.get(under) ?? new Map<string, readonly [number, number]>()
    entries.set(`${unit} ${interval}`, [unit, interval])
    this.deferred.set(under, entries)
  }

  protected takeDeferred(under: number): (readonly [number, number])[] {
    const entries = [...(this.deferred.get(under)?.values() ?? [])]
    this.deferred.delete(under)
    return entries
  }

  /** The first stable vector of the unit at the interval or later. */
  #vector(unit: number, interval: number): Vector | null {
    const vectors = this.vectors.get(unit) ?? []
    let low = 0
    let high = vectors.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (vectors[middle]!.interval < interval) low = middle + 1
      else high = middle
    }
    return vectors[low] ?? null
  }
}
