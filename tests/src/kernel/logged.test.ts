/** SI: visits of logged containers are points, and are run again after a loss. Real kernel and disk, simulated threads. */
import { inputCalls, locusOfPort, locusPort, serviceLevels, type ContainerSlot } from '@katydid/abi'
import { run } from '@katydid/actor'
import { rootOf } from '@katydid/kernel/logged/chain.js'
import { demote } from '@katydid/kernel/logged/level.js'
import { readLog } from '@katydid/kernel/recovery/log-reader.js'
import type { FoundRecord } from '@katydid/kernel/state-interval/durable-log.js'
import { receive, stampOf } from '@katydid/memory'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'
import {
  home,
  input,
  load,
  logged,
  portOfManager,
  slotOf,
  visit,
  type Home,
} from './support/visits.js'

const shape = { maxLoci: 4, maxContainers: 8 }
const others = [{ name: 'other' }]
const open = (earlier?: KernelWorld): Promise<KernelWorld> =>
  KernelWorld.open({ shape, others, ...(earlier === undefined ? {} : { earlier }) })

interface Scene {
  readonly world: KernelWorld
  readonly x: Home
  readonly d: ContainerSlot
}

/** A container `x` with a locus, and `d`, logged, under a manager of its own; both are on the line. */
async function scene(level: (typeof serviceLevels)[number] = 'deterministic'): Promise<Scene> {
  const world = await open()
  const x = await home(world, 'x')
  const d = await logged(world, 'd', 'other', level)
  world.setRegister(x.port, 0, 1n)
  await world.call('world_snapshot', { durable: true })
  world.setRegister(x.port, 0, 2n)
  return { world, x, d }
}

const historyOf = (world: KernelWorld, name: string) =>
  world.kernel.machine.containers.named(name)!.intervals.history
const given = (world: KernelWorld): number[] => world.replayed.map(({ seed }) => seed[0]!)
const portIn = (world: KernelWorld, name: string) =>
  locusPort(world.kernel.machine.loci.named(`in ${name}`)!.slot!)

test('[SI102] a visit of a logged container is a point: it ends an interval and has what was received in it', async (t) => {
  const { world, x, d } = await scene()
  const sent = world.kernel.machine.containers.interval(x.slot)

  const first = visit(world, x, d, 7)
  const second = visit(world, x, d, 8)

  const [one, two] = historyOf(world, 'd').newer
  t.deepEqual([first.point, second.point], [true, true])
  t.deepEqual([one!.interval, two!.interval], [first.interval, second.interval])
  t.true(second.interval > first.interval)
  t.deepEqual([...one!.dependencies], [[x.slot, sent]])
  t.is(two!.logged!.before, one!)
  t.is(one!.logged!.before, historyOf(world, 'd').base!)
})

test('[SI102] the line has a visit once its input is on the disk and the line has what was received in it', async (t) => {
  const { world, x, d } = await scene()
  const { interval } = visit(world, x, d, 7)
  world.run(200)
  const stable = historyOf(world, 'd').newer.map(({ fed }) => fed)
  const before = historyOf(world, 'd').base!.interval

  world.setState(x.port, 'resting')
  const snapshots = world.managers.get(portOfManager(world, 'other'))!
  snapshots.behaviour.snapshots = 'refuse'
  await world.call('world_snapshot', { durable: false })
  world.run(200)

  t.deepEqual(stable, [true])
  t.true(before < interval)
  t.is(historyOf(world, 'd').base!.interval, interval)
})

test('[SI103] inputs go to the disk together, at once when somebody waits for the line', async (t) => {
  const { world, x, d } = await scene()
  const groups = world.kernel.machine.log.position
  for (let value = 1; value <= 5; value++) visit(world, x, d, value)
  const durable = () => historyOf(world, 'd').newer.filter(({ logged: it }) => it!.durable).length
  world.run(100)
  const records = world.kernel.machine.log.position - groups

  t.is(durable(), 5)
  t.true(records < 5, `${records} records`)
})

