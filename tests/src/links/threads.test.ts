/** Network drivers on real threads, joined by ports and by sockets. */
import {
  actorPorts,
  asInterval,
  asMachine,
  asToken,
  managerUpcalls,
  type Status,
} from '@katydid/abi'
import { hasSharedMemory, PortCarrier } from '@katydid/devices'
import { InvariantViolation } from '@katydid/actor'
import test, { type ExecutionContext } from 'ava'
import { MessageChannel } from 'node:worker_threads'
import { fault } from '../actor/actors.js'
import { temporaryFolder } from '../support/folders.js'
import {
  dataOf,
  eventually,
  join,
  machineRegion,
  sees,
  spawnDriver,
  startMachine,
  type ThreadMachine,
} from './thread-machines.js'

function callFault(
  from: ThreadMachine,
  to: number,
  id: number,
  deadlineMs = 30_000,
): Promise<Status> {
  return new Promise((resolve) => {
    from.remote
      .to(asMachine(to))
      .call(
        actorPorts.kernel,
        managerUpcalls.containerFault,
        fault(id),
        ({ status }) => resolve(status),
        deadlineMs,
      )
  })
}

async function joinedByPorts(
  t: ExecutionContext,
): Promise<readonly [ThreadMachine, ThreadMachine]> {
  const one = startMachine(t, dataOf(1))
  const two = startMachine(t, dataOf(2))
  await join(one, two)
  t.true(await eventually(() => sees(one, 2, 'present') && sees(two, 1, 'present')))
  return [one, two]
}

function joinedBySockets(t: ExecutionContext): Promise<readonly [ThreadMachine, ThreadMachine]> {
  const folder = temporaryFolder(t)
  const [one, two] = [
    startMachine(t, dataOf(1, { folder })),
    startMachine(t, dataOf(2, { folder })),
  ]
  return eventually(() => sees(one, 2, 'present') && sees(two, 1, 'present')).then((met) => {
    t.true(met)
    return [one, two]
  })
}

for (const [how, joined] of [
  ['ports', joinedByPorts],
  ['sockets', joinedBySockets],
] as const) {
  test(`[NW16] a kernel calls another machine’s kernel by ${how} as it does in the simulator`, async (t) => {
    const [one, two] = await joined(t)
    const ids = Array.from({ length: 500 }, (_, n) => n)

    const there = await Promise.all(ids.map((id) => callFault(one, 2, id)))
    const back = await Promise.all(ids.map((id) => callFault(two, 1, id)))

    t.true([...there, ...back].every((status) => status === 'ok'))
    t.deepEqual(two.executed, ids)
    t.deepEqual(one.executed, ids)
  })

  test(`[NW5] [NW16] what is longer than a frame crosses by ${how} whole`, async (t) => {
    const [one] = await joined(t)
    const params = Uint8Array.from({ length: 1_500_000 }, (_, at) => at & 255)

    const reply = await new Promise<unknown>((resolve) => {
      one.remote
        .to(asMachine(2))
        .call(
          actorPorts.kernel,
          managerUpcalls.invokeNoSupport,
          { machineId: asToken(1), cont: asToken(77), stateInterval: asInterval(3), params },
          resolve,
        )
    })

    t.like(reply, { status: 'ok', machine: 77 })
  })

  test(`[NW8] [NW16] a machine that is ended is unreachable by ${how}, and is called again when it is back`, async (t) => {
    const [one, two] = await joined(t)
    await two.stop()
    const lost = await callFault(one, 2, 1, 60_000)
    const again = startMachine(t, { ...two.data, incarnation: 2 })
    if (how === 'ports') await join(one, again)
    t.true(await eventually(() => sees(one, 2, 'present') && one.peers.at(-1)?.incarnation === 2))

    const status = await callFault(one, 2, 2)

    t.is(lost, 'unreachable')
    t.is(status, 'ok')
    t.deepEqual(again.executed, [2])
  })
}

