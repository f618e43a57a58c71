/** A mailbox on one thread: what a frame is, when it exists, what a full ring does. */
import { actorPorts, asGeneration, managerUpcalls } from '@katydid/abi'
import {
  dropMail,
  Endpoint,
  frameBytes,
  longestMessage,
  MailboxReader,
  MailboxWriter,
  systemClock,
  bellOf,
  VirtualClock,
} from '@katydid/actor'
import test from 'ava'
import * as fc from 'fast-check'
import { fault, kernel, manager, smallRegion } from './actors.js'

function smallest() {
  const region = smallRegion()
  const place = region.plan.mailboxes.find(
    ({ from, to }) => from === actorPorts.barrier && to === actorPorts.disk,
  )!
  const writer = (): MailboxWriter => new MailboxWriter(region, place)
  const reader = (): MailboxReader => new MailboxReader(region, place)
  return { region, place, writer, reader }
}

test('[AC2] any frames, taken at any time, come out as they went in', (t) => {
  const step = fc.oneof(
    fc.record({ offer: fc.nat(longestMessage(4096)) }),
    fc.record({ take: fc.nat(5) }),
  )
  const { writer, reader } = smallest()
  const ring = { in: writer(), out: reader() }
  let serial = 0
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const expected: Uint8Array[] = []
    const takeOne = (): boolean => {
      const taken = ring.out.take()
      if (taken === null) return false
      t.deepEqual(taken, expected.shift()!)
      return true
    }
    for (const what of steps) {
      if ('offer' in what) {
        const frame = new Uint8Array(what.offer).fill(++serial)
        if (ring.in.offer(frame)) expected.push(frame)
        else t.true(expected.length > 0, 'an empty ring refused')
      } else for (let n = 0; n < what.take && takeOne(); n++);
    }
    while (takeOne());
    t.is(expected.length, 0)
  })

  t.notThrows(() => fc.assert(property, { numRuns: 300 }))
})

test('[AC2] a full mailbox refuses, changes nothing, and takes the same frame once there is room', (t) => {
  const { writer, reader } = smallest()
  const [into, out] = [writer(), reader()]
  let taken = 0
  while (into.offer(new Uint8Array(100).fill(taken))) taken += 1

  const again = into.offer(new Uint8Array(100).fill(taken))
  const first = out.take()
  const third = into.offer(new Uint8Array(100).fill(taken))

  t.false(again)
  t.is(taken, Math.floor(4096 / frameBytes(100)))
  t.is(first?.[0], 0)
  t.true(third)
  for (let n = 1; n <= taken; n++) t.is(out.take()?.[0], n)
  t.is(out.take(), null)
})

test('[AC2] the longest message fits at every position; a longer one is refused as a bug', (t) => {
  const longest = longestMessage(4096)
  for (let before = 0; before < 4096; before += 8) {
    const { writer, reader } = smallest()
    const [into, out] = [writer(), reader()]
    for (let left = before; left > 0;) {
      const length = Math.min(left, 1024) - 4
      t.true(into.offer(new Uint8Array(length)))
      out.take()
      left -= frameBytes(length)
    }

    t.true(into.offer(new Uint8Array(longest)), `at ${before}`)
  }
  t.throws(
    () =>
      smallest()
        .writer()
        .offer(new Uint8Array(longest + 1)),
    { message: /^AC2/ },
  )
})

test('[AC3] what a producer wrote and did not publish is never seen, and its successor writes over it', (t) => {
  const { region, place, writer, reader } = smallest()
  writer().offer(Uint8Array.of(1))
  // The producer dies here: length and half of the bytes are there, the one store is not.
  region.i32[(place.at + 128 + 8) >> 2] = 1000
  region.u8.fill(0xee, place.at + 128 + 12, place.at + 128 + 500)

  const out = reader()
  t.deepEqual(out.take(), Uint8Array.of(1))
  t.is(out.take(), null)
  writer().offer(Uint8Array.of(2, 3))

  t.deepEqual(out.take(), Uint8Array.of(2, 3))
})

