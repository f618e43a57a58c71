/** A world of several machines on threads: each is killed, or fails, and is started again alone, while the rest runs on. */
import { KatydidError } from 'katydid'
import test from 'ava'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folders.js'
import { hear, openSeveral, problemsOf, work } from '../support/several.js'
import { until } from '../support/until.js'
import { fixture } from '../support/worlds.js'

test.serial(
  '[WO80] a machine killed at any moment comes back with all that was told of it, and the others lose nothing',
  async (t) => {
    t.timeout(240_000)
    const dir = temporaryFolder(t)
    const job = { pages: 20, rounds: 160, pauseMs: 30 }
    const world = await openSeveral(t, 3, { dir })
    const told = hear(world)
    const back: number[] = []
    world.on('rollback', ({ machine }) => back.push(machine))
    const loci = await Promise.all([1, 2, 3].map((machine) => work(world, machine, job)))
    const restarted: number[] = []
    world.on('ready', ({ machine }) => restarted.push(machine))

    for (const [nth, moment] of [40, 210, 5].entries()) {
      const machine = [2, 1, 2][nth]!
      await until(
        'it has told something more',
        () => (told.get(machine)?.rounds.size ?? 0) > nth * 12,
      )
      await sleep(moment)
      await world.killMachine(machine)
      const others = [1, 2, 3].filter((each) => each !== machine)
      const before = others.map((each) => told.get(each)?.rounds.size ?? 0)
      t.is((await world.machines())[machine - 1]!.state, 'down')
      // What the others print is told when it is recoverable, for which nothing of the killed machine is needed.
      await until('the others run on', () =>
        others.every((each, at) => {
          const count = told.get(each)?.rounds.size ?? 0
          return count > before[at]! || count === job.rounds
        }),
      )
      await world.restartMachine(machine)
    }
    const results = await Promise.all(
      loci.map(async (each) => {
        // It was killed without being started again at once, so whoever waited then was told.
        const { result } = await each.result()
        return result
      }),
    )

    t.deepEqual(results, [160, 160, 160])
    t.deepEqual(
      [1, 2, 3].flatMap((machine) => problemsOf(told.get(machine)!, job)),
      [],
    )
    t.deepEqual(restarted, [2, 1, 2])
    t.deepEqual(back, [], 'nobody who was not killed went back')
    t.deepEqual(
      (await world.machines()).map(({ incarnation }) => incarnation),
      [2, 3, 1],
    )
  },
)

test.serial(
  '[WO83] nothing is written any more by a machine that was killed, however busy it was, and it may be killed while it starts',
  async (t) => {
    const dir = temporaryFolder(t)
    const world = await openSeveral(t, 2, { dir, snapshotEveryMs: 5 })
    const handle = await work(world, 2, { pages: 100, rounds: 100_000, pauseMs: 1 })
    const waiting = t.throwsAsync(handle.result(), { instanceOf: KatydidError })
    const told = hear(world)
    await until('it is at work', () => (told.get(2)?.rounds.size ?? 0) > 20)
    const stored = (): string =>
      createHash('sha256')
        .update(fs.readFileSync(path.join(dir, 'machine-2.disk')))
        .digest('hex')

    await world.killMachine(2)
    const before = stored()
    await sleep(500)
    const after = stored()
    const starting = t.throwsAsync(world.restartMachine(2), { instanceOf: KatydidError })
    await sleep(50)
    await world.killMachine(2)
    await starting
    await world.restartMachine(2)

    t.is((await waiting).status, 'unreachable')
    t.is(after, before)
    t.is((await world.machines())[1]!.state, 'open')
  },
)

test.serial('[WO81] incarnations rise over openings too', async (t) => {
  const dir = temporaryFolder(t)
  const world = await openSeveral(t, 2, { dir })
  await world.killMachine(2, { restart: true })
  await until('it is back', async () => (await world.machines())[1]!.state === 'open')
  await world.close()

  const again = await openSeveral(t, 2, { dir })

  t.deepEqual(
    (await again.machines()).map(({ machine, isHere, state, incarnation }) => [
      machine,
      isHere,
      state,
      incarnation,
    ]),
    [
      [1, true, 'open', 2],
      [2, true, 'open', 3],
    ],
  )
})

for (const part of ['kernel', 'disk', 'barrier'] as const) {
  test.serial(
    `[WO82] a machine whose ${part} ends is started again by itself; whoever waits for its locus waits on`,
    async (t) => {
      t.timeout(120_000)
      const world = await openSeveral(t, 2, { dir: temporaryFolder(t) })
      const job = { pages: 10, rounds: 60, pauseMs: 20 }
      const told = hear(world)
      const loci = await Promise.all([1, 2].map((machine) => work(world, machine, job)))
      const results = Promise.all(loci.map((each) => each.result()))
      const failed: unknown[] = []
      world.on('failed', ({ machine, restarts }) => failed.push([machine, restarts]))
      await until('it works', () => (told.get(2)?.rounds.size ?? 0) > 5)

      await world.crash(part, { machine: 2 })

      t.deepEqual(
        (await results).map(({ result }) => result),
        [60, 60],
      )
      t.deepEqual(failed, [[2, true]])
      t.deepEqual(
        [1, 2].flatMap((machine) => problemsOf(told.get(machine)!, job)),
        [],
      )
    },
  )
}

