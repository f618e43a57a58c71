/** SI: however long somebody holds the line, little is kept above it, nothing that a failure wants is given up, and the line comes when it can. Real kernel, simulated threads. */
import { asContainer, maxActors, type ContainerSlot, type PortId } from '@katydid/abi'
import test, { type ExecutionContext } from 'ava'
import type { Capture } from '@katydid/kernel/state-interval/capture-table.js'
import { heldFrom } from '@katydid/kernel/state-interval/history.js'
import { unitsOf } from '@katydid/kernel/state-interval/units.js'
import { KernelWorld, type WorldOptions } from './support/kernel-world.js'

const names = ['a', 'b', 'c'] as const
type Name = (typeof names)[number]

interface Held {
  readonly world: KernelWorld
  readonly ports: Readonly<Record<Name, PortId>>
  readonly slots: Readonly<Record<Name, ContainerSlot>>
}

/** On the line with 1 in register 0; then `b` runs without a rest, and whatever `a` does it has heard of `b` first. */
async function held(options: WorldOptions = {}): Promise<Held> {
  const world = await KernelWorld.open({
    snapshotEveryMs: 1000,
    shape: { maxLoci: 4, maxContainers: 8 },
    ...options,
  })
  const ports: Partial<Record<Name, PortId>> = {}
  for (const name of names) {
    const port = await world.locus(await world.container(name), `in ${name}`)
    world.setState(port, 'resting')
    world.setRegister(port, 0, 1n)
    ports[name] = port
  }
  for (const token of world.manager!.managed.keys()) world.write(token)
  await world.call('world_snapshot', { durable: true })
  world.setState(ports.b!, 'running')
  return { world, ports: ports as Held['ports'], slots: slotsIn(world) }
}

const slotsIn = (world: KernelWorld): Held['slots'] => ({
  a: world.kernel.machine.containers.named('a')!.slot,
  b: world.kernel.machine.containers.named('b')!.slot,
  c: world.kernel.machine.containers.named('c')!.slot,
})

/** One has received of what the other has open now. */
function hear({ world, slots }: Held, by: Name, of: Name): void {
  const { region } = world.sim
  const row = region.dependencyIndex(slots[by], slots[of])
  Atomics.store(region.i64, row, BigInt(world.kernel.machine.containers.interval(slots[of])))
}

/** `a` hears of `b`, and `c` of `a` now and then; both write, for so many seconds. */
function goOn(all: Held, seconds: number, from = 2): void {
  const { world, ports } = all
  for (let i = 0; i < seconds; i++) {
    for (const port of [ports.a, ports.c]) world.setRegister(port, 0, BigInt(from + i))
    hear(all, 'a', 'b')
    if (i % 7 === 3) hear(all, 'c', 'a')
    for (const token of world.manager!.managed.keys()) world.write(token)
    world.run(1000)
  }
}

const lineOf = ({ kernel }: KernelWorld): readonly number[] => {
  const { line, epoch } = kernel.machine.captures
  return [line, epoch]
}
const valueIn = (world: KernelWorld, name: Name): bigint =>
  world.register((world.kernel.machine.loci.named(`in ${name}`)!.slot! + maxActors) as PortId, 0)

/** Little is known of points, of records and of snapshots, and the log is held from no far way back. */
function isLittle(t: ExecutionContext, world: KernelWorld): void {
  const { captures, log, containers } = world.kernel.machine
  const points = unitsOf(world.kernel.machine).map(({ history }) => history)
  for (const { base, newer } of points) {
    t.true(newer.length <= 4, `${newer.length} points`)
    for (const point of base === null ? newer : [base, ...newer])
      t.true(log.position - heldFrom(point) < 80, `${log.position - heldFrom(point)} groups back`)
  }
  t.true(captures.newer.length <= 12, `${captures.newer.length} records`)
  t.true(log.position - captures.lineAfter < 80)
  for (const { intervals } of containers.live()) t.true(intervals.points.size <= 5)
  for (const labels of world.manager!.labels()) t.true(labels.size <= 6, [...labels].join())
}

test('[SI191] [SI192] in ten minutes in which one locus never rests nothing grows, and when it rests the line comes within two epochs', async (t) => {
  const both = await held()
  const { world } = both
  for (let minutes = 0; minutes < 10; minutes++) {
    goOn(both, 60, 2 + 60 * minutes)
    isLittle(t, world)
  }
  const [line, epoch] = lineOf(world)
  t.true(line! <= 2 && epoch! > 250, `${line} of ${epoch}`)
  const used = world.file.image.length
  t.true(used < 8 << 20, `${used} bytes`)

  const asked = world.kernel.call('world_snapshot', { durable: true })
  world.run(1000)
  world.setState(both.ports.b, 'resting')
  world.run(6000)

  t.is((await world.settle(asked, 5000)).status, 'ok')
  const [now, newest] = lineOf(world)
  t.true(newest! - now! <= 1, `${now} of ${newest}`)
  t.is(world.kernel.machine.captures.lagging, null)
  t.regex(
    world.manager!.calls.findLast((each) => each.startsWith('snapshots_kept'))!,
    /^snapshots_kept $/,
  )
})

