/** A world of several machines in several processes, which are killed, stopped and started again. */
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { joinWorld, KatydidError, openWorld } from 'katydid'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folders.js'
import { WorldProcess } from '../support/processes.js'
import { problemsOf, type Told } from '../support/several.js'
import { until } from '../support/until.js'

test.serial(
  '[WO90] [WO91] three processes have a machine each; one that is killed rejoins, and nothing that was told is lost',
  async (t) => {
    t.timeout(240_000)
    const dir = path.join(temporaryFolder(t), 'w')
    const job = { pages: 20, rounds: 150, pauseMs: 30 }
    const told = new Map<number, Told>()
    const start = (machine: number): WorldProcess =>
      new WorldProcess(
        t,
        dir,
        { take: [machine], ...(machine === 1 ? { machines: 3 } : { create: false }) },
        job,
        told,
      )
    // Who joins may be there before who makes the world.
    const third = start(3)
    const first = start(1)
    let second = start(2)
    await Promise.all([first, second, third].map((each) => each.says('opened')))
    const mode = fs.statSync(path.join(dir, 'sockets')).mode & 0o777

    for (const moment of [30, 170]) {
      await until('something is told of it', () => (told.get(2)?.rounds.size ?? 0) > moment / 10)
      await sleep(moment)
      await second.kill()
      const before = [1, 3].map((machine) => told.get(machine)?.rounds.size ?? 0)
      await until('the others run on', () =>
        [1, 3].every((machine, nth) => {
          const count = told.get(machine)?.rounds.size ?? 0
          return count > before[nth]! || count === job.rounds
        }),
      )
      second = start(2)
      await second.says('opened')
    }
    const all = [first, second, third]
    const results = await Promise.all(all.map((each) => each.says('result')))
    const incarnations = second.last('opened')!.find(({ machine }) => machine === 2)!.incarnation
    await Promise.all(all.map((each) => each.close()))

    t.is(mode, 0o700)
    t.deepEqual(results, [150, 150, 150])
    t.deepEqual(
      [1, 2, 3].flatMap((machine) => problemsOf(told.get(machine)!, job)),
      [],
    )
    t.is(incarnations, 3)
    t.deepEqual(
      [first, third].flatMap(({ said }) => said.filter(({ amiss }) => amiss !== undefined)),
      [],
      'nobody who was not killed lost anything',
    )
    t.false(fs.existsSync(path.join(dir, 'sockets')), 'the last one has cleared up')
  },
)

test.serial(
  '[WO92] a process that is stopped for longer than silence lasts is silent meanwhile, and goes on as if nothing had been',
  async (t) => {
    t.timeout(180_000)
    const dir = path.join(temporaryFolder(t), 'w')
    const job = { pages: 10, rounds: 200, pauseMs: 30 }
    const told = new Map<number, Told>()
    const first = new WorldProcess(t, dir, { machines: 2, take: [1] }, job, told)
    const second = new WorldProcess(t, dir, { create: false, take: [2] }, job, told)
    await Promise.all([first.says('opened'), second.says('opened')])
    await until('something is told', () => (told.get(2)?.rounds.size ?? 0) > 10)

    second.child.kill('SIGSTOP')
    await until('it is seen to be silent', () => first.last('seen')?.[1] === 'silent')
    const before = told.get(1)!.rounds.size
    await until('the other runs on', () => {
      const { size } = told.get(1)!.rounds
      return size > before || size === job.rounds
    })
    second.child.kill('SIGCONT')
    await until('it is heard again', () => first.last('seen')?.[1] === 'present')
    const results = await Promise.all([first.says('result'), second.says('result')])
    const incarnation = first.last('opened')!.find(({ machine }) => machine === 2)!.incarnation
    await Promise.all([first.close(), second.close()])

    t.deepEqual(results, [200, 200])
    t.is(incarnation, 1)
    t.deepEqual(
      [1, 2].flatMap((machine) => problemsOf(told.get(machine)!, job)),
      [],
    )
    t.deepEqual(
      [first, second].flatMap(({ said }) => said.filter(({ amiss }) => amiss !== undefined)),
      [],
    )
  },
)

test.serial(
  '[WO93] a machine that another process has is refused with its process id; who takes what is free gets the rest',
  async (t) => {
    const dir = path.join(temporaryFolder(t), 'w')
    const job = { pages: 1, rounds: 1, pauseMs: 1 }
    const first = new WorldProcess(t, dir, { machines: 3, take: [1] }, job)
    await until('the world is made', () => fs.existsSync(path.join(dir, 'world.json')))
    await sleep(300)

    const inUse = await t.throwsAsync(openWorld({ dir, take: [2, 1] }), {
      instanceOf: KatydidError,
    })
    const rest = await openWorld({ dir, take: 'free', create: false })
    const here = (await rest.machines()).map(({ isHere }) => isHere)
    await first.says('result')
    const elsewhere = await t.throwsAsync(rest.createContainer({ name: 'box 1', machine: 2 }), {
      instanceOf: KatydidError,
    })
    const notHere = await t.throwsAsync(rest.createContainer({ name: 'x', machine: 1 }), {
      instanceOf: KatydidError,
    })
    const none = await t.throwsAsync(openWorld({ dir, take: 'free' }), { instanceOf: KatydidError })
    await rest.close()
    await first.close()

    t.is(inUse.status, 'world_in_use')
    t.regex(inUse.sentence, new RegExp(`pid ${first.child.pid}\\b`))
    t.deepEqual(here, [false, true, true])
    t.is(elsewhere.status, 'bad_argument')
    t.regex(elsewhere.sentence, /box 1 is on machine 1/)
    t.is(notHere.status, 'unreachable')
    t.is(none.status, 'world_in_use')
  },
)

test.serial(
  '[WO94] a world whose other machines do not come is refused when the wait is over, and so is one that nobody makes',
  async (t) => {
    const folder = temporaryFolder(t)
    const dir = path.join(folder, 'w')
    const small = { frames: 128, diskBytes: 64 * 1024 ** 2 }

    const alone = await t.throwsAsync(
      openWorld({ dir, machines: 2, take: [2], waitMs: 1500, ...small }),
      { instanceOf: KatydidError },
    )
    const nowhere = await t.throwsAsync(
      joinWorld({ dir: path.join(folder, 'none'), machine: 1, waitMs: 200 }),
      { instanceOf: KatydidError },
    )
    const beyond = await t.throwsAsync(joinWorld({ dir, machine: 3, waitMs: 200 }), {
      instanceOf: KatydidError,
    })
    const both = await openWorld({ dir, ...small })
    await both.close()
    const fewer = await t.throwsAsync(openWorld({ dir, machines: 3 }), { instanceOf: KatydidError })

    t.is(alone.status, 'unreachable')
    t.regex(alone.sentence, /Not all of the 2 machines .* this process has 2\./)
    t.is(nowhere.status, 'not_a_world')
    t.is(beyond.status, 'bad_argument')
    t.regex(beyond.sentence, /has machines 1 to 2, not 3/)
    t.regex(fewer.sentence, /has 2 machines, not 3/)
  },
)
