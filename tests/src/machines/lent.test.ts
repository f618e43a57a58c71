/** LO, CH: a visit is lent to the machine that invoked: real kernels, letters and links; managers and proxies answer as the test says, and keep no pages. */
import { actorPorts, machineCalls } from '@katydid/abi'
import test from 'ava'
import { ok, one, three, two, VisitsBench } from './visits-bench.js'

const block = Uint8Array.of(1, 2, 3)

const lends = (writtenElsewhere = 0) => ({
  room: 8,
  world: {
    others: [{ name: 'proxy' }],
    behaviour: { elsewhere: { decision: 'local_support' } as const, writtenElsewhere },
  },
})

/** An invocation of 2 a0 from machine 1, begun there. */
async function begun(seed: number, writtenElsewhere = 0, machines = 2) {
  const bench = await VisitsBench.open(seed, { machines, ...lends(writtenElsewhere) })
  const cap = await bench.give('2 a0', '1 a0')
  await bench.bank.keep()
  const box = bench.invoke('1 a0', cap, block)
  return { bench, bank: bench.bank, cap, box, ran: bench.next() }
}

test('[LO161] a lent visit runs on the machine that invoked, on a slot that is no container of it, and its end is told and answered once', async (t) => {
  const { bench, bank, cap, box, ran } = await begun(51)
  t.is(ran.machine, one)
  t.true(ran.visit.lent)
  t.deepEqual([...ran.visit.block], [1, 2, 3])
  const guest = bench.kernel(one).guests.at(ran.visit.container)
  t.is(guest?.home.machine, two)
  t.is(bench.kernel(one).containers.anyAt(ran.visit.container), null)
  ran.done(ok(9))
  const told = bench.answered(box)
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 9])
  else t.fail(told.status)
  // The guest stays for the next.
  const again = bench.invoke('1 a0', cap)
  const next = bench.next()
  t.is(next.visit.container, ran.visit.container)
  next.done({ status: 'program_failed', detail: 'it threw', block: new Uint8Array(0) })
  const failed = bench.answered(again)
  if (failed.status === 'ok')
    t.deepEqual([failed.end, failed.detail], ['program_failed', 'it threw'])
  t.is(bench.kernel(two).visits.lent.size, 0)
  t.deepEqual(bank.problems, [])
})

test('[LO161] while it runs its container is not captured, and its letter not taken', async (t) => {
  const { bench, bank, box, ran } = await begun(52)
  const newest = () => bank.container('2 a0').intervals.history.newest!.interval
  const before = newest()
  for (const machine of bank.machines) bank.snapshot(machine)
  bank.run(3_000)
  t.is(newest(), before)
  t.is(bank.container('2 a0').letters!.waiting.length, 1)
  ran.done(ok())
  t.is(bench.answered(box).status, 'ok')
  for (const machine of bank.machines) bank.snapshot(machine)
  t.true(bank.until(() => newest() > before))
  t.is(bank.container('2 a0').letters!.waiting.length, 0)
})

test('[LO162] a thread that dies on lent pages takes the container back at its home, and the visit begins again there; the next has another guest', async (t) => {
  const { bench, bank, box, ran } = await begun(53)
  const before = bank.container('2 a0')
  bank.world(one).die(ran.port)
  const again = bench.next()
  t.not(bank.container('2 a0'), before)
  t.deepEqual([...again.visit.block], [1, 2, 3])
  again.done(ok(4))
  const told = bench.answered(box)
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 4])
  else t.fail(told.status)
  t.is(again.machine, two)
  bank.world(two).tick(2)
  t.true(bank.until(() => proxyCalls(bench).length === 2))
  const next = bench.invoke('1 a0', bench.farCap('1 a0'))
  const lent = bench.next()
  t.is(lent.machine, one)
  t.deepEqual(proxyCalls(bench), ['guest_begin', 'guest_end', 'guest_begin'])
  lent.done(ok())
  t.is(bench.answered(next).status, 'ok')
})

