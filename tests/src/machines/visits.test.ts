/** LO: a container of another machine is invoked by letters; its program runs there, once, whatever is lost. */
import { rights } from '@katydid/abi'
import test from 'ava'
import { ok, one, three, two, VisitsBench } from './visits-bench.js'

const block = Uint8Array.of(1, 2, 3)

test('[LO140] an invocation of a container of another machine runs there with a copy of the block, and its answer comes back', async (t) => {
  const bench = await VisitsBench.open(41)
  const cap = await bench.give('2 a0', '1 a0')
  const box = bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  t.is(ran.machine, two)
  t.deepEqual([...ran.visit.block], [1, 2, 3])
  t.is(ran.visit.container, bench.bank.container('2 a0').slot)
  t.is(box.reply, null)
  ran.done(ok(9))
  const told = bench.answered(box)
  t.is(told.status, 'ok')
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 9])
  // The same thread takes the next.
  const again = bench.invoke('1 a0', cap)
  const next = bench.next()
  t.is(next.port, ran.port)
  next.done({ status: 'program_failed', detail: 'it threw', block: new Uint8Array(0) })
  const failed = bench.answered(again)
  if (failed.status === 'ok') t.deepEqual([failed.end, failed.detail], ['program_failed', 'it threw'])
  t.deepEqual(bench.bank.problems, [])
})

test('[LO141] while it runs neither container is captured; afterwards both hold that it was, and depend on each other', async (t) => {
  const bench = await VisitsBench.open(42)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  const points = () => ['1 a0', '2 a0'].map((unit) => bank.container(unit).intervals.history.newest!.interval)
  const box = bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  const before = points()
  for (const machine of bank.machines) bank.snapshot(machine)
  bank.run(3_000)
  t.deepEqual(points(), before)
  ran.done(ok())
  t.is(bench.answered(box).status, 'ok')
  for (const machine of bank.machines) bank.snapshot(machine)
  t.true(bank.until(() => points().every((each, nth) => each > before[nth]!)))
  const units = ['1 a0', '2 a0'].map((unit) => bank.container(unit))
  const received = units.map(({ intervals: { history } }) => [...history.newest!.dependencies.keys()])
  t.deepEqual(received, [[2 * 2 ** 32 + units[1]!.slot], [2 ** 32 + units[0]!.slot]])
  t.deepEqual(units.map(({ letters }) => letters!.waiting.length), [0, 0])
})

test('[LO142] rights are checked where the container lives, at each use: what was destroyed, derived and taken back says so', async (t) => {
  const bench = await VisitsBench.open(43)
  const { bank } = bench
  const root = await bench.cap(two, 'a0')
  const derived = await bench.host(two, 'cap_derive', { cap: root, rights: rights.invoke | rights.copy })
  const given = await bench.host(two, 'cap_give', {
    cap: derived['cap'],
    machine: one,
    to: await bench.cap(one, 'a0'),
    rights: rights.invoke | rights.copy,
  })
  const cap = given['cap'] as never
  const first = bench.invoke('1 a0', cap)
  bench.next().done(ok())
  t.is(bench.answered(first).status, 'ok')
  // While one is under way the group is destroyed: that one is carried out, the next is not.
  const under = bench.invoke('1 a0', cap)
  const ran = bench.next()
  t.is((await bench.host(two, 'group_destroy', { group: derived['group'] })).status, 'ok')
  ran.done(ok(5))
  const finished = bench.answered(under)
  t.is(finished.status === 'ok' ? finished.end : finished.status, 'ok')
  const dead = bench.answered(bench.invoke('1 a0', cap))
  t.is(dead.status === 'ok' ? dead.end : dead.status, 'entity_gone')
  // Made up, and without the right.
  t.is(bench.answered(bench.invoke('1 a0', 0x80012345 as never)).status, 'invalid_capref')
  const weak = await bench.give('2 a0', '1 a0', rights.read | rights.copy)
  t.is(bench.answered(bench.invoke('1 a0', weak)).status, 'right_missing')
  t.is(bench.begun, 2)
  t.deepEqual(bank.problems.filter((each) => !each.startsWith('I16')), [])
})