test('[SI190] after a kill in the middle of it the world is at its line, though managers have dropped all that was not wanted', async (t) => {
  const both = await held()
  const { world } = both
  goOn(both, 200)
  t.true(world.manager!.calls.some((each) => each.startsWith('snapshot_supersedes')))

  const next = await KernelWorld.open({
    earlier: world,
    shape: { maxLoci: 4, maxContainers: 8 },
  })
  next.run(100)

  t.is(next.boot!.damage, null)
  t.is(valueIn(next, 'a'), 1n)
  t.is(valueIn(next, 'b'), 1n)
})

test('[SI190] who is lost meanwhile goes back to its newest point, and who is lost with what it heard of goes as far as it must', async (t) => {
  const both = await held()
  const { world } = both
  goOn(both, 100)
  const { newest, base } = world.kernel.machine.containers.at(both.slots.a)!.intervals.history

  world.die(both.ports.a)
  world.run(3000)
  const moved = world.of('rollback')[0]!.moved
  const back = valueIn(world, 'a')
  const hog = world.kernel.machine.loci.named('in b')!
  world.die((hog.slot! + maxActors) as PortId)
  world.run(5000)

  t.true(moved.some(({ container, to }) => container === 'a' && to === newest!.interval))
  t.true(newest!.interval > base!.interval)
  t.true(back >= 99n, `${back}`)
  t.deepEqual([valueIn(world, 'a'), valueIn(world, 'b')], [1n, 1n])
  t.is(world.kernel.machine.phase, 'open')
})

test('[SI190] a point in between that the failure of somebody else wants is there after a minute', async (t) => {
  const both = await held()
  const { world, ports, slots } = both
  goOn(both, 20)
  world.setState(ports.c, 'running')
  const before = valueIn(world, 'a')
  world.run(3000)
  // From here on whatever `a` is has heard of what `c` is in no point with.
  hear(both, 'a', 'c')
  goOn(both, 60, 1000)

  world.die(ports.c)
  world.run(4000)

  t.is(valueIn(world, 'a'), before)
  const a = world.of('rollback')[0]!.moved.find(({ container }) => container === 'a')!
  const slot = world.kernel.machine.containers.at(slots.a)!
  t.true(a.to > slot.intervals.recoverable)
})

test('[SI191] the log is trimmed while the line stands, and never before a point that is not written again', async (t) => {
  const both = await held()
  const { world } = both
  const { log } = world.kernel.machine
  const trim = log.trim.bind(log)
  let trimmed = 0
  log.trim = (position: number): void => {
    trimmed = Math.max(trimmed, position)
    trim(position)
  }
  const seen = new Set<number>()
  const { history: ofA } = world.kernel.machine.containers.at(both.slots.a)!.intervals
  const { captures } = world.kernel.machine
  const records: Capture[] = []
  const take = captures.take.bind(captures)
  captures.take = (capture: Capture): void => {
    records.push(capture)
    take(capture)
  }
  for (let i = 0; i < 50; i++) {
    if (i % 3 === 0) hear(both, 'a', 'c')
    goOn(both, 1, 2 + i)
  }
  // What `a` is before it hears of `c` is wanted from here on, and stands ahead of the line's points when these are written again.
  world.setState(both.ports.c, 'running')
  world.run(3000)
  hear(both, 'a', 'c')
  for (let i = 0; i < 300; i++) {
    goOn(both, 1, 60 + i)
    seen.add(trimmed)
    // What points that left had received stands in their records, or in that of a later one.
    for (const [at, { interval, dependencies, capture }] of ofA.newer.entries()) {
      const before = (ofA.newer[at - 1] ?? ofA.base)!.interval
      const inLog = records.filter(({ after }) => after >= trimmed)
      const said = inLog.flatMap(({ record }) =>
        record.containers.flatMap((each) =>
          each.slot === both.slots.a && each.interval > before && each.interval <= interval
            ? each.dependencies
            : [],
        ),
      )
      for (const [sender, of] of capture.durable ? dependencies : [])
        t.true(
          said.some(([from, to]) => from === sender && to >= of),
          `${interval}: ${of} of ${sender} is in no record behind ${trimmed}`,
        )
    }
    for (const { history } of unitsOf(world.kernel.machine))
      for (const point of history.base === null ? history.newer : [history.base, ...history.newer])
        if (point.capture.durable)
          t.true(heldFrom(point) >= trimmed, `${heldFrom(point)} is before ${trimmed}`)
  }

  t.true(seen.size >= 3, [...seen].join())
  t.true(log.position - trimmed < 140, `${trimmed} of ${log.position}`)
})

test('[SI191] records that are written again are what a start reads: their points stand there with all that was received', async (t) => {
  const both = await held()
  const { world } = both
  goOn(both, 300)
  const { history } = world.kernel.machine.containers.at(asContainer(both.slots.a))!.intervals
  t.true(history.base!.capture.after > 64, 'the line’s point was written again')
  world.setState(both.ports.b, 'resting')
  world.run(8000)
  const [line] = lineOf(world)
  const values = names.map((name) => valueIn(world, name))

  const next = await KernelWorld.open({
    earlier: world,
    shape: { maxLoci: 4, maxContainers: 8 },
  })
  next.run(100)

  t.true(line! > 100)
  t.is(next.boot!.damage, null)
  t.deepEqual(
    names.map((name) => valueIn(next, name)),
    values,
  )
})
