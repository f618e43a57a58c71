/** SI: captures of the world, stable points, the line. On the real kernel and the real disk in the simulator. */
import { actorPorts, asInterval, asToken, managerDowncalls, type StateInterval } from '@katydid/abi'
import { noIntervals } from '@katydid/kernel/container/container.js'
import type { Capture } from '@katydid/kernel/state-interval/capture-table.js'
import {
  counts,
  makeBaseline,
  markDiscarded,
  markStable,
  openPoint,
} from '@katydid/kernel/state-interval/points.js'
import test from 'ava'
import { array, assert, boolean, integer, property, record } from 'fast-check'
import { KernelWorld } from './support/kernel-world.js'

const token = 100
const si = (n: number): StateInterval => asInterval(n)

/** The gate of the container “a”. */
function gateOf(world: KernelWorld): number {
  const { slot } = world.kernel.machine.containers.named('a')!
  return world.sim.region.words.load(world.sim.region.containerWord(slot, 'gate'))
}

/** What a capture that did not happen must leave as it is. */
function picture(world: KernelWorld): string {
  const { machine } = world.kernel
  const containers = machine.containers
    .live()
    .map((each) => [
      machine.containers.interval(each.slot),
      each.intervals.label,
      world.sim.region.words.load(world.sim.region.containerWord(each.slot, 'capture')),
      world.sim.region.words.load(world.sim.region.containerWord(each.slot, 'written')),
    ])
  const gate = world.sim.region.words.load(world.sim.region.machineWord('gate'))
  return JSON.stringify([containers, gate, gateOf(world), machine.captures.newer.length])
}

const snapshotsOf = (world: KernelWorld): string[] =>
  world.manager!.calls.filter((each) => each.startsWith(`container_snapshot ${token}`))

test('[SI1] a snapshot is named by the interval it ends, names rise, and a new interval is open', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')

  world.write()
  const first = await world.call('snapshot_request', { cont })
  world.write()
  const second = await world.call('snapshot_request', { cont })

  t.true((second['stateInterval'] as number) > (first['stateInterval'] as number))
  t.deepEqual(
    snapshotsOf(world),
    [first, second].map((each) => `container_snapshot ${token} ${each['stateInterval'] as number}`),
  )
  t.true(world.kernel.machine.containers.interval(1 as never) > (second['stateInterval'] as number))
})

test('[SI2] a locus that does not come to rest makes the capture busy after two seconds, and nothing is changed', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  await world.locus(cont)
  world.write()
  const before = picture(world)
  const from = world.sim.clock.nowMs()

  const answer = await world.call('world_snapshot', { durable: false })

  t.is(answer.status, 'busy')
  t.true(world.sim.clock.nowMs() - from < 2_200)
  t.is(picture(world), before)
  t.deepEqual(snapshotsOf(world), [])
})

test('[SI2] the gate is shut until all loci rest, and open when managers have answered', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  const port = await world.locus(cont)
  const gate = (): number => gateOf(world)
  world.write()

  const answer = world.kernel.call('world_snapshot', { durable: false })
  world.run(500)
  const shut = gate()
  world.setState(port, 'resting')
  world.run(100)

  t.not(shut, 0)
  t.is(gate(), 0)
  t.is((await world.settle(answer)).status, 'ok')
  t.is(world.of('captured').length, 1)
})

test('[SI3] who asks before the loci rest joins the capture; who comes later has the next', async (t) => {
  const world = await KernelWorld.open({ behaviour: { snapshots: 'never' } })
  const cont = await world.container('a')
  const port = await world.locus(cont)
  world.write()
  const { kernel } = world

  const early = [
    kernel.call('world_snapshot', { durable: false }),
    kernel.call('snapshot_request', { cont }),
  ]
  world.run(100)
  world.setState(port, 'resting')
  world.run(50)
  const late = kernel.call('world_snapshot', { durable: false })
  world.run(50)
  world.behaviour.snapshots = 'ok'

  const statuses = await world.settle(Promise.all(early))
  t.deepEqual(
    statuses.map((each) => each.status),
    ['manager_failed', 'manager_failed'],
  )
  t.is((await world.settle(late)).status, 'ok')
  t.is(snapshotsOf(world).length, 2)
})

