/** Worlds for tests: on real threads and a real file, closed when the test has ended. */
import type { ExecutionContext } from 'ava'
import { openWorld, type OpenOptions, type World } from 'katydid'
import { root } from './house.js'

/** A program of `tests/fixtures`. */
export const fixture = (name: string): string => `${root}/tests/fixtures/${name}.mjs`

/** Opens a world, small unless said otherwise, and closes it at the end of the test. */
export async function openForTest(t: ExecutionContext, options: OpenOptions): Promise<World> {
  const world = await openWorld({ frames: 128, loci: 4, diskBytes: 256 * 1024 ** 2, ...options })
  t.teardown(() => world.close())
  return world
}
