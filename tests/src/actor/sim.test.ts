/** The simulator: same seed, same run; orders that real threads could have; crashes and virtual time. */
import {
  actorPorts,
  asPort,
  diskCalls,
  locusPort,
  managerUpcalls,
  type LocusSlot,
} from '@katydid/abi'
import { all, ask, later, run, Simulator, type Random, type SimTask } from '@katydid/actor'
import test from 'ava'
import { disk, fault, kernel, manager, snapshot } from './actors.js'

const managers = [manager, asPort(manager + 1), asPort(manager + 2)]
const ok = { status: 'ok' } as const

/** Three managers that log what reaches them, and a kernel that calls each of them twenty times. */
function world(seed: number, delayMs?: (random: Random) => number) {
  const sim = new Simulator(seed, delayMs === undefined ? {} : { delayMs })
  const log: string[] = []
  for (const port of managers)
    sim.endpoint(port).serveSome(managerUpcalls, {
      containerFault: ({ addr }) => {
        log.push(`${port}:${addr}`)
        return ok
      },
    })
  const caller = sim.endpoint(kernel)
  let answered = 0
  for (let n = 0; n < 20; n++)
    for (const port of managers)
      caller.call(port, managerUpcalls.containerFault, fault(n), (reply) => {
        if (reply.status === 'ok') answered += 1
      })
  return { sim, log, answered: () => answered }
}

test('[AC16] the same seed gives the same run, another seed another', (t) => {
  const play = (seed: number): { hash: string; log: string[] } => {
    const { sim, log, answered } = world(seed)
    sim.run(1000)
    t.is(answered(), 60)
    return { hash: sim.traceHash(), log }
  }

  const [a, again, b] = [play(1), play(1), play(2)]

  t.deepEqual(again, a)
  t.not(b.hash, a.hash)
  t.notDeepEqual(b.log, a.log)
})

test('[AC16] messages of one pair keep their order, with and without delays', (t) => {
  for (const delayMs of [undefined, (random: Random) => random.below(50)])
    for (let seed = 0; seed < 20; seed++) {
      const { sim, log, answered } = world(seed, delayMs)
      sim.run(100_000)

      t.is(answered(), 60)
      for (const port of managers)
        t.deepEqual(
          log.filter((entry) => entry.startsWith(`${port}:`)),
          Array.from({ length: 20 }, (_, n) => `${port}:${n}`),
        )
    }
})

test('[AC16] between pairs every order is possible', (t) => {
  const orders = new Set<string>()
  for (let seed = 0; seed < 100; seed++) {
    const { sim, log } = world(seed)
    sim.run(1000)
    const firsts = managers.map((port) => log.findIndex((entry) => entry.startsWith(`${port}:`)))
    orders.add(managers.toSorted((a, b) => firsts[a - 3]! - firsts[b - 3]!).join())
  }

  t.is(orders.size, 6)
})

test('[AC16] time stands still until nothing else can happen, then jumps to the next deadline', (t) => {
  const sim = new Simulator(3)
  const caller = sim.endpoint(kernel)
  sim.endpoint(manager).serveSome(managerUpcalls, { containerSnapshot: () => later })
  const replies: [string, number][] = []
  for (const ms of [5000, 300])
    caller.call(
      manager,
      managerUpcalls.containerSnapshot,
      snapshot(1),
      (reply) => replies.push([reply.status, Math.round(sim.clock.nowMs())]),
      ms,
    )

  while (sim.step());

  t.deepEqual(replies, [
    ['timed_out', 300],
    ['timed_out', 5000],
  ])
})

test('[AC16] callSync pumps its callee, and other mail waits in its order', (t) => {
  for (let seed = 0; seed < 30; seed++) {
    const sim = new Simulator(seed)
    const [caller, store] = [sim.endpoint(manager), sim.endpoint(disk)]
    const log: string[] = []
    store.serveSome(diskCalls, { diskSync: () => ({ status: 'ok', position: 4 as never }) })
    caller.serveSome(managerUpcalls, {
      containerFault: ({ addr }) => {
        const before = log.length
        const reply = caller.callSync(disk, diskCalls.diskSync, {})
        t.is(log.length, before, 'mail was handled inside a blocking call')
        log.push(`${addr} ${reply.status}`)
        return ok
      },
    })
    const above = sim.endpoint(kernel)
    for (let n = 0; n < 10; n++)
      above.call(manager, managerUpcalls.containerFault, fault(n), () => {})

    while (sim.step());

    t.deepEqual(
      log,
      Array.from({ length: 10 }, (_, n) => `${n} ok`),
    )
  }
})

