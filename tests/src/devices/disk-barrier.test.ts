/** When a write is answered: barriers, who they cover, and what a failed one means. */
import test from 'ava'
import { alice, Bench, bob, ok } from './bench.js'

test('[DK1] a write with a barrier is answered when the barrier has ended, not before', (t) => {
  const bench = new Bench()

  const write = bench.write(alice, [1], [2], true)
  bench.turn()
  const before = write.answer
  bench.endBarrier()

  t.is(before, null)
  t.is(write.answer?.status, 'ok')
})

test('[DK1] disk_sync makes durable what was answered without a barrier', (t) => {
  const bench = new Bench()
  const write = bench.write(alice, [1])
  bench.turn()
  const statuses: string[] = []

  bench.core.sync((answer) => statuses.push(answer.status))
  bench.turn()
  const before = statuses.length
  bench.endBarrier()

  t.is(write.answer?.status, 'ok')
  t.is(before, 0)
  t.deepEqual(statuses, ['ok'])
})

test('[DK5] a barrier under way answers nobody whose write came after it began', (t) => {
  const bench = new Bench()
  const first = bench.write(alice, [1], [], true)
  bench.turn()
  const second = bench.write(bob, [2], [], true)
  bench.turn()

  bench.endBarrier()
  const answers = [first.answer?.status, second.answer?.status]
  bench.turn()
  bench.endBarrier()

  t.deepEqual(answers, ['ok', undefined])
  t.is(second.answer?.status, 'ok')
  t.is(bench.barriersBegun, 2)
})

test('[DK5] one barrier answers all who wrote before it began', (t) => {
  const bench = new Bench()
  const writes = [1, 2, 3, 4].map((id) => bench.write(id % 2 === 0 ? alice : bob, [id], [], true))

  bench.turn()
  bench.endBarrier()
  bench.turn()

  t.deepEqual(
    writes.map(({ answer }) => answer?.status),
    ['ok', 'ok', 'ok', 'ok'],
  )
  t.is(bench.barriersBegun, 1)
  t.is(bench.meter.counts['acknowledgedGroups'], 1)
})

test('[DK6] all that waits at a turn goes in one group with one write', (t) => {
  const bench = new Bench()
  const before = bench.journal.entries.length

  const writes = [bench.write(alice, [1], [5]), bench.write(bob, [2]), bench.write(alice, [3], [6])]
  bench.turn()

  const positions = writes.map(({ answer }) => ok(answer).position)
  t.is(bench.journal.entries.length, before + 1)
  t.deepEqual(positions, [positions[0]!, positions[0]!, positions[0]!])
})

test('[DK6] a write without a barrier never waits for one', (t) => {
  const bench = new Bench()
  bench.write(alice, [1], [], true)
  bench.turn()

  const write = bench.write(bob, [2])
  bench.turn()

  t.true(bench.barrierUnderWay)
  t.is(write.answer?.status, 'ok')
})

test('[DK12] after a failed barrier all who wait and all who come get io_error, though later ones would succeed', (t) => {
  const bench = new Bench()
  const waiting = [bench.write(alice, [1], [], true)]
  bench.turn()
  waiting.push(bench.write(bob, [2], [], true))
  bench.turn()

  bench.endBarrier('EIO: the platter is gone')
  const later = bench.write(alice, [3], [], true)
  bench.rest()

  t.deepEqual(
    [...waiting, later].map(({ answer }) => answer?.status),
    ['io_error', 'io_error', 'io_error'],
  )
  t.is(bench.core.status().state, 'offline')
  t.is(bench.barriersBegun, 1)
})

test('[DK12] after a refused write nothing is acknowledged any more', (t) => {
  const faults = {
    seed: 1,
    refuse: [{ operation: 'write', after: 1, times: 1, code: 'EIO' }],
  } as const
  const bench = new Bench({ faults })
  const first = bench.write(alice, [1], [], true)
  bench.turn()

  const second = bench.write(alice, [2], [], true)
  bench.turn()
  bench.endBarrier()
  const third = bench.write(alice, [3], [], false)
  bench.rest()

  t.deepEqual(
    [first, second, third].map(({ answer }) => answer?.status),
    ['io_error', 'io_error', 'io_error'],
  )
  t.is(bench.core.status().state, 'degraded')
})

test('[DK12] a scan is refused too, for nobody knows what is durable', (t) => {
  const bench = new Bench()
  bench.write(alice, [1], [], true)
  bench.turn()

  bench.endBarrier('EIO')

  t.throws(() => bench.scan(alice), { message: /io_error/ })
})
