/** Actors that share a thread: one loop and one bell, each with a control port, a mailbox set and a life of its own name. */
import { actorPorts, asGeneration, bellBits, defaultShape, type Order } from '@katydid/abi'
import { ControlError, Region, ringPort, spawnTogether, type SpawnedActor } from '@katydid/actor'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { until } from '../support/until.js'
import type { PairControl } from './pair.worker.js'

const { kernel, console: second, network } = actorPorts
const told = (detail: string): Order => ({
  order: 'report',
  event: { kind: 'trouble', port: kernel, status: 'io_error', detail },
})

function startPair(t: ExecutionContext): {
  readonly region: Region
  readonly pair: readonly SpawnedActor<PairControl>[]
  readonly orders: (readonly [string, Order])[]
} {
  const shape = { ...defaultShape, frames: 16, maxLoci: 2, tableBytes: 65536, together: true }
  const region = Region.create(shape)
  const orders: (readonly [string, Order])[] = []
  const seatOf = (port: typeof kernel, name: string) => ({
    port,
    name,
    generation: asGeneration(1),
    data: null,
    onOrder: (order: Order) => void orders.push([name, order]),
  })
  const file = new URL('./pair.worker.js', import.meta.url)
  const pair = spawnTogether({ file, region: region.handle }, [
    seatOf(kernel, 'kernel'),
    seatOf(second, 'console'),
  ]) as SpawnedActor<PairControl>[]
  t.teardown(() => pair[0]!.terminate('the test has ended'))
  return { region, pair, orders }
}

test('[AC23] actors on one thread have one bell: whoever is rung all have a turn', async (t) => {
  const { region, pair } = startPair(t)
  await pair[0]!.control.turns()
  const turns = (): number[] =>
    [kernel, second].map((port) => region.words.load(region.actorWord(port, 'turns')))
  for (const port of [second, kernel]) {
    const waitedMs: number[] = []
    for (let times = 0; times < 4; times++) {
      await sleep(20)
      const before = turns()
      const beganMs = performance.now()
      ringPort(region, port, bellBits.mail)
      await until('both had a turn', () => turns().every((each, nth) => each > before[nth]!))
      waitedMs.push(performance.now() - beganMs)
    }
    // Nobody rung, it parks for a second.
    t.true(Math.min(...waitedMs) < 500, waitedMs.join())
  }
  ringPort(region, network, bellBits.mail)
  // Nobody else’s bell is touched.
  t.is(region.words.load(region.actorWord(second, 'bell')), 0)
  t.is(region.words.load(region.actorWord(network, 'bell')), 0)
})

test('[AC23] each orders as who it is, and as nobody else', async (t) => {
  const { pair, orders } = startPair(t)
  await pair[0]!.control.order(told('of the kernel'))
  await pair[1]!.control.order(told('of the console'))
  await pair[1]!.control.orderAs(actorPorts.firstManager, told('of a manager'))
  await until('both have come', () => orders.length >= 2)
  await pair[1]!.control.turns()
  t.deepEqual(
    orders.map(([name, order]) => [name, order.order === 'report' && order.event]),
    [
      ['kernel', { kind: 'trouble', port: kernel, status: 'io_error', detail: 'of the kernel' }],
      ['console', { kind: 'trouble', port: kernel, status: 'io_error', detail: 'of the console' }],
    ],
  )
})

test('[AC24] who shares a thread and would block it has broken a rule, and does not', async (t) => {
  const { pair } = startPair(t)
  const error = await t.throwsAsync(pair[0]!.control.block(), { instanceOf: ControlError })
  t.regex(error.message, /AC24/)
  t.true((await pair[1]!.control.turns()) > 0)
})

for (const how of ['throwInTurn', 'stop', 'terminate'] as const)
  test(`[AC23] they end together, whichever of them does, and each with its own end: ${how}`, async (t) => {
    const { pair } = startPair(t)
    const waits = pair[0]!.control.turns()
    await waits
    if (how === 'terminate') void pair[1]!.terminate('ended by the test')
    else await pair[1]!.control[how]()
    const ends = await Promise.all(pair.map(({ ended }) => ended))
    t.deepEqual(
      ends.map(({ event, port, generation }) => [event, port, Number(generation)]),
      [kernel, second].map((port) => [
        { throwInTurn: 'core', stop: 'exit', terminate: 'signal' }[how],
        port,
        1,
      ]),
    )
    const gone = await t.throwsAsync(pair[0]!.control.turns(), { instanceOf: ControlError })
    t.is(gone.status, 'actor_gone')
  })
