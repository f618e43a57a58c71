/** LO: semaphores, on the real kernel in the simulator. A locus is its words and its calls. */
import {
  locusOfPort,
  maxSemaphoreCount,
  rights,
  semaphoreCalls,
  type Capref,
  type PortId,
  type Reply,
} from '@katydid/abi'
import type { History } from '@katydid/kernel/state-interval/history.js'
import { semaphoreUnit } from '@katydid/kernel/state-interval/units.js'
import { SemaphoreTable } from '@katydid/kernel/semaphore/semaphore-table.js'
import test from 'ava'
import { array, assert, integer, oneof, property, record, constant } from 'fast-check'
import { KernelWorld, type Box } from './support/kernel-world.js'

type P = Reply<(typeof semaphoreCalls)['semaphoreP']>

async function semaphore(world: KernelWorld, initial = 0): Promise<Capref> {
  const made = await world.call('semaphore_create', { initial })
  if (made.status !== 'ok') throw new Error(JSON.stringify(made))
  return made['sem'] as Capref
}

/** A semaphore, a container that has a capability for it, and loci in that. */
async function shop(
  loci: number,
  initial = 0,
): Promise<{ world: KernelWorld; sem: Capref; given: Capref; ports: PortId[] }> {
  const world = await KernelWorld.open()
  const sem = await semaphore(world, initial)
  const cont = await world.container('shop')
  const copied = await world.call('cap_copy', { cap: sem, to: cont, rights: 255 })
  const ports: PortId[] = []
  for (let i = 0; i < loci; i++) ports.push(await world.locus(cont, `locus ${i}`))
  return { world, sem, given: copied['cap'] as Capref, ports }
}

/** A locus comes to its safepoint and asks, as its thread does. */
function waitFor(
  world: KernelWorld,
  port: PortId,
  sem: Capref,
  number = 1,
  timeoutMs = Infinity,
): Box<P> {
  const { region } = world.sim
  region.words.store(region.locusWord(locusOfPort(port), 'semaphoreWait'), number)
  world.setState(port, 'resting')
  const box = world.ask(world.loci.get(port)!, semaphoreCalls.semaphoreP, { sem, timeoutMs })
  world.run(20)
  return box
}

/** It goes on after that. */
function goOn(world: KernelWorld, port: PortId): void {
  const { region } = world.sim
  world.setState(port, 'running')
  region.words.store(region.locusWord(locusOfPort(port), 'semaphoreWait'), 0)
}

const counts = (world: KernelWorld): number[] =>
  world.kernel.machine.semaphores.all().map(({ count }) => count)

test('[LO75] a count is a whole number from 0 to 2^31 - 1, and never goes beyond', async (t) => {
  const world = await KernelWorld.open()
  for (const initial of [-1, 0.5, NaN, Infinity, maxSemaphoreCount + 1])
    t.is((await world.call('semaphore_create', { initial })).status, 'bad_argument', `${initial}`)
  const sem = await semaphore(world, maxSemaphoreCount - 2)

  for (const n of [0, -1, 1.5, NaN, 3])
    t.is((await world.call('semaphore_v', { sem, n })).status, 'bad_argument', `${n}`)
  t.deepEqual(counts(world), [maxSemaphoreCount - 2])
  t.is((await world.call('semaphore_v', { sem, n: 2 })).status, 'ok')
  for (const timeoutMs of [-1, NaN])
    t.is((await world.call('semaphore_p', { sem, timeoutMs })).status, 'bad_argument')
})

test('[LO75] taking and signalling each need their own right', async (t) => {
  const world = await KernelWorld.open()
  const sem = await semaphore(world, 1)
  const derive = async (granted: number): Promise<Capref> =>
    (await world.call('cap_derive', { cap: sem, rights: granted }))['cap'] as Capref
  const waits = await derive(rights.wait)
  const signals = await derive(rights.signal)

  const status = async (name: string, cap: Capref): Promise<string> =>
    (await world.call(name, { sem: cap, n: 1, timeoutMs: 0 })).status
  t.deepEqual(
    [await status('semaphore_p', waits), await status('semaphore_v', waits)],
    ['ok', 'right_missing'],
  )
  t.deepEqual(
    [await status('semaphore_p', signals), await status('semaphore_v', signals)],
    ['right_missing', 'ok'],
  )
  t.is(await status('semaphore_destroy', signals), 'right_missing')
})

test('[LO75] destroying a semaphore tells who waits, and its capabilities are dead', async (t) => {
  const { world, sem, given, ports } = await shop(1)
  const box = waitFor(world, ports[0]!, given)

  t.is((await world.call('semaphore_destroy', { sem })).status, 'ok')
  world.run(20)

  t.is(box.reply?.status, 'entity_gone')
  t.is((await world.call('semaphore_v', { sem, n: 1 })).status, 'entity_gone')
})