test('[AC3] a frame that its consumer read and did not give back is there for its successor', (t) => {
  const { writer, reader } = smallest()
  writer().offer(Uint8Array.of(9))
  t.true(reader().next())

  t.deepEqual(reader().take(), Uint8Array.of(9))
})

test('[AC11] mail is dropped between two incarnations, and the ring goes on', (t) => {
  const { region, writer, reader } = smallest()
  const into = writer()
  for (let n = 0; n < 5; n++) into.offer(new Uint8Array(500))

  dropMail(region, actorPorts.disk)
  const out = reader()
  const left = out.take()
  into.offer(Uint8Array.of(4))

  t.is(left, null)
  t.deepEqual(out.take(), Uint8Array.of(4))
})

/** Two ports on this thread, so that the test decides who polls when. */
function pair() {
  const region = smallRegion()
  for (const port of [kernel, manager]) {
    region.words.store(region.actorWord(port, 'generation'), 1)
    region.words.store(region.actorWord(port, 'state'), 2)
  }
  const at = (port: typeof kernel, clock = systemClock): Endpoint =>
    new Endpoint({ region, port, clock, bell: bellOf(region, port) })
  return { region, at }
}

const served = { containerFault: () => ({ status: 'ok' as const }) }

test('[AC15] what a full mailbox refuses is sent later: nothing is lost and nobody blocks', (t) => {
  const { at } = pair()
  const [caller, server] = [at(kernel), at(manager)]
  const addresses: number[] = []
  server.serveSome(managerUpcalls, {
    containerFault: ({ addr }) => {
      addresses.push(addr)
      return { status: 'ok' }
    },
  })
  const calls = 20_000
  let answered = 0

  for (let n = 0; n < calls; n++)
    caller.call(manager, managerUpcalls.containerFault, fault(n), (reply) => {
      if (reply.status === 'ok') answered += 1
    })
  const hurry = caller.nextDeadlineMs()
  for (let n = 0; n < 1000; n++) {
    caller.poll()
    server.poll()
  }

  t.true(hurry <= 1, 'a caller with waiting mail must not sleep long')
  t.is(answered, calls)
  t.deepEqual(
    addresses,
    Array.from({ length: calls }, (_, n) => n),
  )
})

test('[AC15] what waits for an incarnation that is gone is dropped', (t) => {
  const { region, at } = pair()
  const caller = at(kernel)
  let gone = 0
  for (let n = 0; n < 10_000; n++)
    caller.call(manager, managerUpcalls.containerFault, fault(n), (reply) => {
      if (reply.status === 'actor_gone') gone += 1
    })

  region.words.store(region.actorWord(manager, 'generation'), asGeneration(2))
  dropMail(region, manager)
  caller.poll()
  const server = at(manager)
  let faults = 0
  server.serveSome(managerUpcalls, {
    containerFault: () => {
      faults += 1
      return { status: 'ok' }
    },
  })
  server.poll()

  t.is(gone, 10_000)
  t.is(faults, 0)
})

test('[AC6] a request of an earlier incarnation of the caller is not served', (t) => {
  const { region, at } = pair()
  at(kernel).call(manager, managerUpcalls.containerFault, fault(0), () => {})
  region.words.store(region.actorWord(kernel, 'generation'), asGeneration(2))
  const server = at(manager)
  server.serveSome(managerUpcalls, served)

  server.poll()

  t.is(server.dropped, 1)
})