test('[LO143] a container that was destroyed at home is gone everywhere, and what was sent to it leaves the log', async (t) => {
  const bench = await VisitsBench.open(44)
  const made = await bench.host(two, 'container_create', { size: 65536, name: 'short' })
  const given = await bench.host(two, 'cap_give', {
    cap: made['cont'],
    machine: one,
    to: await bench.cap(one, 'a0'),
    rights: rights.invoke,
  })
  const cap = given['cap'] as never
  const unmanaged = bench.answered(bench.invoke('1 a0', cap))
  t.is(unmanaged.status, 'no_manager')
  t.is((await bench.host(two, 'manage_request', { cont: made['cont'], manager: '' }))['success'], true)
  const pointless = bench.answered(bench.invoke('1 a0', cap))
  t.is(pointless.status === 'ok' ? pointless.end : pointless.status, 'no_invocation_point')
  t.is((await bench.host(two, 'container_destroy', { cont: made['cont'] })).status, 'ok')
  const gone = bench.answered(bench.invoke('1 a0', cap))
  t.is(gone.status === 'ok' ? gone.end : gone.status, 'entity_gone')
  for (const machine of bench.bank.machines) bench.bank.snapshot(machine)
  bench.bank.run(5_000)
  for (const machine of bench.bank.machines) bench.bank.snapshot(machine)
  bench.bank.run(5_000)
  t.deepEqual(bench.bank.container('1 a0').letters!.log.map(({ unit }) => unit), [])
})

test('[LO144] its manager is asked once, with the invoker’s interval and the block; it may refuse, and what kernels cannot do is said', async (t) => {
  const bench = await VisitsBench.open(45)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  await bench.keep()
  const asked = (): string[] =>
    bank.world(two).manager!.calls.filter((each) => each.startsWith('invoke_no_support'))
  const interval = bench.kernel(one).containers.interval(bank.container('1 a0').slot)
  for (let nth = 0; nth < 2; nth++) {
    const box = bench.invoke('1 a0', cap, block)
    bench.next().done(ok())
    t.is(bench.answered(box).status, 'ok')
  }
  t.deepEqual(asked(), [`invoke_no_support 1 ${interval} 3`])
  const status = async (elsewhere: object): Promise<string> => {
    bank.world(two).behaviour.elsewhere = elsewhere as never
    // What was said holds until a recovery.
    bank.killLocus('2 a0')
    t.true(bank.until(() => bank.agrees && bank.container('2 a0') !== null))
    bank.run(500)
    return bench.answered(bench.invoke('1 a0', bench.farCap('1 a0'))).status
  }
  t.is(await status({ decision: 'refuse' }), 'access_denied')
  t.is(await status({ decision: 'local_support' }), 'not_supported')
  t.is(await status({ decision: 'migrate_to', machine: 1 }), 'not_supported')
  t.is(await status({ decision: 'migrate_to', machine: 77 }), 'manager_failed')
})

test('[LO145] with the wire cut the invoker hears unreachable by its deadline; the answer that comes later is nobody’s', async (t) => {
  const bench = await VisitsBench.open(46)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  const first = bench.invoke('1 a0', cap)
  const ran = bench.next()
  bank.wires.wires.partition([[one], [two]])
  const startMs = bank.network.clock.nowMs()
  ran.done(ok())
  t.is(bench.answered(first).status, 'unreachable')
  t.true(bank.network.clock.nowMs() - startMs < 61_000)
  const short = bench.invoke('1 a0', cap, block, 500)
  const fromMs = bank.network.clock.nowMs()
  t.is(bench.answered(short).status, 'unreachable')
  t.true(bank.network.clock.nowMs() - fromMs < 1_500)
  bank.wires.wires.healAll()
  t.true(bank.until(() => bench.kernel(one).across!.isPresent(two)))
  // It hears its own answer, not that of the call before.
  const next = bench.invoke('1 a0', cap, Uint8Array.of(7))
  const nextRun = bench.next()
  t.deepEqual([...nextRun.visit.block], [7])
  nextRun.done(ok(8))
  const told = bench.answered(next)
  t.is(told.status, 'ok')
  if (told.status === 'ok') t.deepEqual([...told.block], [8])
  t.is(bank.container('1 a0').letters!.waiting.length, 0)
})