test('[LO75] semaphores nobody can name make room for new ones', async (t) => {
  const world = await KernelWorld.open({ bare: true })
  const kept = await semaphore(world, 5)
  for (let i = 0; i < 1100; i++) {
    const cap = await semaphore(world)
    await world.call('cap_remove', { cap })
  }

  t.is((await world.call('semaphore_p', { sem: kept, timeoutMs: 0 })).status, 'ok')
})

test('[LO76] who came first is served first, one a count', async (t) => {
  const { world, sem, given, ports } = await shop(3)
  const boxes = ports.map((port) => waitFor(world, port, given))
  const served = (): (string | undefined)[] => boxes.map(({ reply }) => reply?.status)

  await world.call('semaphore_v', { sem, n: 1 })
  world.run(20)
  const first = served()
  await world.call('semaphore_v', { sem, n: 5 })
  world.run(20)

  t.deepEqual(first, ['ok', undefined, undefined])
  t.deepEqual(served(), ['ok', 'ok', 'ok'])
  t.deepEqual(counts(world), [3])
})

test('[LO76] a wait ends at its deadline and takes nothing; a count that is there is not waited for', async (t) => {
  const { world, sem, given, ports } = await shop(2)
  const short = waitFor(world, ports[0]!, given, 1, 300)
  const long = waitFor(world, ports[1]!, given, 1, 60_000)
  world.run(200)
  const early = short.reply
  world.run(300)

  await world.call('semaphore_v', { sem, n: 1 })
  world.run(20)

  t.is(early, null)
  t.is(short.reply?.status, 'timed_out')
  t.is(long.reply?.status, 'ok')
  t.is((await world.call('semaphore_p', { sem, timeoutMs: 0 })).status, 'timed_out')
})

test('[LO76] in any order of takes, signals and deadlines nothing is lost, and nobody overtakes', (t) => {
  const moves = array(
    oneof(
      record({ what: constant('take' as const), wait: integer({ min: 0, max: 5 }) }),
      record({ what: constant('add' as const), n: integer({ min: 1, max: 3 }) }),
      record({ what: constant('pass' as const), ms: integer({ min: 1, max: 4 }) }),
    ),
    { maxLength: 60 },
  )
  t.notThrows(() =>
    assert(
      property(integer({ min: 0, max: 3 }), moves, (initial, steps) => {
        const table = new SemaphoreTable()
        const sem = table.create(initial, { epoch: 0, interval: 1 })
        let now = 0
        let added = initial
        let asked = 0
        const queue: number[] = []
        const served: number[] = []
        let late = 0
        for (const step of steps) {
          if (step.what === 'take') {
            const who = ++asked
            queue.push(who)
            const done = (outcome: unknown): void => {
              if (queue[0] !== who && outcome !== 'timed_out') throw new Error('overtaken')
              queue.splice(queue.indexOf(who), 1)
              if (outcome === 'timed_out') late++
              else served.push(who)
            }
            table.take(sem, { locus: 0, number: 0, deadlineMs: now + step.wait, done }, now)
          } else if (step.what === 'add') {
            table.add(sem, step.n)
            added += step.n
          } else {
            now += step.ms
            table.turn(now)
          }
        }
        return (
          sem.count === added - served.length &&
          sem.waiters.length === queue.length &&
          asked === served.length + late + queue.length &&
          (sem.count === 0 || queue.length === 0)
        )
      }),
    ),
  )
})

test('[LO77] counts are as they were at the line, after a restart and after a rollback', async (t) => {
  const { world, sem, given, ports } = await shop(1, 7)
  world.setState(ports[0]!, 'resting')
  await world.call('world_snapshot', { durable: true })
  await world.call('semaphore_v', { sem, n: 10 })
  const young = await semaphore(world, 3)

  world.die(ports[0]!)
  world.run(500)
  const back = counts(world)
  const gone = (await world.call('semaphore_v', { sem: young, n: 1 })).status
  const next = await KernelWorld.open({ earlier: world })
  const taken = next.said(next.loci.get(ports[0]!)!, semaphoreCalls.semaphoreP, {
    sem: given,
    timeoutMs: 0,
  })

  // The host’s own doing hangs on nothing that was lost: only a restart undoes it.
  t.deepEqual(back, [17, 3])
  t.is(gone, 'ok')
  t.is(taken.status, 'ok')
  t.deepEqual(counts(next), [6])
  t.true(next.kernel.machine.semaphores.next >= 2)
})

