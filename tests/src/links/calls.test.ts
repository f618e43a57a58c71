/** Calls between machines in the simulator, on wires that do anything: answered once, executed at most once, `unreachable` in time. */
import { actorPorts, asMachine, managerUpcalls } from '@katydid/abi'
import type { WirePlan } from '@katydid/devices'
import {
  CallsIn,
  packCall,
  packNumbers,
  unpackCall,
  type Answering,
  type IncomingRequest,
} from '@katydid/actor'
import test from 'ava'
import * as fc from 'fast-check'
import { fault } from '../actor/actors.js'
import { SimMachines } from './sim-machines.js'

const chance = fc.constantFrom(0, 0.1, 0.3)
const plan: fc.Arbitrary<WirePlan> = fc.record({
  latencyMs: fc.constantFrom(0, 2, 30),
  spreadMs: fc.constantFrom(0, 10),
  loss: chance,
  duplication: chance,
  reorder: chance,
})

type Deed =
  | { readonly do: 'call'; readonly from: number; readonly to: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'cut'; readonly from: number; readonly to: number; readonly ms: number }
  | { readonly do: 'crash'; readonly machine: number }
const machine = fc.integer({ min: 1, max: 3 })
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('call' as const), from: machine, to: machine }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 20, 300) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('cut' as const),
      from: machine,
      to: machine,
      ms: fc.constantFrom(100, 2000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), machine }) },
)

interface Call {
  readonly id: number
  readonly caller: number
  readonly incarnation: number
  readonly endings: string[]
  readonly madeMs: number
  endedMs: number
}

const deadlineMs = 4000

/** Plays a course and waits until every call must have ended. */
function play(wirePlan: WirePlan, seed: number, deeds: readonly Deed[]) {
  const world = new SimMachines(seed, 3, wirePlan)
  const { clock } = world.network
  const calls: Call[] = []
  for (const each of deeds) {
    if (each.do === 'pass') world.network.run(clock.nowMs() + each.ms)
    else if (each.do === 'crash') {
      world.crash(each.machine)
      world.start(each.machine)
    } else if (each.from === each.to) continue
    else if (each.do === 'cut') {
      const [from, to] = [asMachine(each.from), asMachine(each.to)]
      world.wires.wires.cut(from, to)
      world.network.run(clock.nowMs() + each.ms)
      world.wires.wires.heal(from, to)
    } else {
      const { incarnation } = world.machine(each.from)
      const endings: string[] = []
      const call = {
        id: 0,
        caller: each.from,
        incarnation,
        endings,
        madeMs: clock.nowMs(),
        endedMs: 0,
      }
      const onStatus = (status: string): void => {
        endings.push(status)
        call.endedMs = clock.nowMs()
      }
      call.id = world.call(each.from, each.to, onStatus, deadlineMs)
      calls.push(call)
    }
  }
  world.network.run(clock.nowMs() + deadlineMs + 2000)
  return { world, calls }
}

const runs = { numRuns: 60 }
const course = fc.array(deed, { minLength: 10, maxLength: 60, size: 'max' })

test('[NW7] a call is executed at most once by an incarnation, and one that is answered was executed', (t) => {
  let answered = 0
  fc.assert(
    fc.property(plan, fc.nat(), course, (wirePlan, seed, deeds) => {
      const { world, calls } = play(wirePlan, seed, deeds)
      const by = world.executed.map(({ id, at, incarnation }) => `${id} at ${at} as ${incarnation}`)
      const executed = new Set(world.executed.map(({ id }) => id))
      const done = calls.filter(({ endings }) => endings[0] === 'ok')
      answered += done.length
      return new Set(by).size === by.length && done.every(({ id }) => executed.has(id))
    }),
    runs,
  )
  t.true(answered > 200)
})

test('[NW7] a call is executed by one incarnation only', (t) => {
  fc.assert(
    fc.property(plan, fc.nat(), course, (wirePlan, seed, deeds) => {
      const { executed } = play(wirePlan, seed, deeds).world
      return new Set(executed.map(({ id }) => id)).size === executed.length
    }),
    runs,
  )
  t.pass()
})

test('[NW8] every call of a machine that lives ends once, with an answer or `unreachable`, by its deadline', (t) => {
  let unreachable = 0
  fc.assert(
    fc.property(plan, fc.nat(), course, (wirePlan, seed, deeds) => {
      const { world, calls } = play(wirePlan, seed, deeds)
      unreachable += calls.filter(({ endings }) => endings[0] === 'unreachable').length
      return calls.every(({ caller, incarnation, endings, madeMs, endedMs }) => {
        if (world.machine(caller).incarnation !== incarnation) return endings.length <= 1
        const inTime = endedMs - madeMs <= deadlineMs + 50
        return endings.length === 1 && inTime && ['ok', 'unreachable'].includes(endings[0]!)
      })
    }),
    runs,
  )
  t.true(unreachable > 20)
})

test('[NW7] on wires that lose, repeat and reorder much, every call is answered before a long deadline', (t) => {
  const world = new SimMachines(5, 3, { loss: 0.3, duplication: 0.3, reorder: 0.3, spreadMs: 20 })
  t.true(world.settle())
  const endings: string[] = []
  for (let n = 0; n < 100; n++)
    world.call(1 + (n % 3), 1 + ((n + 1) % 3), (status) => endings.push(status), 60_000)

  world.network.run(world.network.clock.nowMs() + 61_000)

  t.deepEqual(
    endings,
    Array.from({ length: 100 }, () => 'ok'),
  )
  t.is(world.executed.length, 100)
})

