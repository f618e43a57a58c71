/** SI: a logged container comes into an epoch by the point of its last visit, and nobody waits for its capture. Real kernel, simulated threads. */
import { actorPorts, bellBits, type ContainerSlot } from '@katydid/abi'
import { ringPort } from '@katydid/actor'
import type { HostAnswer } from '@katydid/kernel'
import { mustWait, newTree } from '@katydid/locus/entrance.js'
import test from 'ava'

import { KernelWorld } from './support/kernel-world.js'
import { arrive, end, home, load, logged, visit, type Home, type Stay } from './support/visits.js'

interface Scene {
  readonly world: KernelWorld
  readonly x: Home
  readonly y: Home
  readonly d: ContainerSlot
}

/** Containers `x` and `y` with a locus each, and `d`, deterministic; all are on the line, and it is quiet. */
async function scene(): Promise<Scene> {
  const world = await KernelWorld.open({
    shape: { maxLoci: 4, maxContainers: 8 },
    others: [{ name: 'other' }],
  })
  const x = await home(world, 'x')
  const y = await home(world, 'y')
  const d = await logged(world, 'd', 'other')
  await world.call('world_snapshot', { durable: true })
  return { world, x, y, d }
}

let done = 1n
/** Its locus runs, and has something to show for it. */
function work({ world }: Scene, { port }: Home): void {
  world.setRegister(port, 0, ++done)
  world.setState(port, 'running')
}
/** It comes to rest, and says so, as a locus does. */
function rest({ world }: Scene, { port }: Home): void {
  world.setState(port, 'resting')
  ringPort(world.sim.region, actorPorts.kernel, bellBits.mail)
}

const historyOf = ({ world }: Scene) =>
  world.kernel.machine.containers.named('d')!.intervals.history
const epochOf = ({ world }: Scene): number => world.kernel.machine.captures.epoch
const snapshot = ({ world }: Scene, durable = false): Promise<HostAnswer> =>
  world.kernel.call('world_snapshot', { durable })
/** Whether a tree that begins in this container would have to stay out of `d`. */
const isKeptOut = ({ world: { sim }, d }: Scene, { slot }: Home): boolean =>
  mustWait(sim.region, newTree(sim.region, slot), d)

/**
 * An epoch begins while `y` visits `d`; `x` is captured in it. When the visit of `y` is over, one of `x` begins, before the kernel has
 * seen that nobody was there.
 */
function crossing(
  all: Scene,
  why: string | null = null,
): { epoch: Promise<HostAnswer>; stay: Stay } {
  const { world, x, y, d } = all
  work(all, x)
  work(all, y)
  const older = arrive(world, y, d, 7)
  const epoch = snapshot(all, true)
  world.run(20)
  rest(all, x)
  world.run(20)
  work(all, x)
  const { leave } = end(world, older, why)
  leave()
  const stay = arrive(world, x, d, 8)
  return { epoch, stay }
}

test('[SI200] once the visit is over that an epoch found in a logged container, one of the new epoch comes in at once, and nobody waits for it', async (t) => {
  const all = await scene()
  const { world, x, y, d } = all
  const began = world.sim.clock.nowMs()

  const { epoch, stay } = crossing(all)
  const keptOut = isKeptOut(all, x)
  rest(all, y)
  const { status } = await world.settle(epoch)
  const tookMs = world.sim.clock.nowMs() - began
  const during = [historyOf(all).newest!.logged === null, load(world, d, 'epoch')]
  const { point } = end(world, stay)

  t.is(status, 'ok')
  t.false(keptOut)
  t.true(tookMs < 500, `${tookMs} ms`)
  t.deepEqual(during, [false, epochOf(all)])
  t.true(point)
  t.is(world.kernel.machine.captures.line, epochOf(all))
  t.deepEqual(world.of('line_lagging'), [])
})

test('[SI200] a visit that makes no point keeps those of the new epoch out, and the epoch waits for a capture', async (t) => {
  const all = await scene()
  const { world, x, y } = all

  const { epoch, stay } = crossing(all, 'it waited')
  const keptOut = isKeptOut(all, x)
  rest(all, y)
  const early = await settled(epoch, world, 1_000)
  end(world, stay).leave()
  rest(all, x)
  const { status } = await world.settle(epoch)

  t.true(keptOut)
  t.false(early)
  t.is(status, 'ok')
  t.is(historyOf(all).newest!.logged, null)
})