test('[SI104] when its manager dies a logged container is back where its newest visit left it, and nobody else goes back', async (t) => {
  const { world, x, d } = await scene()
  for (const value of [7, 8, 9]) visit(world, x, d, value)
  const { interval } = visit(world, x, d, 10)

  world.die(portOfManager(world, 'other'))
  world.run(1000)

  t.deepEqual(given(world), [7, 8, 9, 10])
  const [{ moved }] = world.of('rollback') as [ReturnType<typeof world.of<'rollback'>>[number]]
  t.deepEqual(
    moved.map(({ container, to }) => [container, to]),
    [['d', interval]],
  )
  t.is(world.register(x.port, 0), 2n)
  t.is(world.kernel.machine.loci.all().length, 1)
})

test('[SI104] a capture whose image is lost before it was stable costs no visit, before a kill and after it', async (t) => {
  const { world, x, d } = await scene()
  visit(world, x, d, 7)
  const other = world.managers.get(portOfManager(world, 'other'))!
  other.behaviour.stabilise = false
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: false })
  world.run(100)
  const captured = historyOf(world, 'd').newest!
  world.setRegister(x.port, 0, 3n)
  const { interval } = visit(world, x, d, 8)

  world.die(portOfManager(world, 'other'))
  world.run(1000)
  const back = historyOf(world, 'd').newest!.interval
  await world.call('world_snapshot', { durable: true })
  const first = given(world)
  world.replayed.length = 0
  visit(world, x, d, 9)
  world.run(100)
  const next = await open(world)
  next.run(500)

  t.is(captured.logged, null)
  t.deepEqual([first, back], [[7, 8], interval])
  t.is(world.register(x.port, 0), 3n)
  t.is(next.boot!.damage, null)
  t.is(next.register(portIn(next, 'x'), 0), 3n)
})

test('[SI104] what was run again on another image is found so after a kill', async (t) => {
  const { world, x, d } = await scene()
  visit(world, x, d, 7)
  const other = world.managers.get(portOfManager(world, 'other'))!
  other.behaviour.stabilise = false
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: false })
  visit(world, x, d, 8)
  world.die(portOfManager(world, 'other'))
  world.run(1000)
  // The line gets there without another capture of it.
  world.managers.get(portOfManager(world, 'other'))!.behaviour.snapshots = 'refuse'
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: false })
  world.run(300)
  const line = historyOf(world, 'd').base!.interval

  const next = await open(world)
  next.run(500)

  t.is(line, historyOf(world, 'd').newest!.interval)
  t.is(next.boot!.damage, null)
  t.deepEqual(given(next), [7, 8])
})

test('[SI104] without a log the same loss takes back whoever has visited', async (t) => {
  const { world, x, d } = await scene('snapshotting')
  const { region } = world.sim
  receive(region, d, stampOf(region, x.slot))
  receive(region, x.slot, stampOf(region, d))

  world.die(portOfManager(world, 'other'))
  world.run(1000)

  t.is(world.register(portIn(world, 'x'), 0), 1n)
  t.deepEqual(given(world), [])
})

test('[SI104] a visitor that is lost takes only its own visits with it', async (t) => {
  const { world, x, d } = await scene()
  const y = await home(world, 'y')
  await world.call('world_snapshot', { durable: true })
  world.setRegister(y.port, 0, 5n)
  world.setRegister(x.port, 0, 3n)
  visit(world, y, d, 7)
  visit(world, x, d, 8)

  world.die(x.port)
  world.run(1000)

  t.deepEqual(given(world), [7])
  t.is(world.register(y.port, 0), 5n)
  t.is(world.register(portIn(world, 'x'), 0), 2n)
})

test('[SI105] visits go on after a replay, and a second loss runs all of them again', async (t) => {
  const { world, x, d } = await scene()
  visit(world, x, d, 7)
  world.die(portOfManager(world, 'other'))
  world.run(1000)
  const second = visit(world, x, d, 8)
  world.replayed.length = 0

  world.die(portOfManager(world, 'other'))
  world.run(1000)

  t.true(second.point)
  t.deepEqual(given(world), [7, 8])
})