/** What the kernel of machine 1 has asked of its proxy. */
const proxyCalls = (bench: VisitsBench): string[] =>
  [...bench.bank.world(one).managers.values()].flatMap(({ calls }) =>
    calls.filter((each) => each.startsWith('guest')).map((each) => each.split(' ')[0]!),
  )

test('[LO161] the same visit offered again is the same while it runs, and none when it is over', async (t) => {
  const { bench, bank, box, ran } = await begun(60)
  const { visits, across } = bench.kernel(two)
  const [lent] = [...visits.lent.values()]
  const offer = (): string => {
    let status = ''
    across!.remote
      .to(one)
      .call(
        actorPorts.kernel,
        machineCalls.visitLend,
        { ...lent!.args, recovery: across!.recovery },
        (reply) => (status = reply.status),
      )
    bank.until(() => status !== '')
    return status
  }
  t.is(offer(), 'ok')
  bank.run(500)
  t.is(bench.begun, 1)
  ran.done(ok())
  t.is(bench.answered(box).status, 'ok')
  bank.run(500)
  t.is(offer(), 'not_supported')
  bank.run(500)
  t.is(bench.begun, 1)
})

test('[LO162] home dies amid a lent visit: what ran is nobody’s, and it begins again', async (t) => {
  const { bench, bank, box, ran } = await begun(54)
  bench.restart(two)
  const again = bench.next()
  t.deepEqual([...again.visit.block], [1, 2, 3])
  // The first would say that it is over, were it there still.
  ran.done(ok(1))
  bank.run(500)
  t.is(box.reply, null)
  again.done(ok(4))
  const told = bench.answered(box)
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 4])
  else t.fail(told.status)
  const guests = bench.kernel(one).guests.all()
  t.true(bank.until(() => guests.length === 1 && bench.kernel(one).guests.all().length <= 1))
})

test('[LO162] with the wire cut amid a lent visit it runs on, and is answered once when the wire is there', async (t) => {
  const { bench, bank, box, ran } = await begun(55)
  bank.wires.wires.partition([[one], [two]])
  bank.run(5_000)
  ran.done(ok(7))
  bank.run(5_000)
  t.is(box.reply, null)
  bank.wires.wires.healAll()
  const told = bench.answered(box)
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 7])
  else t.fail(told.status)
  t.is(bench.begun, 1)
})

for (const [pages, what] of [
  [0, 'stays'],
  [2, 'goes back'],
] as const)
  test(`[CH65] the machine of a guest is another life of itself: with ${pages} pages that it could have written the container ${what}`, async (t) => {
    const { bench, bank, box, ran } = await begun(56 + pages, pages, 3)
    ran.done(ok())
    t.is(bench.answered(box).status, 'ok')
    await bank.keep()
    const before = bank.container('2 a0')
    bench.restart(one)
    t.true(bank.until(() => bank.agrees && bench.kernel(one).phase === 'open'))
    bank.world(two).tick(2)
    const isLost = (): boolean => bank.world(two).manager!.calls.includes(lostCall(bench))
    t.true(bank.until(isLost))
    bank.run(1_000)
    t.is(bank.container('2 a0') === before, pages === 0)
    t.true(bank.agrees && bench.kernel(three).phase === 'open')
  })

const lostCall = (bench: VisitsBench): string =>
  `support_lost ${bench.bank.container('2 a0').token} 1`

test('[CH65] the proxy dies: its guests are over, home hears it, and the next visit has another', async (t) => {
  const { bench, bank, box, ran } = await begun(59)
  const { machine } = bank.world(one).kernel
  const proxy = machine.managers.all().find(({ program }) => program.name === 'proxy')!
  bank.world(one).die(proxy.port)
  const again = bench.next()
  t.true(bank.world(two).manager!.calls.includes(lostCall(bench)))
  t.is(machine.guests.all().length <= 1, true)
  again.done(ok(5))
  const told = bench.answered(box)
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 5])
  else t.fail(told.status)
  t.is(ran.machine, one)
})