test.serial(
  '[WO82] a network driver that ends is started again, and its machine goes on in the same life',
  async (t) => {
    const world = await openSeveral(t, 3, { dir: temporaryFolder(t) })
    const ended: unknown[] = []
    world.on('ended', ({ machine, ending }) => ended.push([machine, ending.event]))

    await world.crash('network', { machine: 2 })
    await until('the end is told', () => ended.length === 1)
    // A name is given when all machines have been asked, by all links.
    const box = await world.createContainer({ name: 'after', machine: 2 })
    const other = await world.createContainer({ name: 'after too', machine: 1 })
    await world.killMachine(3)
    await world.restartMachine(3)

    t.deepEqual(ended, [[2, 'signal']])
    t.deepEqual([box.machine, other.machine], [2, 1])
    t.deepEqual(
      (await world.machines()).map(({ incarnation }) => incarnation),
      [1, 1, 2],
    )
  },
)

test.serial(
  '[WO84] a machine that is down is said to be, and what is asked of it is refused until it is started',
  async (t) => {
    const world = await openSeveral(t, 2, { dir: temporaryFolder(t) })
    const box = await world.createContainer({ name: 'box', machine: 2, program: fixture('reads') })
    await world.snapshot()
    const handle = await work(world, 2, { pages: 4, rounds: 2000, pauseMs: 20 })
    const waiting = t.throwsAsync(handle.result(), { instanceOf: KatydidError })

    await world.killMachine(2)
    const errors = [
      await waiting,
      await t.throwsAsync(world.snapshot({ machine: 2 }), { instanceOf: KatydidError }),
      await t.throwsAsync(world.startLocus(box, { name: 'reader' }), { instanceOf: KatydidError }),
    ]
    const open = await world.status()
    await world.snapshot({ machine: 1 })
    await world.restartMachine(2)
    const found = await world.createContainer({ name: 'box' })
    const { result } = await (await world.startLocus(box, { name: 'reader' })).result()

    for (const { status, sentence } of errors) {
      t.is(status, 'unreachable')
      t.regex(sentence, /Machine 2 was killed.*restartMachine\(2\)/)
    }
    t.true(open.containers.every(({ machine }) => machine === 1))
    t.is(found.machine, 2)
    t.is(result, 0)
  },
)

test.serial('[WO85] a name is used once in a world, whichever machine has it', async (t) => {
  const world = await openSeveral(t, 3, { dir: temporaryFolder(t) })
  const program = fixture('reads')
  const box = await world.createContainer({ name: 'box', machine: 3, program })
  const two = await world.createContainer({ name: 'two', machine: 2, program })
  await (await world.startLocus(box, { name: 'reader' })).result()

  const same = await world.createContainer({ name: 'box' })
  const errors = [
    await t.throwsAsync(world.createContainer({ name: 'box', machine: 1 }), {
      instanceOf: KatydidError,
    }),
    await t.throwsAsync(world.startLocus(two, { name: 'reader' }), { instanceOf: KatydidError }),
  ]
  const both = await Promise.allSettled(
    [1, 2, 3].map((machine) => world.createContainer({ name: 'new', machine })),
  )
  await world.killMachine(2)
  const unknown = world.createContainer({ name: 'later', machine: 1 })
  await world.restartMachine(2)

  t.is(same.machine, 3)
  for (const { status, sentence } of errors) {
    t.is(status, 'bad_argument')
    t.regex(sentence, /is on machine 3/)
  }
  t.is(both.filter(({ status }) => status === 'fulfilled').length, 1)
  t.is((await unknown).machine, 1, 'it was waited for who may have had the name')
})

test.serial(
  '[WO86] what would cross machines is refused with a sentence, and so are machines that are not',
  async (t) => {
    const world = await openSeveral(t, 2, { dir: temporaryFolder(t) })
    const [one, two] = [
      await world.createContainer({ name: 'one', machine: 1 }),
      await world.createContainer({ name: 'two', machine: 2 }),
    ]
    const near = await world.createContainer({ name: 'near', machine: 2 })
    const refused = async (action: Promise<unknown>): Promise<string> =>
      (await t.throwsAsync(action, { instanceOf: KatydidError })).status

    t.is(await refused(world.map(one, two, { at: 0, length: 4096 })), 'not_supported')
    t.is(await refused(world.rollback(1)), 'not_supported')
    t.is(await refused(world.createContainer({ name: 'three', machine: 3 })), 'bad_argument')
    t.is(await refused(world.killMachine(0)), 'bad_argument')
    await world.grant(two, near)
    await world.map(two, near, { at: 0, length: 4096 })
  },
)

test.serial('[WO87] counters, trace and events are of each machine, or of all', async (t) => {
  const world = await openSeveral(t, 2, { dir: temporaryFolder(t) })
  const loci = await Promise.all(
    [1, 2].map((machine) => work(world, machine, { pages: 5 * machine, rounds: 3, pauseMs: 1 })),
  )
  await Promise.all(loci.map((each) => each.result()))

  const [one, two] = [world.counters({ machine: 1 }), world.counters({ machine: 2 })]
  const both = world.counters()
  const { loci: all, report } = await world.status()
  const { loci: ofTwo } = await world.status({ machine: 2 })

  t.true(one.faults >= 5 && two.faults > one.faults)
  t.is(both.faults, one.faults + two.faults)
  t.deepEqual(
    all.map(({ name, machine }) => [name, machine]),
    [
      ['worker 1', 1],
      ['worker 2', 2],
    ],
  )
  t.deepEqual(
    ofTwo.map(({ name }) => name),
    ['worker 2'],
  )
  t.is((report as { readonly machines: readonly unknown[] }).machines.length, 2)
  const pids = new Set(world.trace().traceEvents.map(({ pid }) => pid))
  t.deepEqual([pids.size, pids.has(1), pids.has(2)], [2, true, true])
})