test('[NW11] [NW16] simulated wires lie over ports: what is cut does not arrive, what is lossy is sent again', async (t) => {
  const [one, two] = await joinedByPorts(t)
  await two.driver.control.replan({ loss: 0.3, duplication: 0.2, latencyMs: 1 })
  const lossy = await Promise.all(
    Array.from({ length: 50 }, (_, id) => callFault(one, 2, id, 20_000)),
  )
  await two.driver.control.cut(1)
  const cut = await callFault(one, 2, 100, 300)
  await two.driver.control.heal(1)
  await two.driver.control.replan({})
  t.true(await eventually(() => sees(two, 1, 'present')))

  const healed = await callFault(one, 2, 101, 20_000)

  t.true(lossy.every((status) => status === 'ok'))
  t.is(cut, 'unreachable')
  t.is(healed, 'ok')
  t.is(new Set(two.executed).size, two.executed.length)
})

test('[NW3] [NW16] a driver that dies makes calls under way unreachable; the next one is another session of the same machine', async (t) => {
  const [one, two] = await joinedByPorts(t)
  const session = one.peers.at(-1)!.session
  await two.driver.terminate('killed by the test')
  const lost = callFault(one, 2, 1, 60_000)
  const again = { ...two, driver: spawnDriver(two.region, two.data, 2) }
  t.teardown(() => again.driver.terminate('the test has ended'))
  await join(one, again)

  const status = await lost
  t.true(await eventually(() => sees(one, 2, 'present') && one.peers.at(-1)!.session > session))

  t.is(status, 'unreachable')
  t.is(one.peers.at(-1)!.incarnation, 1)
  t.is(await callFault(one, 2, 2), 'ok')
})

test('[NW15] a driver that is given memory of another machine does not start', async (t) => {
  const [own, other] = [machineRegion(1), machineRegion(2)]

  const driver = spawnDriver(own, { ...dataOf(1), extra: [new Map([['there', other.handle]])] })
  const ending = await driver.ended

  t.is(ending.event, 'core')
  t.regex(ending.detail, /NW15/)
})

test('[NW15] shared memory is seen wherever it lies, and bytes are not taken for it', (t) => {
  const shared = new SharedArrayBuffer(8)
  const within = [
    shared,
    new Uint8Array(shared),
    { a: [{ b: shared }] },
    new Set([shared]),
    machineRegion(1).handle,
  ]

  for (const value of within) t.true(hasSharedMemory(value))
  for (const value of [1, 'x', null, new Uint8Array(8), { a: [new Map([[1, 2]])] }])
    t.false(hasSharedMemory(value))
})

test('[NW15] nothing shared is posted to another machine, nor taken from one', async (t) => {
  const frames: Uint8Array[] = []
  const carrier = new PortCarrier((frame) => frames.push(frame))
  const { port1, port2 } = new MessageChannel()
  t.teardown(() => carrier.close())
  carrier.connect(asMachine(2), port1)
  const shared = new Uint8Array(new SharedArrayBuffer(64))

  t.throws(() => carrier.send(asMachine(2), shared), {
    instanceOf: InvariantViolation,
    message: /NW15/,
  })
  port2.postMessage(shared)
  port2.postMessage({ frame: new Uint8Array(3) })
  port2.postMessage(new Uint8Array([1, 2, 3]))

  t.true(await eventually(() => frames.length > 0))
  t.deepEqual(frames, [new Uint8Array([1, 2, 3])])
  t.is(carrier.malformed, 2)
})

test('[NW14] a port whose receiver does not keep up takes so much and no more, and goes on when it does', async (t) => {
  const frames: number[] = []
  const carrier = new PortCarrier(() => undefined, 1024 * 1024)
  const there = new PortCarrier((frame) => frames.push(frame[0]!))
  const { port1, port2 } = new MessageChannel()
  t.teardown(() => carrier.close())
  carrier.connect(asMachine(2), port1)
  const frame = new Uint8Array(100_000)

  for (let n = 0; n < 40; n++) carrier.send(asMachine(2), new Uint8Array(frame))
  const { dropped } = carrier
  there.connect(asMachine(1), port2)
  t.true(await eventually(() => frames.length === 40 - dropped))
  await new Promise((resolve) => setTimeout(resolve, 20))
  carrier.send(asMachine(2), frame.fill(1))

  t.is(dropped, 30)
  t.true(await eventually(() => frames.includes(1)))
})
