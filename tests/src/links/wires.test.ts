/** Simulated wires: what becomes of a frame, by time and chance alone. */
import { asMachine } from '@katydid/abi'
import { Random } from '@katydid/actor'
import { WireQueue, Wires, type WirePlan } from '@katydid/devices'
import test from 'ava'
import * as fc from 'fast-check'

const [one, two, three] = [1, 2, 3].map(asMachine) as [never, never, never]

/** Sends so many frames, one a millisecond; answers when each arrived. */
function sendMany(plan: WirePlan, count: number, seed = 1, bytes = 100): (readonly number[])[] {
  const wires = new Wires(plan, new Random(seed))
  return Array.from({ length: count }, (_, n) => wires.arrivals(one, two, bytes, n))
}

test('[NW11] the same seed does the same to the same frames, another seed another', (t) => {
  const plan = { spreadMs: 5, tailMs: 2, loss: 0.2, duplication: 0.2, reorder: 0.2 }

  t.deepEqual(sendMany(plan, 200, 7), sendMany(plan, 200, 7))
  t.notDeepEqual(sendMany(plan, 200, 7), sendMany(plan, 200, 8))
})

test('[NW11] a perfect wire takes no time and keeps everything', (t) => {
  t.deepEqual(
    sendMany({}, 5),
    [0, 1, 2, 3, 4].map((n) => [n]),
  )
})

test('[NW11] latency lies between its least and its most, with a tail beyond that is long and rare', (t) => {
  const delays = (plan: WirePlan): number[] =>
    sendMany({ ...plan, reorder: 1, heldBackMs: 0 }, 4000).map(([at], n) => at! - n)

  const even = delays({ latencyMs: 10, spreadMs: 4 })
  const tailed = delays({ latencyMs: 10, tailMs: 3 })
  const mean = tailed.reduce((sum, ms) => sum + ms, 0) / tailed.length

  t.true(even.every((ms) => ms >= 10 && ms < 14))
  t.true(Math.max(...even) > 13.9 && Math.min(...even) < 10.1)
  t.true(mean > 12.7 && mean < 13.3)
  t.true(Math.max(...tailed) > 25)
})

test('[NW11] what is more than the wire takes waits for what was before', (t) => {
  const wires = new Wires({ bytesPerMs: 10 }, new Random(1))

  const arrivals = [0, 0, 0, 100].map((now) => wires.arrivals(one, two, 200, now)[0])

  t.deepEqual(arrivals, [20, 40, 60, 120])
  t.deepEqual(wires.arrivals(two, one, 200, 0), [20], 'the other way is another wire')
})

test('[NW11] so many are lost, come twice and are overtaken as was asked for', (t) => {
  const count = 5000
  const near = (n: number, share: number): boolean => Math.abs(n / count - share) < 0.03

  const lost = sendMany({ loss: 0.3 }, count).filter((at) => at.length === 0)
  const twice = sendMany({ duplication: 0.2 }, count).filter((at) => at.length === 2)
  const times = sendMany({ reorder: 0.25, heldBackMs: 20 }, count).map(([at]) => at!)
  const overtaken = times.filter((at, n) => times.slice(n + 1, n + 25).some((later) => later < at))

  t.true(near(lost.length, 0.3))
  t.true(near(twice.length, 0.2))
  t.true(overtaken.length / count > 0.15)
})

test('[NW11] without reordering frames of a wire arrive in the order in which they were sent', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(20), fc.nat(20), (seed, spreadMs, tailMs) => {
      const times = sendMany({ spreadMs, tailMs }, 50, seed).map(([at]) => at!)
      return times.every((at, n) => n === 0 || at >= times[n - 1]!)
    }),
  )
  t.pass()
})

test('[NW12] a cut goes one way, is healed, and changes nothing for other wires', (t) => {
  const plan = { spreadMs: 9, loss: 0.2 }
  const play = (isCut: boolean): (readonly number[])[] => {
    const wires = new Wires(plan, new Random(3))
    if (isCut) wires.cut(one, two)
    return Array.from({ length: 100 }, (_, n) => {
      wires.arrivals(one, two, 10, n)
      return wires.arrivals(two, one, 10, n)
    })
  }
  const wires = new Wires({}, new Random(1))
  wires.cut(one, two)

  t.deepEqual(wires.arrivals(one, two, 1, 0), [])
  t.deepEqual(wires.arrivals(two, one, 1, 0), [0])
  wires.heal(one, two)
  t.deepEqual(wires.arrivals(one, two, 1, 5), [5])
  t.deepEqual(play(true), play(false))
})

test('[NW12] a partition cuts between groups and not within, and all is healed at once', (t) => {
  const wires = new Wires({}, new Random(1))
  const machines = [1, 2, 3, 4, 5].map(asMachine)
  wires.partition([machines.slice(0, 2), machines.slice(2, 4)])

  const cut = machines.flatMap((from) =>
    machines.filter((to) => from !== to && wires.isCut(from, to)).map((to) => `${from}${to}`),
  )
  wires.healAll()

  t.deepEqual(cut, ['13', '14', '23', '24', '31', '32', '41', '42'])
  t.false(machines.slice(1).some((to) => wires.isCut(one, to) || wires.isCut(to, one)))
})

test('[NW11] frames leave the queue when they arrive, in that order, and a second copy shares nothing', (t) => {
  const queue = new WireQueue(new Wires({ duplication: 1, latencyMs: 5 }, new Random(1)))
  queue.send(one, three, new Uint8Array([1]), 0)
  queue.send(two, three, new Uint8Array([2]), 1)

  t.is(queue.nextMs, 5)
  t.deepEqual(queue.takeArrived(4), [])
  const first = queue.takeArrived(5)
  first[0]!.frame[0] = 9
  const second = queue.takeArrived(6)

  t.deepEqual(
    first.map(({ frame }) => frame[0]),
    [9, 1],
  )
  t.deepEqual(
    second.map(({ from, frame }) => [from, frame[0]]),
    [
      [2, 2],
      [2, 2],
    ],
  )
  t.is(queue.nextMs, Infinity)
})