test('[LO146] a thread that dies takes the container back to before the letter, and the invocation is run again; again and again, and it ends', async (t) => {
  const bench = await VisitsBench.open(47)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  await bench.keep()
  const box = bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  bank.world(two).die(ran.port)
  const again = bench.next()
  t.deepEqual([...again.visit.block], [1, 2, 3])
  again.done(ok(4))
  const told = bench.answered(box)
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 4])
  else t.fail(told.status)
  await bench.keep()
  const bad = bench.invoke('1 a0', cap, block)
  for (let nth = 0; nth < 6; nth++) {
    const each = bench.next()
    bank.world(two).die(each.port)
  }
  const lost = bench.answered(bad)
  t.is(lost.status === 'ok' ? lost.end : lost.status, 'locus_lost')
  t.is(bench.running.length, 0)
})

test('[LO147] a machine that is killed while it runs an invocation runs it again from the letter', async (t) => {
  const bench = await VisitsBench.open(48)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  await bench.keep()
  bank.run(1_000)
  const box = bench.invoke('1 a0', cap, block)
  bench.next()
  bench.restart(two)
  const again = bench.next()
  t.is(again.machine, two)
  again.done(ok(6))
  const told = bench.answered(box)
  t.is(told.status === 'ok' ? told.end : told.status, 'ok')
})

test('[LO148] what an invoker’s end undoes was never invoked: the container goes back, and its thread ends', async (t) => {
  const bench = await VisitsBench.open(49)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  await bench.keep()
  bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  const { interval } = { interval: bench.kernel(two).containers.interval(bank.container('2 a0').slot) }
  bank.killLocus('1 a0')
  t.true(bank.until(() => bank.agrees))
  t.false(bank.world(two).loci.has(ran.port))
  t.true(bench.kernel(two).containers.interval(bank.container('2 a0').slot) > interval)
  t.is(bank.container('2 a0').letters?.waiting.length ?? 0, 0)
  t.is(bench.running.length, 0)
})

test('[LO149] invocations nest over machines, and come back into where they began', async (t) => {
  const bench = await VisitsBench.open(50, { machines: 3 })
  const { bank } = bench
  const toTwo = await bench.give('2 a0', '1 a0')
  const toThree = await bench.give('3 a0', '2 a0')
  const home = await bench.give('1 a0', '3 a0')
  const outer = bench.invoke('1 a0', toTwo, Uint8Array.of(1))
  const inTwo = bench.next()
  // A capture that is wanted meanwhile does not keep it out.
  for (const machine of bank.machines) bank.snapshot(machine)
  bank.run(100)
  const second = bench.invokeFrom(two, inTwo.port, toThree, Uint8Array.of(2))
  const inThree = bench.next()
  t.is(inThree.machine, three)
  const third = bench.invokeFrom(three, inThree.port, home, Uint8Array.of(3))
  const inOne = bench.next()
  t.is(inOne.machine, one)
  t.is(inOne.visit.container, bank.container('1 a0').slot)
  inOne.done(ok(30))
  t.is(bench.answered(third).status, 'ok')
  inThree.done(ok(20))
  t.is(bench.answered(second).status, 'ok')
  inTwo.done(ok(10))
  const told = bench.answered(outer)
  if (told.status === 'ok') t.deepEqual([...told.block], [10])
  else t.fail(told.status)
  t.true(bank.until(() => bank.isRecoverable()))
})

test('[CP45] a program hands a capability to a container of another machine by a letter, and its name there is the answer', async (t) => {
  const bench = await VisitsBench.open(51)
  const toTwo = await bench.give('2 a0', '1 a0')
  // One's own container, which the other has no capability for.
  const own = await bench.host(one, 'cap_copy', {
    cap: await bench.cap(one, 'a0'),
    to: await bench.cap(one, 'a0'),
    rights: 255,
  })
  const box = bench.copy('1 a0', own['cap'] as never, toTwo)
  t.true(bench.bank.until(() => box.reply !== null))
  t.is(box.reply!.status, 'ok')
  t.is(box.reply!.status === 'ok' ? box.reply!.cap : 0, bench.farCap('2 a0'))
  const back = bench.invoke('2 a0', bench.farCap('2 a0'), block)
  const ran = bench.next()
  t.is(ran.machine, one)
  ran.done(ok())
  t.is(bench.answered(back).status, 'ok')
  // Not without the right to write there.
  const weak = await bench.give('2 a0', '1 a0', rights.invoke)
  const refused = bench.copy('1 a0', own['cap'] as never, weak)
  t.true(bench.bank.until(() => refused.reply !== null))
  t.is(refused.reply!.status, 'right_missing')
})
