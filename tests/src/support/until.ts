/** Waiting for what is to be. Nothing that a test says may hang on how fast the machine is. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The bound is for what never comes to be: no machine is so slow. */
const mostMs = 120_000
const lookMs = 10

/** Waits until it is so; throws a sentence when it never comes to be. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + mostMs; !(await holds()); await sleep(lookMs))
    if (performance.now() > end) throw new Error(`it never came to be that ${what}`)
}