test('[NW8] what is under way on a machine that falls silent is unreachable when that is reported, long before the deadline', (t) => {
  const world = new SimMachines(4, 3)
  world.settle()
  const endings: string[] = []
  world.crash(2)
  world.call(1, 2, (status) => endings.push(status), 600_000)
  world.call(1, 3, (status) => endings.push(status), 600_000)

  world.network.run(world.network.clock.nowMs() + 5000)
  world.call(1, 2, (status) => endings.push(status), 600_000)
  world.network.run(world.network.clock.nowMs() + 10)

  t.deepEqual(endings, ['ok', 'unreachable', 'unreachable'])
})

test('[NW8] what was sent to an incarnation that is gone is unreachable as soon as the next is heard, and not executed by it', (t) => {
  const world = new SimMachines(4, 2)
  world.settle()
  const endings: string[] = []
  world.crash(2)
  const id = world.call(1, 2, (status) => endings.push(status), 600_000)
  world.network.run(world.network.clock.nowMs() + 300)
  world.start(2)

  world.network.run(world.network.clock.nowMs() + 1000)

  t.deepEqual(endings, ['unreachable'])
  t.false(world.executed.some((each) => each.id === id))
  t.is(world.machine(1).peers.at(-1)?.incarnation, 2)
})

test('[NW8] a machine that is not of the world, and one that was removed, are unreachable at once', (t) => {
  const world = new SimMachines(4, 2)
  world.settle()
  const endings: string[] = []
  world.call(1, 40, (status) => endings.push(status), 600_000)
  world.network.run(world.network.clock.nowMs() + 10)
  world.machine(1).driver.forget(asMachine(2))
  world.call(1, 2, (status) => endings.push(status), 600_000)
  world.network.run(world.network.clock.nowMs() + 10)

  t.deepEqual(endings, ['unreachable', 'unreachable'])
})

test('[NW7] an actor that dies before it answers is `actor_gone`, and one that nobody may call is `bad_message`', (t) => {
  const world = new SimMachines(9, 2)
  world.settle()
  const { simulator } = world.machine(2)
  const port = actorPorts.firstManager
  simulator.endpoint(port)
  const endings: string[] = []
  const callAt = (at: typeof port): void =>
    world
      .machine(1)
      .remote.to(asMachine(2))
      .call(at, managerUpcalls.containerFault, fault(1), ({ status }) => endings.push(status))
  simulator.crash(port)
  callAt(port)
  world.network.run(world.network.clock.nowMs() + 3000)
  callAt(actorPorts.disk)
  world.network.run(world.network.clock.nowMs() + 3000)

  t.deepEqual(endings, ['actor_gone', 'bad_message'])
})

for (const count of [3000, 100])
  test(`[NW9] answers to ${count} calls at once are forgotten when their callers have said that they need them no more`, (t) => {
    const world = new SimMachines(6, 2, { loss: 0.2, spreadMs: 5 })
    world.settle()
    const { clock } = world.network
    const [caller, callee] = [world.machine(1).driver.calls, world.machine(2).driver.calls]
    let answered = 0
    const onStatus = (status: string): void => void (answered += status === 'ok' ? 1 : 0)
    for (let n = 0; n < count; n++) world.call(1, 2, onStatus, 60_000)
    t.true(world.network.runUntil(() => caller.out.underWay === count, clock.nowMs() + 1000))

    world.network.runUntil(() => answered === count, clock.nowMs() + 60_000)
    world.network.run(clock.nowMs() + 20_000)

    t.is(answered, count)
    t.is(world.executed.length, count)
    t.is(callee.in.remembered, 0)
    t.is(caller.out.underWay, 0)
  })

test('[NW9] as many calls are remembered as may be, and the next is taken when one of them is settled', (t) => {
  const sent: Uint8Array[] = []
  const served: number[] = []
  const link = {
    machine: asMachine(1),
    incarnation: 1,
    longestMessage: 1000,
    send: (_: unknown, bytes: Uint8Array) => {
      sent.push(bytes)
      return 'sent' as const
    },
  }
  const server = {
    admits: () => true,
    serve: ({ body }: IncomingRequest, answer: Answering) => {
      served.push(body[0]!)
      answer('answered', body)
    },
  }
  const calls = new CallsIn(link, server, { mostCalls: 2, mostBytes: 1000 })
  calls.anew(asMachine(2), 1)
  const receive = (message: Parameters<typeof packCall>[0]): void =>
    calls.message(asMachine(2), unpackCall(packCall(message))!, 0)
  const request = (number: number): void =>
    receive({ kind: 'request', number, body: new Uint8Array([number]) })

  for (const number of [1, 2, 3, 1]) request(number)
  const before = [...served]
  receive({ kind: 'settled', body: packNumbers([1]) })
  request(3)
  request(3)

  t.deepEqual(before, [1, 2])
  t.deepEqual(served, [1, 2, 3])
  t.is(calls.heldBack, 1)
  t.is(calls.remembered, 2)
  // Each was answered, and 1 and 3 once more.
  t.is(sent.length, 5)
})