test('[SI106] after a kill the visits that are on the line are run again, in their order; what did not reach the disk never was', async (t) => {
  const { world, x, d } = await scene()
  for (const value of [7, 8]) visit(world, x, d, value)
  const slow = world.managers.get(portOfManager(world, 'other'))!
  slow.behaviour.snapshots = 'refuse'
  await world.call('world_snapshot', { durable: false })
  world.run(200)
  visit(world, x, d, 9)

  const next = await open(world)
  next.run(500)
  const again = await open(next)
  again.run(500)

  t.deepEqual(
    [given(next), given(again)],
    [
      [7, 8],
      [7, 8],
    ],
  )
  t.is(next.boot!.damage, null)
  t.is(again.boot!.damage, null)
  t.is(load(next, slotOf(next, 'd'), 'level'), serviceLevels.indexOf('deterministic'))
})

test('[SI107] where a visit does not do again what it did, the container is back at its capture with all that had heard of it, and has only captures from then on', async (t) => {
  const { world, x, d } = await scene()
  const y = await home(world, 'y')
  await world.call('world_snapshot', { durable: true })
  world.setRegister(y.port, 0, 5n)
  visit(world, x, d, 7)
  world.differs = ({ seed }) => (seed[0] === 7 ? 'the result differs' : null)

  world.die(portOfManager(world, 'other'))
  world.run(1500)
  const later = world.kernel.machine.containers.named('d')!

  t.regex(world.of('replay_differed')[0]!.detail, /the result differs/)
  t.is(world.of('rollback').length, 1)
  t.deepEqual(
    world
      .of('rollback')[0]!
      .moved.map(({ container }) => container)
      .toSorted(),
    ['d', 'x'],
  )
  t.is(world.register(portIn(world, 'y'), 0), 5n)
  t.deepEqual([load(world, d, 'level'), later.serviceLevel], [0, 'deterministic'])
  t.is(later.intervals.history.newest!.logged, null)
})

for (const [what, forMs] of [
  ['dies', 1500],
  ['hangs', 60_000],
] as const)
  test(`[SI107] a thread that ${what} while it runs visits again is a difference`, async (t) => {
    const { world, x, d } = await scene()
    visit(world, x, d, 7)
    world.differs = () => what

    world.die(portOfManager(world, 'other'))
    world.run(forMs)

    t.is(world.of('replay_differed').length, 1)
    t.is(world.kernel.machine.phase, 'open')
    t.is(world.kernel.machine.loci.all().length, 1)
  })

test('[SI107] where visits on the line differ after a kill, the captured point takes their place, and that is called damage', async (t) => {
  const { world, x, d } = await scene()
  visit(world, x, d, 7)
  const slow = world.managers.get(portOfManager(world, 'other'))!
  slow.behaviour.snapshots = 'refuse'
  await world.call('world_snapshot', { durable: false })
  world.run(200)
  const onLine = historyOf(world, 'd').base!.logged !== null

  const differs = (): string => 'the result differs'
  const came = await KernelWorld.open({ shape, others, earlier: world, differs })
  came.run(500)

  t.true(onLine)
  t.is(came.kernel.machine.phase, 'open')
  t.regex(came.boot!.damage!, /cannot be restored/)
  t.is(historyOf(came, 'd').newest!.logged, null)
  t.is(came.register(portIn(came, 'x'), 0), 1n)
})

test('[SI108] what cannot be logged is said once; until the next capture visits are no points, and then they are again', async (t) => {
  const { world, x, d } = await scene()
  const points = [
    visit(world, x, d, 7),
    visit(world, x, d, 8, 'it used a semaphore'),
    visit(world, x, d, 9),
  ]
  visit(world, x, d, 10, 'it used another')
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const after = visit(world, x, d, 11)

  t.deepEqual(
    points.map(({ point }) => point),
    [true, false, false],
  )
  t.deepEqual(
    world.of('not_logged').map(({ container, why }) => [container, why]),
    [['d', 'it used a semaphore']],
  )
  t.true(after.point)
})