test('[AC16] a crash drops mail, ends blocked calls, and callers see actor_gone', (t) => {
  for (let seed = 0; seed < 30; seed++) {
    const sim = new Simulator(seed)
    const caller = sim.endpoint(kernel)
    const victim = sim.endpoint(manager)
    let served = 0
    victim.serveSome(managerUpcalls, {
      containerFault: () => {
        served += 1
        // The disk never answers: the manager blocks until it is killed.
        victim.callSync(disk, diskCalls.diskSync, {}, 1e9)
        t.fail('a dead port went on')
        return ok
      },
    })
    sim.endpoint(disk).serveSome(diskCalls, { diskSync: () => later })
    const replies: string[] = []
    for (let n = 0; n < 5; n++)
      caller.call(
        manager,
        managerUpcalls.containerFault,
        fault(n),
        (r) => replies.push(r.status),
        1e9,
      )
    sim.task(
      'killer',
      (function* (): SimTask {
        yield 50
        sim.crash(manager)
      })(),
    )

    while (sim.step());
    sim.endpoint(manager).serveSome(managerUpcalls, { containerFault: () => ok })
    caller.call(manager, managerUpcalls.containerFault, fault(9), (r) => replies.push(r.status))
    while (sim.step());

    t.is(served, 1)
    t.deepEqual(replies, [...Array.from({ length: 5 }, () => 'actor_gone'), 'ok'])
  }
})

test('[AC16] tasks interleave in an order of the seed, sleep, and wait for conditions', (t) => {
  const outcomes = new Set<string>()
  for (let seed = 0; seed < 40; seed++) {
    const sim = new Simulator(seed)
    const said: string[] = []
    const worker = function* (name: string): SimTask {
      for (let n = 0; n < 3; n++) {
        said.push(name)
        yield 'step'
      }
    }
    sim.task('a', worker('a'))
    sim.task('b', worker('b'))
    sim.task(
      'last',
      (function* (): SimTask {
        yield () => said.length === 6
        yield 1000
        said.push(`at ${Math.round(sim.clock.nowMs())}`)
      })(),
    )

    while (sim.step());

    t.is(said.length, 7)
    t.is(said.at(-1), 'at 1000')
    outcomes.add(said.join(''))
  }
  t.true(outcomes.size > 5)
})

test('[AC16] a rung bell gives an actor a turn, and onTurn says when it wants the next', (t) => {
  const sim = new Simulator(4)
  const turns: number[] = []
  sim.endpoint(manager, () => {
    turns.push(Math.round(sim.clock.nowMs()))
    return turns.length < 3 ? 100 : Infinity
  })
  while (sim.step());
  sim.region.words.or(sim.region.actorWord(manager, 'bell'), 1)

  while (sim.step());

  t.deepEqual(turns, [0, 100, 200, 200])
})

test('[AC9] scripts run side by side, and all waits for each', (t) => {
  const sim = new Simulator(5)
  const caller = sim.endpoint(kernel)
  for (const port of managers)
    sim.endpoint(port).serveSome(managerUpcalls, {
      stateIntervalQuery: ({ stateInterval }) => ({
        status: 'ok',
        state: Number(stateInterval) === Number(port) ? 'stable' : 'none',
      }),
    })
  const query = (port: typeof kernel, n: number) =>
    ask(caller, port, managerUpcalls.stateIntervalQuery, snapshot(n))
  const results: unknown[] = []

  run(
    caller,
    (function* () {
      const replies = yield* all(
        caller,
        managers.map((port) => query(port, port)),
      )
      const none = yield* all(caller, [])
      const after = yield* query(manager, 0)
      return [...replies, ...none, after]
    })(),
    (result) => results.push(result),
  )
  while (sim.step());

  const stable = { status: 'ok', state: 'stable' }
  t.deepEqual(results, [[stable, stable, stable, { status: 'ok', state: 'none' }]])
})

test('[AC9] what a script throws comes out of the step that resumed it', (t) => {
  const sim = new Simulator(6)
  const caller = sim.endpoint(kernel)
  sim.endpoint(manager).serveSome(managerUpcalls, { containerFault: () => ok })
  run(
    caller,
    (function* (): Generator<never, void> {
      yield* ask(caller, manager, managerUpcalls.containerFault, fault(0)) as Generator<never>
      throw new Error('a bug in a script')
    })(),
  )

  t.throws(() => sim.run(1000), { message: 'a bug in a script' })
})

test('[AC16] a locus port has its own life: the kernel’s slot, not the actor’s', (t) => {
  const sim = new Simulator(7)
  const locus = sim.endpoint(locusPort(0 as LocusSlot))
  const replies: string[] = []
  sim.endpoint(kernel).serveSome(managerUpcalls, { containerFault: () => later })
  locus.call(actorPorts.kernel, managerUpcalls.containerFault, fault(0), (r) =>
    replies.push(r.status),
  )
  sim.run(10)

  sim.crash(kernel)
  while (sim.step());

  t.deepEqual(replies, ['actor_gone'])
})