test('[SI4] a container nobody wrote is not snapshotted: its label stays, and 0 is the empty container', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')

  const empty = await world.call('snapshot_request', { cont })
  const before = snapshotsOf(world).length
  world.write()
  const first = await world.call('snapshot_request', { cont })
  const again = await world.call('snapshot_request', { cont })

  t.is(empty['stateInterval'], 0)
  t.is(before, 0)
  t.is(again['stateInterval'], first['stateInterval'])
  t.is(snapshotsOf(world).length, 1)
})

test('[SI5] a manager that refuses or is silent makes manager_failed; the world goes on and the next capture has it all', async (t) => {
  const world = await KernelWorld.open({ behaviour: { snapshots: 'refuse' } })
  const cont = await world.container('a')
  const port = await world.locus(cont)
  world.setState(port, 'resting')
  world.write()

  const refused = await world.call('world_snapshot', { durable: false })
  world.behaviour.snapshots = 'never'
  const silent = await world.call('world_snapshot', { durable: false })
  world.behaviour.snapshots = 'ok'
  const good = await world.call('world_snapshot', { durable: true })

  t.deepEqual(
    [refused.status, silent.status, good.status],
    ['manager_failed', 'manager_failed', 'ok'],
  )
  t.is(world.sim.region.words.load(world.sim.region.machineWord('gate')), 0)
  t.is(snapshotsOf(world).length, 3)
})

test('[SI6] the line moves only when record and labels are stable, forward, and is told after its own record', async (t) => {
  const world = await KernelWorld.open({ behaviour: { stabilise: false } })
  await world.container('a')
  const { captures } = world.kernel.machine
  const names: number[] = []
  for (let i = 0; i < 3; i++) {
    world.write()
    await world.call('world_snapshot', { durable: false })
    world.run(100)
    names.push(world.kernel.machine.containers.at(1)!.intervals.label)
  }
  const lines = [captures.line]

  for (const name of [names[2]!, names[0]!, names[1]!]) {
    world.manager!.stabilise(asToken(token), si(name))
    world.run(200)
    lines.push(captures.line)
  }

  t.deepEqual(lines, [0, 0, 1, 3])
  t.deepEqual(
    world.of('recoverable').map((each) => each.capture),
    [1, 3],
  )
  const told = world.manager!.calls.filter((each) =>
    each.startsWith(`snapshot_is_recoverable ${token}`),
  )
  t.deepEqual(
    told,
    [names[0], names[2]].map((each) => `snapshot_is_recoverable ${token} ${each}`),
  )
})

test('[SI6] reports in any order make a point count exactly when it and all before it are stable or discarded', (t) => {
  const moves = array(record({ interval: integer({ min: 1, max: 8 }), stable: boolean() }), {
    maxLength: 24,
  })
  t.notThrows(() =>
    assert(
      property(moves, (each) => {
        const intervals = noIntervals()
        for (let n = 1; n <= 8; n++) openPoint(intervals, si(n))
        const stable = new Set<number>()
        const discarded = new Set<number>()
        for (const { interval, stable: isStable } of each) {
          if (isStable) markStable(intervals, si(interval))
          else markDiscarded(intervals, si(interval))
          ;(isStable ? stable : discarded).add(interval)
        }
        return [1, 2, 3, 4, 5, 6, 7, 8].every((label) => {
          const before = Array.from({ length: label - 1 }, (_, i) => i + 1)
          const expected =
            stable.has(label) &&
            !discarded.has(label) &&
            before.every((n) => stable.has(n) || discarded.has(n))
          return counts(intervals, label) === expected
        })
      }),
      { numRuns: 500, seed: 2026 },
    ),
  )
})

test('[SI7] state_interval_stable twice is ok, of an unknown interval no_such_interval, and by another than the manager refused', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  world.write()
  const { stateInterval } = await world.call('snapshot_request', { cont })
  world.run(100)
  const statuses: string[] = []
  const manager = world.manager!

  manager.stabilise(asToken(token), si(stateInterval as number), (status) => statuses.push(status))
  manager.stabilise(asToken(token), si(4711), (status) => statuses.push(status))
  world.run(50)

  t.deepEqual(statuses, ['ok', 'no_such_interval'])
  t.is((await world.call('state_interval_stable', { cont })).status, 'bad_argument')
})