test('[SI108] a change of what the kernel keeps of a container, a locus of its own and a shared page are no visits', async (t) => {
  const reasons: string[] = []
  for (const upset of ['capability', 'locus', 'mapping'] as const) {
    const { world, x, d } = await scene()
    const found = await world.call('container_find', { name: 'd' })
    const cont = found['cont'] as never
    if (upset === 'capability') await world.call('cap_copy', { cap: x.cont, to: cont, rights: 4 })
    else if (upset === 'locus') await world.locus(cont, 'its own')
    else {
      const source = await world.container('shared')
      const to = { cont, at: 0, length: 4096, source, sourceAt: 0, rights: 3 }
      await world.call('container_map', to)
    }
    const { point } = visit(world, x, d, 7)
    t.false(point, upset)
    reasons.push(world.of('not_logged')[0]!.why)
  }

  t.regex(reasons[0]!, /has changed/)
  t.regex(reasons[1]!, /a locus lives in/)
  t.regex(reasons[2]!, /shares pages/)
})

test('[SI109] a record of visits that is missing or damaged ends the chain there, and is reported', async (t) => {
  const { world, x, d } = await scene()
  for (const value of [7, 8, 9]) {
    visit(world, x, d, value)
    world.run(100)
  }
  const found = await world.settle(
    new Promise<FoundRecord[]>((resolve) => {
      const { machine } = world.kernel
      run(machine.messenger, machine.log.scan(), (scan) => resolve(scan.found))
    }),
  )
  const second = found.filter(({ kind }) => kind === 'inputs')[1]!
  const seeds = (records: readonly FoundRecord[]): readonly number[] => {
    const { points } = readLog(records, 'test', shape.maxContainers)
    const mine = points.filter(({ unit, logged: it }) => unit === d && it !== null)
    return mine.map(({ logged: it }) => it!.input!.seed[0]!)
  }
  const without = found.filter((each) => each !== second)
  const spoilt = found.map((each) =>
    each === second ? { ...each, content: each.content.slice(0, -9) } : each,
  )

  t.deepEqual([seeds(found), seeds(without), seeds(spoilt)], [[7, 8, 9], [7], [7]])
  t.is(readLog(found, 'test', shape.maxContainers).damage, null)
  t.regex(readLog(without, 'test', shape.maxContainers).damage!, /1 records of what came into/)
  t.regex(readLog(spoilt, 'test', shape.maxContainers).damage!, /could not be read/)
})

test('[SI110] a turn whose holder’s thread is gone is free when what was lost is back', async (t) => {
  const { world, x, d } = await scene()
  const { region } = world.sim
  region.words.store(region.containerWord(d, 'turn'), locusOfPort(x.port) + 1)

  world.die(x.port)
  world.run(1000)

  t.is(load(world, d, 'turn'), 0)
})

test('[SI110] input_logged is for the holder of the turn, in a logged container, with an input that fits', async (t) => {
  const { world, x, d } = await scene()
  const { region } = world.sim
  const locus = world.loci.get(x.port)!
  const say = (cont: number, more: object = {}): string =>
    world.said(locus, inputCalls.inputLogged, {
      cont,
      input: { ...input(x, world, 1), ...more },
      why: '',
    }).status
  const without = say(d)
  region.words.store(region.containerWord(d, 'turn'), locusOfPort(x.port) + 1)

  const statuses = [
    without,
    say(x.slot),
    say(77),
    say(d, { sender: 500 }),
    say(d, { times: Array.from({ length: 4097 }, () => 1) }),
    say(d, { result: new Uint8Array(113 * 1024) }),
    say(d),
  ]

  t.deepEqual(statuses, [...Array.from({ length: 6 }, () => 'bad_argument'), 'ok'])
  const replaying = world.said(locus, inputCalls.replayNext, { problem: null })
  t.is(replaying.status, 'no_such_locus')
})

test('[SI110] who has the turn and waits at the gate of what goes back keeps it', async (t) => {
  const { world, x, d } = await scene()
  const { region } = world.sim
  region.words.store(region.containerWord(d, 'turn'), locusOfPort(x.port) + 1)

  world.die(portOfManager(world, 'other'))
  world.run(1000)

  t.is(load(world, d, 'turn'), locusOfPort(x.port) + 1)
  t.true(visit(world, x, d, 7).point)
})