test('[AC6] a call nobody serves is bad_message; one that is not offered says so where it is declared', (t) => {
  const { at } = pair()
  const [caller, server, other] = [at(kernel), at(manager), at(kernel)]
  const replies: string[] = []
  other.call(manager, managerUpcalls.pageDiscard, { pageset: 1 as never, pageCount: 1 }, () => {})
  caller.call(manager, managerUpcalls.containerFault, fault(0), (r) => replies.push(r.status))
  server.poll()
  caller.poll()
  server.serveSome(managerUpcalls, served)
  caller.call(manager, managerUpcalls.containerFault, fault(0), (r) => replies.push(r.status))
  caller.call(manager, managerUpcalls.containerDestroyed, { cont: 1 as never }, (r) =>
    replies.push(r.status),
  )
  caller.call(
    manager,
    managerUpcalls.containerSnapshot,
    { cont: 1 as never, stateInterval: 1 as never },
    (r) => replies.push(r.status),
  )
  server.poll()
  caller.poll()

  t.deepEqual(replies, ['bad_message', 'ok', 'bad_message', 'not_supported'])
})

test('[AC6] a second reply is a bug, and an answer that is not declared too', (t) => {
  const { at } = pair()
  const [caller, server] = [at(kernel), at(manager)]
  server.serveSome(managerUpcalls, {
    containerFault: (_args, call) => {
      call.reply({ status: 'ok' })
      return { status: 'ok' }
    },
    pageDiscard: () => ({ status: 'disk_full', detail: '' }) as never,
  })
  caller.call(manager, managerUpcalls.containerFault, fault(0), () => {})
  t.throws(() => server.poll(), { message: /^AC6: a call is answered once/ })
  caller.call(manager, managerUpcalls.pageDiscard, { pageset: 1 as never, pageCount: 1 }, () => {})
  t.throws(() => server.poll(), { message: /^AC6: a call answers only what it declares/ })
})

test('[AC13] a message too long for its mailbox is bad_message, in either direction', (t) => {
  const { at } = pair()
  const caller = at(kernel)
  const replies: string[] = []
  const params = new Uint8Array(200_000)

  caller.call(
    manager,
    managerUpcalls.invokeNoSupport,
    { machineId: 1 as never, cont: 1 as never, stateInterval: 1 as never, params },
    (r) => replies.push(r.status),
  )
  const inside = replies.length
  caller.poll()
  const blocked = caller.callSync(manager, managerUpcalls.invokeNoSupport, {
    machineId: 1 as never,
    cont: 1 as never,
    stateInterval: 1 as never,
    params,
  })

  t.is(inside, 0, 'no reply comes from inside call')
  t.deepEqual(replies, ['bad_message'])
  t.is(blocked.status, 'bad_message')
})

test('[AC10] a call that blocks ends at its own deadline, whatever else is overdue', (t) => {
  const { at } = pair()
  const caller = at(kernel)
  const replies: string[] = []
  caller.call(manager, managerUpcalls.containerFault, fault(0), (r) => replies.push(r.status), 0)

  const began = performance.now()
  const reply = caller.callSync(manager, managerUpcalls.containerFault, fault(0), 50)
  const took = performance.now() - began
  const inside = replies.length
  caller.poll()

  t.is(reply.status, 'timed_out')
  t.true(took >= 49 && took < 2000, `${took} ms`)
  t.is(inside, 0)
  t.deepEqual(replies, ['timed_out'])
})

test('[AC10] a deadline is told when the clock says so, and not before', (t) => {
  const { at } = pair()
  const clock = new VirtualClock()
  const caller = at(kernel, clock)
  const replies: string[] = []
  caller.call(manager, managerUpcalls.containerFault, fault(0), (r) => replies.push(r.status), 100)
  caller.call(manager, managerUpcalls.containerFault, fault(0), (r) => replies.push(r.status))

  const first = caller.nextDeadlineMs()
  clock.advance(99)
  caller.poll()
  const before = replies.length
  clock.advance(1)
  caller.poll()
  const atOnce = replies.length
  clock.advance(9_900)
  caller.poll()

  t.is(first, 100)
  t.deepEqual([before, atOnce], [0, 1])
  t.deepEqual(replies, ['timed_out', 'timed_out'])
})
