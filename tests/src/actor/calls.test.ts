/** Calls between two real threads. */
import { barrierCalls, managerUpcalls, type Reply } from '@katydid/abi'
import { ask, run } from '@katydid/actor'
import test from 'ava'
import {
  fault,
  kernel,
  manager,
  pollUntil,
  portHere,
  smallRegion,
  snapshot,
  startServer,
} from './actors.js'

type SnapshotReply = Reply<typeof managerUpcalls.containerSnapshot>

test('[AC6] a call reaches another thread and its answer comes back', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const server = startServer(region)
  const replies: unknown[] = []

  endpoint.call(manager, managerUpcalls.containerFault, fault(4096, 'write'), (r) =>
    replies.push(r),
  )
  endpoint.call(manager, managerUpcalls.containerFault, fault(1, 'execute'), (r) => replies.push(r))
  endpoint.call(manager, managerUpcalls.stateIntervalQuery, snapshot(3), (r) => replies.push(r))
  await pollUntil(endpoint, () => replies.length === 3)

  t.deepEqual(replies, [
    { status: 'ok' },
    { status: 'access_denied', detail: 'nothing is executed here' },
    { status: 'ok', state: 'stable' },
  ])
  await server.terminate('done')
})

test('[AC12] callSync blocks its thread and answers as call does', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const server = startServer(region)

  const reply = endpoint.callSync(manager, managerUpcalls.containerFault, fault(8192))

  t.deepEqual(reply, { status: 'ok' })
  await server.terminate('done')
})

test('[AC12] mail that came during callSync is handled afterwards, in its order', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const server = startServer(region)
  const order: number[] = []
  for (let n = 1; n <= 300; n++)
    endpoint.call(manager, managerUpcalls.stateIntervalQuery, snapshot(n), () => order.push(n))

  const reply = endpoint.callSync(manager, managerUpcalls.containerFault, fault(0))
  const handledInside = order.length
  await pollUntil(endpoint, () => order.length === 300)

  t.is(reply.status, 'ok')
  t.is(handledInside, 0)
  t.deepEqual(
    order,
    Array.from({ length: 300 }, (_, n) => n + 1),
  )
  await server.terminate('done')
})

test('[AC10] a call without an answer ends at its deadline, once, and the late answer is ignored', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const server = startServer(region)
  const replies: SnapshotReply[] = []
  await server.control.add(1, 1)

  const began = performance.now()
  endpoint.call(manager, managerUpcalls.containerSnapshot, snapshot(1), (r) => replies.push(r), 150)
  await pollUntil(endpoint, () => replies.length === 1)
  const took = performance.now() - began
  const answered = await server.control.answerHeld()
  await pollUntil(endpoint, () => endpoint.dropped === 1)

  t.is(replies[0]?.status, 'timed_out')
  t.true(took >= 149 && took < 5000, `${took} ms`)
  t.is(answered, 1)
  t.is(replies.length, 1)
  await server.terminate('done')
})

test('[AC11] calls to an actor that dies, in flight or made afterwards, answer actor_gone', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const server = startServer(region)
  const replies: SnapshotReply[] = []
  await server.control.add(1, 1)
  endpoint.call(manager, managerUpcalls.containerSnapshot, snapshot(1), (r) => replies.push(r))
  await new Promise((resolve) => setTimeout(resolve, 20))

  await server.terminate('a test')
  endpoint.call(manager, managerUpcalls.containerSnapshot, snapshot(2), (r) => replies.push(r))
  endpoint.poll()
  const sync = endpoint.callSync(manager, managerUpcalls.containerSnapshot, snapshot(3))

  t.deepEqual(
    replies.map((reply) => reply.status),
    ['actor_gone', 'actor_gone'],
  )
  t.is(sync.status, 'actor_gone')
})

test('[AC11] the next incarnation neither sees old mail nor answers for its predecessor', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const first = startServer(region)
  const replies: string[] = []
  await first.control.spin()
  endpoint.call(manager, managerUpcalls.containerFault, fault(64), (r) => replies.push(r.status))
  await first.terminate('stuck')

  const second = startServer(region, 2)
  endpoint.call(manager, managerUpcalls.containerFault, fault(128), (r) => replies.push(r.status))
  await pollUntil(endpoint, () => replies.length === 2)

  t.deepEqual(replies, ['actor_gone', 'ok'])
  t.deepEqual(await second.control.faults(), [128])
  await second.terminate('done')
})

test('[AC9] a script asks in sequence and is resumed from the mail loop', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const server = startServer(region)
  const results: string[][] = []

  run(
    endpoint,
    (function* () {
      const first = yield* ask(endpoint, manager, managerUpcalls.containerFault, fault(0))
      const second = yield* ask(endpoint, manager, managerUpcalls.stateIntervalQuery, snapshot(9))
      return [first.status, second.status === 'ok' ? second.state : second.detail]
    })(),
    (result) => results.push(result),
  )
  await pollUntil(endpoint, () => results.length === 1)

  t.deepEqual(results, [['ok', 'none']])
  await server.terminate('done')
})

test('[AC6] leaving a handler out does not compile', (t) => {
  const { endpoint } = portHere(smallRegion(), kernel)

  // @ts-expect-error -- barrier_sync is not handled
  endpoint.serve(barrierCalls, {})

  t.throws(() => endpoint.serve(barrierCalls, { barrierSync: () => ({ status: 'ok' }) }), {
    message: /^AC6: a call is served once/,
  })
})

test('[AC7] the loop counts its turns and shows its spin', async (t) => {
  const region = smallRegion()
  const { endpoint } = portHere(region, kernel)
  const server = startServer(region)
  const turns = region.actorWord(manager, 'turns')
  await server.control.add(1, 1)
  const before = region.words.load(turns)
  await server.control.add(1, 1)
  await pollUntil(endpoint, () => region.words.load(turns) > before)

  t.true(region.words.load(turns) > before)
  t.true(region.words.load(region.actorWord(manager, 'spin')) > 0)
  await server.terminate('done')
})