test('[SI107] what void visits had received counts for the capture after them', async (t) => {
  const { world, x, d } = await scene()
  const root = historyOf(world, 'd').newest!.interval
  const other = world.managers.get(portOfManager(world, 'other'))!
  visit(world, x, d, 7)
  other.behaviour.snapshots = 'refuse'
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: false })
  world.run(200)
  // From now on x is in no capture, and d is.
  other.behaviour.snapshots = 'ok'
  world.setState(x.port, 'running')
  visit(world, x, d, 8)
  await world.call('world_snapshot', { durable: false })
  const captured = historyOf(world, 'd').newest!
  visit(world, x, d, 9)
  world.run(200)

  const differs = (): string => 'the result differs'
  const next = await KernelWorld.open({ shape, others, earlier: world, differs })
  next.run(500)

  t.is(captured.logged, null)
  t.deepEqual(given(next), [7])
  t.is(historyOf(next, 'd').newest!.interval, root)
})

/** Captures of `x` alone, until what was written before them is far behind the log's end. */
async function manyCaptures(world: KernelWorld, x: Home): Promise<void> {
  for (let n = 0; n < 90; n++) {
    world.setRegister(x.port, 0, BigInt(n))
    world.setState(x.port, 'resting')
    world.sim.region.words.store(world.sim.region.containerWord(x.slot, 'written'), 1)
    await world.call('world_snapshot', { durable: true })
  }
}

test('[SI142] a visit on the line of a container whose manager was given up is written again, and is there after a restart', async (t) => {
  const { world, x, d } = await scene()
  const port = portOfManager(world, 'other')
  for (const value of [7, 8]) visit(world, x, d, value)
  world.setState(x.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const { interval } = visit(world, x, d, 9)
  world.setState(x.port, 'resting')
  world.managers.get(port)!.behaviour.snapshots = 'refuse'
  await world.call('world_snapshot', { durable: false })
  world.run(500)
  const onLine = historyOf(world, 'd').base!
  const standsBehind = onLine.capture.after
  for (let n = 0; n < 6; n++) {
    world.die(port)
    await world.call('locus_find', { name: '' })
    world.run(500)
  }
  const { state } = world.kernel.machine.managers.at(port)!
  await manyCaptures(world, x)
  const now = historyOf(world, 'd').base!

  const next = await open(world)
  next.run(500)

  t.deepEqual([onLine.interval, state], [interval, 'given_up'])
  t.not(now.logged, null)
  t.deepEqual([rootOf(now).image, rootOf(now).interval], [onLine.image, rootOf(onLine).interval])
  t.true(now.capture.after > standsBehind + 60, `${now.capture.after} ${standsBehind}`)
  t.is(next.boot?.damage, null)
  t.is(historyOf(next, 'd').base!.interval, now.interval)
  t.deepEqual(given(next), [9])
})

test('[SI142] so is one of a container that may be restored from snapshots only any more, until there is one', async (t) => {
  const { world, x, d } = await scene()
  const { interval } = visit(world, x, d, 7)
  world.setState(x.port, 'resting')
  const other = world.managers.get(portOfManager(world, 'other'))!
  other.behaviour.snapshots = 'refuse'
  await world.call('world_snapshot', { durable: false })
  world.run(500)
  const standsBehind = historyOf(world, 'd').base!.capture.after
  demote(world.kernel.machine, world.kernel.machine.containers.at(d)!)
  await manyCaptures(world, x)
  const before = historyOf(world, 'd').base!
  const next = await open(world)
  next.run(500)

  t.is(before.interval, interval)
  t.true(before.capture.after > standsBehind + 60)
  t.is(next.boot?.damage, null)
  t.deepEqual(given(next), [7])
  other.behaviour.snapshots = 'ok'
  await manyCaptures(world, x)
  t.true(historyOf(world, 'd').base!.interval > interval)
  t.is((await open(world)).boot?.damage, null)
})