test('[LO77] a host that waits while the world goes back is told to ask again', async (t) => {
  const { world, sem, given, ports } = await shop(1)
  world.setState(ports[0]!, 'resting')
  await world.call('world_snapshot', { durable: true })
  const waiting = world.kernel.call('semaphore_p', { sem, timeoutMs: Infinity })
  world.run(50)
  // What it asked of the semaphore is lost with it, so the semaphore goes back too.
  world.said(world.loci.get(ports[0]!)!, semaphoreCalls.semaphoreP, { sem: given, timeoutMs: 0 })

  world.die(ports[0]!)

  t.is((await world.settle(waiting)).status, 'frozen')
})

test('[LO78] what a locus took and has not gone on with is the semaphore’s in a capture', async (t) => {
  const { world, sem, given, ports } = await shop(1, 1)
  const box = waitFor(world, ports[0]!, given)
  await world.call('world_snapshot', { durable: true })
  const now = counts(world)

  const next = await KernelWorld.open({ earlier: world })

  t.is(box.reply?.status, 'ok')
  t.deepEqual([now, counts(next)], [[0], [1]])
  // The program is entered again, asks again and has it.
  const again = waitFor(next, ports[0]!, given)
  t.is(again.reply?.status, 'ok')
  t.truthy(sem)
})

test('[LO78] once it has gone on and come to another safepoint, it has it, also in the capture', async (t) => {
  const { world, given, ports } = await shop(1, 2)
  const port = ports[0]!
  waitFor(world, port, given, 1)
  goOn(world, port)
  // Its second wait has begun, and the kernel does not know yet.
  const { region } = world.sim
  region.words.store(region.locusWord(locusOfPort(port), 'semaphoreWait'), 2)
  world.setState(port, 'resting')
  await world.call('world_snapshot', { durable: true })

  const next = await KernelWorld.open({ earlier: world })

  t.deepEqual(counts(next), [1])
})

test('[LO78] a locus that is lost while it waits, or right after it took, leaves no trace', async (t) => {
  const { world, sem, given, ports } = await shop(2, 1)
  const [taker, waiter] = ports as [PortId, PortId]
  world.setState(taker, 'resting')
  world.setState(waiter, 'resting')
  await world.call('world_snapshot', { durable: true })
  waitFor(world, taker, given)
  goOn(world, taker)
  const box = waitFor(world, waiter, given)

  world.die(taker)
  world.run(500)

  t.deepEqual(counts(world), [1])
  t.deepEqual(
    world.kernel.machine.semaphores.all().map(({ waiters }) => waiters.length),
    [0],
  )
  t.is(box.reply, null)
  t.is((await world.call('semaphore_p', { sem, timeoutMs: 0 })).status, 'ok')
})

test('[LO79] who signals and who takes depend on the semaphore, and it on them; what a locus has not gone on with it has not received', async (t) => {
  const world = await KernelWorld.open()
  const sem = await semaphore(world)
  const sender = await world.container('sender')
  const receiver = await world.container('receiver')
  const give = async (to: Capref): Promise<Capref> =>
    (await world.call('cap_copy', { cap: sem, to, rights: 255 }))['cap'] as Capref
  const [signals, waits] = [await give(sender), await give(receiver)]
  const from = await world.locus(sender)
  const to = await world.locus(receiver)
  const { machine } = world.kernel
  const historyOf = (name: string): History => machine.containers.named(name)!.intervals.history
  const unit = semaphoreUnit(machine, machine.semaphores.all()[0]!.id)
  const slots = ['sender', 'receiver'].map((name) => Number(machine.containers.named(name)!.slot))

  world.said(world.loci.get(from)!, semaphoreCalls.semaphoreV, { sem: signals, n: 1 })
  waitFor(world, to, waits, 1)
  world.setState(from, 'resting')
  await world.call('world_snapshot', { durable: false })
  const standing = historyOf('receiver').newest!.dependencies.get(unit)
  const sent = historyOf('sender').newest!.dependencies.get(unit)
  const others = machine.semaphores.all()[0]!.history.newest!.dependencies
  const inFirst = machine.semaphores.all()[0]!.history.newest!.interval
  goOn(world, to)
  world.setState(to, 'resting')
  await world.call('world_snapshot', { durable: false })

  t.is(sent, inFirst)
  t.deepEqual(
    [...others.keys()].toSorted((a, b) => a - b),
    slots,
  )
  // It had asked, which is an answered message; the count came in the same interval.
  t.is(standing, inFirst)
  t.is(historyOf('receiver').newest!.dependencies.get(unit), inFirst)
  await world.call('semaphore_p', { sem, timeoutMs: 0 })
})
