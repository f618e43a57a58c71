/** state_hash: what a container holds at a snapshot, from the checksums of its manager. Real manager and disk core in the simulator. */
import { asInterval, asToken, retainedUpcalls } from '@katydid/abi'
import test from 'ava'
import { RetainedWorld, versions } from './support/retained-world.js'
import type { WorldShape } from './support/sim-world.js'
import type { UserContainer } from './support/stand-in-kernel.js'

const shape = {
  frames: 40 + 8 + 1,
  pages: 24,
  stride: 100,
  containers: 2,
  loci: 1,
  options: { retain: 3, snapshotFolds: 4 },
} satisfies WorldShape

function ask(world: RetainedWorld, container: UserContainer, interval: number): string {
  const args = { cont: container.token, stateInterval: asInterval(interval) }
  const reply = world.call(retainedUpcalls.stateHash, args)
  return reply.status === 'ok' ? Buffer.from(reply.hash).toString('hex') : reply.status
}

const newest = (world: RetainedWorld, container: UserContainer): number =>
  world.list(container).at(-1)!.stateInterval

/** Hashes of all that can be opened, by their intervals. */
const all = (world: RetainedWorld, container: UserContainer): [number, string][] =>
  world
    .list(container)
    .map(({ stateInterval }) => [stateInterval, ask(world, container, stateInterval)])

test('[MG111] the hash of a snapshot is the same before it is written, before it is folded and after, and over cleaning and restarts', (t) => {
  const world = RetainedWorld.begin(1, shape)
  const container = versions(world, 5)
  for (let page = 0; page < 24; page++) world.write(container, page, 7000 + page)
  const interval = container.interval
  world.beginCapture()

  const atOnce = ask(world, container, interval)
  world.world.runUntilIdle(50)
  const folded = ask(world, container, interval)
  versions(world, 2, 40)
  const retained = all(world, container)
  world.restartManager()
  const restarted = all(world, world.containers[0]!)
  const again = world.killed(3)

  t.regex(atOnce, /^[0-9a-f]{16}$/)
  t.is(folded, atOnce)
  t.is(new Map(retained).get(interval), atOnce)
  t.is(new Set(retained.map(([, hash]) => hash)).size, retained.length)
  t.deepEqual(restarted, retained)
  t.deepEqual(all(again, again.containers[0]!), retained)
})

test('[MG111] containers that hold the same have the same hash, whatever they were made of; a page of zeros counts like one never written', (t) => {
  const world = RetainedWorld.begin(2, { ...shape, stride: 1 })
  const [one, two] = world.containers as [UserContainer, UserContainer]
  for (const page of [3, 5, 9]) world.write(one, page, 77)
  world.capture()
  const before = ask(world, one, newest(world, one))
  world.write(one, 11, 0)
  for (const page of [9, 3, 5, 7]) world.write(two, page, 76)
  world.capture()
  for (const page of [5, 9, 3]) world.write(two, page, 77)
  world.capture()
  const seven = ask(world, two, newest(world, two))
  world.write(two, 7, 0)
  world.capture()

  t.is(ask(world, one, newest(world, one)), before)
  t.is(ask(world, two, newest(world, two)), before)
  t.not(seven, before)
})

test('[MG111] one changed page, or two that have changed places, make another hash', (t) => {
  const world = RetainedWorld.begin(3, shape)
  const [container] = world.containers as [UserContainer]
  const seen = new Set<string>()
  const note = (...pages: readonly (readonly [number, number])[]): void => {
    for (const [page, value] of pages) world.write(container, page, value)
    world.capture()
    seen.add(ask(world, container, newest(world, container)))
  }
  note([1, 10], [2, 20])
  note([1, 20], [2, 10])
  note([2, 11])
  note([2, 20])
  note([1, 10])

  t.is(seen.size, 4)
})

test('[MG112] what is no snapshot any more, or never was, has no hash; a fork has its source’s', (t) => {
  const world = RetainedWorld.begin(4, shape)
  const container = versions(world, 8)
  const first = world.list(container)[0]!.stateInterval
  const hash = ask(world, container, first)
  const fork = world.fork(container, first)
  if (typeof fork === 'string') throw new Error(fork)
  world.write(fork, 0, 12_345)
  world.capture()
  const changed = ask(world, fork, newest(world, fork))
  const held = world.past.snapshots.get(`${container.token} ${first}`)!.get(0) ?? 0
  world.write(fork, 0, held)
  world.capture()

  t.is(ask(world, fork, newest(world, fork)), hash)
  t.not(changed, hash)
  const { stateInterval: oldest } = world.list(container)[0]!
  t.regex(ask(world, container, oldest), /^[0-9a-f]{16}$/)
  t.is(world.drop(container, oldest), 'ok')
  t.is(ask(world, container, oldest), 'no_such_interval')
  t.is(ask(world, container, 0), 'no_such_interval')
  t.is(ask(world, container, container.interval + 5), 'no_such_interval')
  const stranger = { cont: asToken(999), stateInterval: asInterval(1) }
  t.is(world.call(retainedUpcalls.stateHash, stranger).status, 'no_such_container')
})
