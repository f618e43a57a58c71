/** How actors end, and what their control calls say then. */
import { actorStates, asGeneration, bellBits, type Order } from '@katydid/abi'
import { bootKey, ControlError, ControlLink, ringPort, type BootData } from '@katydid/actor'
import test from 'ava'
import { MessageChannel, Worker } from 'node:worker_threads'
import { manager, smallRegion, startServer } from './actors.js'
import type { ServerControl } from './server.worker.js'

const isGone = (error: unknown): boolean =>
  error instanceof ControlError && error.status === 'actor_gone'

test('[AC7] an actor that ends by itself has exited', async (t) => {
  const region = smallRegion()
  const server = startServer(region)
  await server.control.stop()

  const ending = await server.ended

  t.deepEqual(ending, { event: 'exit', port: manager, generation: 1, detail: 'exit code 0' })
})

test('[AC7] process.exit in an actor is an exit, with its code', async (t) => {
  const region = smallRegion()
  const server = startServer(region)
  const call = server.control.exit(7)

  const ending = await server.ended

  t.is(ending.event, 'exit')
  t.is(ending.detail, 'exit code 7')
  t.true(await call.then(() => false, isGone))
})

test('[AC7] an exception out of the loop is a core, with the exception', async (t) => {
  const region = smallRegion()
  const server = startServer(region)
  await server.control.throwLater()

  const ending = await server.ended

  t.is(ending.event, 'core')
  t.true(ending.detail.includes('thrown from the loop'))
})

test('[AC7] terminate is a signal, with its reason, even when the actor never comes to rest', async (t) => {
  const region = smallRegion()
  const server = startServer(region)
  await server.control.spin()

  const ending = await server.terminate('it spins')

  t.is(ending.event, 'signal')
  t.is(ending.detail, 'it spins')
})

test('[AC7] out of memory is a hardware error', async (t) => {
  const region = smallRegion()
  const server = startServer(region, 1, { resourceLimits: { maxOldGenerationSizeMb: 24 } })
  await server.control.eatMemory()

  const ending = await server.ended

  t.is(ending.event, 'hwerr')
})

test('[AC7] the record says dead only once the worker has exited', async (t) => {
  const region = smallRegion()
  const server = startServer(region)
  const state = region.actorWord(manager, 'state')
  const began = region.words.load(state)
  await server.control.add(1, 1)
  const ran = region.words.load(state)

  const ending = server.terminate('a test')
  const asked = region.words.load(state)
  await ending

  t.deepEqual(
    [began, ran, asked, region.words.load(state)],
    [actorStates.starting, actorStates.running, actorStates.running, actorStates.dead],
  )
})

test('[AC7] an incarnation cannot begin before the exit of the last, nor with an old generation', async (t) => {
  const region = smallRegion()
  const server = startServer(region)

  t.throws(() => startServer(region, 2), { message: /^AC7/ })
  await server.terminate('a test')

  t.throws(() => startServer(region, 1), { message: /^AC7/ })
})

test('[AC8] a control call wakes a parked actor, and values cross whole', async (t) => {
  const region = smallRegion()
  const server = startServer(region)
  await server.control.add(1, 1)
  await new Promise((resolve) => setTimeout(resolve, 50))

  const began = performance.now()
  const sum = await server.control.add(20, 22)
  const took = performance.now() - began

  t.is(sum, 42)
  t.true(took < 500, `${took} ms: it waited for the park to end`)
  t.deepEqual(await server.control.data(), { word: 'katydid' })
  await server.terminate('done')
})

test('[AC8] calls in flight and later calls reject with actor_gone when the actor dies', async (t) => {
  const region = smallRegion()
  const server = startServer(region)
  await server.control.spin()
  const inFlight = server.control.add(1, 2)

  await server.terminate('a test')

  t.true(await inFlight.then(() => false, isGone))
  t.true(await server.control.add(1, 2).then(() => false, isGone))
})

test('[AC8] an error keeps its status and its sentence', async (t) => {
  const region = smallRegion()
  const server = startServer(region)

  const refused = await t.throwsAsync<ControlError>(server.control.refuse())
  const failed = await t.throwsAsync<ControlError>(server.control.fail())
  const missing = (server.control as unknown as { nothing(): Promise<void> }).nothing()

  t.deepEqual([refused.status, refused.message], ['disk_full', 'the disk is full of tests'])
  t.deepEqual(
    [failed.status, failed.name, failed.message],
    [null, 'TypeError', 'an ordinary error'],
  )
  await t.throwsAsync(missing, { message: 'the actor has no control call nothing' })
  await server.terminate('done')
})

test('[AC8] ten thousand control calls leave no listener and no call behind', async (t) => {
  const region = smallRegion()
  const { port1, port2 } = new MessageChannel()
  const boot: BootData = {
    region: region.handle,
    seats: [{ port: manager, generation: asGeneration(1), data: null, control: port2 }],
  }
  const worker = new Worker(new URL('./server.worker.js', import.meta.url), {
    workerData: { [bootKey]: boot },
    transferList: [port2],
  })
  const ring = (): void => ringPort(region, manager, bellBits.control)
  const link = new ControlLink<ServerControl>(port1, ring)
  await link.remote.add(1, 1)
  const before = port1.eventNames().map((name) => [name, port1.listenerCount(name)])

  let sum = 0
  for (let n = 0; n < 10_000; n += 100) {
    const calls = Array.from({ length: 100 }, (_, i) => link.remote.add(n, i))
    for (const value of await Promise.all(calls)) sum += value
  }

  t.is(sum, 10_000 * 4950 + 100 * 4950)
  t.deepEqual(
    port1.eventNames().map((name) => [name, port1.listenerCount(name)]),
    before,
  )
  t.is(link.inFlight, 0)
  await worker.terminate()
})

test('[AC8] orders reach the host without waiting for it', async (t) => {
  const region = smallRegion()
  const orders: Order[] = []
  const server = startServer(region, 1, { onOrder: (order) => orders.push(order) })

  await server.control.report()
  await server.terminate('done')

  t.is(orders[0]?.order, 'report')
})