test('[SI8] snapshot_discard is refused for the most recent recoverable snapshot, and nothing changes', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  world.write()
  const first = await world.call('snapshot_request', { cont })
  await world.call('world_snapshot', { durable: true })
  const capability = world.manager!.managed.get(token)!.capability
  const statuses: string[] = []
  const discard = (stateInterval: number): void => {
    const args = { cont: capability, stateInterval: si(stateInterval) }
    world.managerMessenger.call(actorPorts.kernel, managerDowncalls.snapshotDiscard, args, (r) =>
      statuses.push(r.status),
    )
    world.run(50)
  }
  const before = world.kernel.machine.captures.line

  discard(first['stateInterval'] as number)
  discard(999)
  world.behaviour.stabilise = false
  world.write()
  const second = await world.call('snapshot_request', { cont })
  discard(second['stateInterval'] as number)

  t.deepEqual(statuses, ['most_recent_recoverable', 'no_such_interval', 'ok'])
  t.is(world.kernel.machine.captures.line, before)
})

test('[SI8] what a discarded snapshot had received counts for the next point, or for the one to come', (t) => {
  const { points, capture } = { points: [1, 2, 3], capture: {} as Capture }
  const intervals = noIntervals()
  for (const n of points) {
    openPoint(intervals, si(n))
    const dependencies = new Map([[n, 10 * n]])
    const point = { interval: n, image: n, dependencies, capture, epoch: n }
    intervals.history.add({ ...point, fed: false, logged: null, equals: null })
  }

  markDiscarded(intervals, si(1))
  const next = [...intervals.history.newer[0]!.dependencies].toSorted(([a], [b]) => a - b)
  markDiscarded(intervals, si(2))
  markDiscarded(intervals, si(3))

  t.deepEqual(next, [
    [1, 10],
    [2, 20],
  ])
  t.deepEqual(
    [...intervals.history.owed.keys()].toSorted((a, b) => a - b),
    [1, 2, 3],
  )
  t.deepEqual(intervals.history.newer, [])
})

test('[SI8] a new baseline forgets all that is older', (t) => {
  const intervals = noIntervals()
  for (const n of [1, 2, 3]) openPoint(intervals, si(n))
  markStable(intervals, si(2))

  makeBaseline(intervals, 2)

  t.deepEqual([...intervals.points.keys()], [3])
  t.is(markDiscarded(intervals, si(2)).status, 'most_recent_recoverable')
  t.is(markStable(intervals, si(1)).status, 'no_such_interval')
})

test('[SI9] world_snapshot durable answers when the cut is recoverable, and so is told the end of a locus in it', async (t) => {
  const world = await KernelWorld.open({ behaviour: { stabilise: false } })
  const cont = await world.container('a')
  const port = await world.locus(cont, 'worker')
  world.write()
  await world.endLocus(port)
  const answer = world.kernel.call('world_snapshot', { durable: true })
  world.run(500)
  const early = world.of('locus_ended').map((each) => each.recoverable)
  const found = await world.call('locus_find', { name: 'worker' })

  world.manager!.stabilise(asToken(token), world.kernel.machine.containers.at(1)!.intervals.label)

  t.is((await world.settle(answer)).status, 'ok')
  t.deepEqual(early, [false])
  t.deepEqual([found['ended'], found['recoverable'], found['end']], [true, false, 'ok'])
  t.deepEqual(
    world.of('locus_ended').map((each) => each.recoverable),
    [false, true],
  )
  t.true((await world.call('locus_find', { name: 'worker' }))['recoverable'])
})

test('[SI10] the kernel captures by itself every so often, and only if something ran', async (t) => {
  const world = await KernelWorld.open({ snapshotEveryMs: 200 })
  await world.container('a')
  world.run(1000)
  const idle = world.of('captured').length
  world.run(2000)
  const still = world.of('captured').length
  for (let i = 0; i < 5; i++) {
    world.write()
    world.run(200)
  }

  t.is(still, idle)
  t.true(world.of('captured').length >= still + 4)
})

test('[SI11] the log is trimmed as the line goes on: a restart reads little, however long the world ran', async (t) => {
  const world = await KernelWorld.open()
  const cont = await world.container('a')
  for (let i = 0; i < 80; i++) {
    world.write()
    await world.call('snapshot_request', { cont })
    world.run(50)
  }
  await world.call('world_snapshot', { durable: true })

  const next = await KernelWorld.open({ earlier: world })

  t.is(next.boot?.status, 'ok')
  t.is(next.kernel.machine.captures.line, world.kernel.machine.captures.line)
  const { found } = await next.scan()
  const records = found.filter(({ kind }) => kind === 'capture').length
  t.true(records < 60, `${records}`)
})