test('[SI201] the line of the epoch has the visit that was over before, and not the one that began after', async (t) => {
  const all = await scene()
  const { world, x, y, d } = all
  const { epoch, stay } = crossing(all)
  const [before] = historyOf(all).newer
  rest(all, y)
  await world.settle(epoch)
  const on = historyOf(all).base!.interval
  const later = end(world, stay)
  later.leave()

  const next = snapshot(all, true)
  rest(all, x)
  await world.settle(next)

  t.is(on, before!.interval)
  t.true(historyOf(all).base!.interval > later.interval)
  t.is(load(world, d, 'epoch'), epochOf(all))
})

test('[SI201] as long as somebody may join an epoch, no visit stands for it', async (t) => {
  const all = await scene()
  const { world, x, y, d } = all
  work(all, x)
  work(all, y)
  const epoch = snapshot(all)
  world.run(20)

  visit(world, y, d, 7)
  const open = historyOf(all).newest!.epoch
  const joined = snapshot(all, true)
  world.run(20)
  rest(all, x)
  rest(all, y)
  await world.settle(epoch)
  await world.settle(joined)

  t.is(open, epochOf(all) - 1)
  t.is(historyOf(all).base, historyOf(all).newest)
})

test('[SI201] a call by a capability is in no visit: the container is captured for the epoch', async (t) => {
  const all = await scene()
  const { world, x, y, d } = all
  visit(world, y, d, 7)
  historyOf(all).owed.set(x.slot, world.kernel.machine.containers.interval(x.slot))
  work(all, x)
  work(all, y)
  // Somebody is just knocking, so that it cannot be cut.
  const frames = world.sim.region.containerWord(d, 'frames')
  world.sim.region.words.add(frames, 1)
  const epoch = snapshot(all)
  world.run(20)
  rest(all, x)
  world.run(20)
  const during = [historyOf(all).epoch, isKeptOut(all, x)]
  world.sim.region.words.add(frames, -1)
  rest(all, y)
  await world.settle(epoch)

  t.deepEqual(during, [epochOf(all) - 1, true])
  t.is(historyOf(all).newest!.logged, null)
})

test('[SI202] a logged container that is never empty is captured in the fifth epoch all the same', async (t) => {
  const all = await scene()
  const { world, x, y } = all
  const kept: boolean[] = []
  for (let nth = 1; nth <= 5; nth++) {
    const { epoch, stay } = crossing(all)
    kept.push(isKeptOut(all, x))
    rest(all, y)
    if (nth === 5) {
      // It turns away at the gate.
      end(world, stay).leave()
      rest(all, x)
    }
    t.is((await world.settle(epoch)).status, 'ok')
    if (nth < 5) end(world, stay).leave()
    world.run(100)
  }

  t.deepEqual(kept, [false, false, false, false, true])
  t.is(historyOf(all).newest!.logged, null)
  t.is(historyOf(all).spared, 0)
})

test('[SI201] whoever joins an epoch is told that it is recoverable when what had happened by then is, also in a container that was idle as it began', async (t) => {
  const all = await scene()
  const { world, x, y } = all
  const first = world.managers.get(actorPorts.firstManager)!
  work(all, y)
  const epoch = snapshot(all)
  world.run(20)
  work(all, x)
  world.write(world.kernel.machine.containers.named('x')!.token)
  rest(all, x)
  first.behaviour.stabilise = false
  const joined = snapshot(all, true)
  rest(all, y)

  const early = await settled(joined, world, 1_000)
  await world.settle(epoch)
  const { token, intervals } = world.kernel.machine.containers.named('x')!
  first.stabilise(token, intervals.label)
  const late = await settled(joined, world, 1_000)

  t.deepEqual([early, late], [false, true])
})

/** Whether it settles within so long. */
async function settled(answer: Promise<unknown>, world: KernelWorld, ms: number): Promise<boolean> {
  const found = { yet: false }
  void answer.then(() => (found.yet = true))
  for (let waited = 0; waited < ms && !found.yet; waited += 50) {
    world.run(50)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return found.yet
}
