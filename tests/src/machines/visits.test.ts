/** LO: a container of another machine is invoked by letters; its program runs there, once, whatever is lost. */
import { actorPorts, asPort, containerGates, rights } from '@katydid/abi'
import test, { type ExecutionContext } from 'ava'
import { program } from '../kernel/support/kernel-world.js'
import { ok, one, three, two, VisitsBench } from './visits-bench.js'

const block = Uint8Array.of(1, 2, 3)

/** What was invoked is begun within half a minute, once, and its answer is heard. */
function runsOnce(
  t: ExecutionContext,
  bench: VisitsBench,
  box: ReturnType<VisitsBench['invoke']>,
  when: string,
): boolean {
  const isRun = bench.bank.until(() => bench.running.length > 0, 30_000)
  t.true(isRun, `${when}: ${JSON.stringify(box.reply)}`)
  if (!isRun) return false
  bench.next().done(ok(6))
  const told = bench.answered(box)
  t.is(told.status === 'ok' ? told.end : told.status, 'ok', when)
  t.is(bench.begun, 1)
  return true
}

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
  if (failed.status === 'ok')
    t.deepEqual([failed.end, failed.detail], ['program_failed', 'it threw'])
  t.deepEqual(bench.bank.problems, [])
})

test('[LO141] while it runs neither container is captured; afterwards both hold that it was, and depend on each other', async (t) => {
  const bench = await VisitsBench.open(42)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  const points = () =>
    ['1 a0', '2 a0'].map((unit) => bank.container(unit).intervals.history.newest!.interval)
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
  const received = units.map(({ intervals: { history } }) => [
    ...history.newest!.dependencies.keys(),
  ])
  t.deepEqual(received, [[2 * 2 ** 32 + units[1]!.slot], [2 ** 32 + units[0]!.slot]])
  t.deepEqual(
    units.map(({ letters }) => letters!.waiting.length),
    [0, 0],
  )
})

test('[LO142] rights are checked where the container lives, at each use: what was destroyed, derived and taken back says so', async (t) => {
  const bench = await VisitsBench.open(43)
  const { bank } = bench
  const root = await bench.cap(two, 'a0')
  const derived = await bench.host(two, 'cap_derive', {
    cap: root,
    rights: rights.invoke | rights.copy,
  })
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
  t.deepEqual(
    bank.problems.filter((each) => !each.startsWith('I16')),
    [],
  )
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
  t.is(
    (await bench.host(two, 'manage_request', { cont: made['cont'], manager: '' }))['success'],
    true,
  )
  const pointless = bench.answered(bench.invoke('1 a0', cap))
  t.is(pointless.status === 'ok' ? pointless.end : pointless.status, 'no_invocation_point')
  t.is((await bench.host(two, 'container_destroy', { cont: made['cont'] })).status, 'ok')
  const gone = bench.answered(bench.invoke('1 a0', cap))
  t.is(gone.status === 'ok' ? gone.end : gone.status, 'entity_gone')
  for (const machine of bench.bank.machines) bench.bank.snapshot(machine)
  bench.bank.run(5_000)
  for (const machine of bench.bank.machines) bench.bank.snapshot(machine)
  bench.bank.run(5_000)
  t.deepEqual(
    bench.bank.container('1 a0').letters!.log.map(({ unit }) => unit),
    [],
  )
})

test('[LO144] its manager is asked once, with the invoker’s interval and the block; it may refuse; what cannot be lent runs at home, and what kernels cannot do is said', async (t) => {
  const bench = await VisitsBench.open(45)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  await bench.bank.keep()
  const asked = (): string[] =>
    bank.world(two).manager!.calls.filter((each) => each.startsWith('invoke_no_support'))
  const interval = bench.kernel(one).containers.interval(bank.container('1 a0').slot)
  for (let nth = 0; nth < 2; nth++) {
    const box = bench.invoke('1 a0', cap, block)
    bench.next().done(ok())
    t.is(bench.answered(box).status, 'ok')
  }
  t.deepEqual(asked(), [`invoke_no_support 1 ${interval} 3`])
  const status = async (elsewhere: object, runs = false): Promise<string> => {
    bank.world(two).behaviour.elsewhere = elsewhere as never
    // What was said holds until a recovery.
    bank.killLocus('2 a0')
    t.true(bank.until(() => bank.agrees && bank.container('2 a0') !== null))
    bank.run(500)
    const box = bench.invoke('1 a0', bench.farCap('1 a0'))
    if (runs) bench.next().done(ok())
    return bench.answered(box).status
  }
  t.is(await status({ decision: 'refuse' }), 'access_denied')
  t.is(await status({ decision: 'local_support' }, true), 'ok')
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
  await bench.bank.keep()
  const box = bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  bank.world(two).die(ran.port)
  const again = bench.next()
  t.deepEqual([...again.visit.block], [1, 2, 3])
  again.done(ok(4))
  const told = bench.answered(box)
  if (told.status === 'ok') t.deepEqual([told.end, ...told.block], ['ok', 4])
  else t.fail(told.status)
  await bench.bank.keep()
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
  await bench.bank.keep()
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

test('[LO147] what returns on a machine that has failed is not answered, and runs again in its next life', async (t) => {
  const bench = await VisitsBench.open(53)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  await bench.bank.keep()
  const box = bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  bench.kernel(two).fail('disk_failed', 'the test has broken its disk')
  ran.done(ok(5))
  bank.run(1_000)
  t.is(box.reply, null)
  bench.restart(two)
  bench.next().done(ok(6))
  const told = bench.answered(box)
  t.deepEqual(told.status === 'ok' ? [told.end, ...told.block] : told.status, ['ok', 6])
  t.deepEqual(bank.problems, [])
})

test('[LO153] an invocation that is begun as a part of its machine goes back waits for that, and runs once', async (t) => {
  let during = 0
  for (let steps = 0; steps < 60; steps++) {
    const bench = await VisitsBench.open(54, { accounts: 2, machines: 4 })
    const { bank } = bench
    const cap = await bench.give('2 a0', '1 a0')
    await bank.keep()
    const box = bench.invoke('1 a0', cap, block)
    for (let step = 0; step < steps; step++) bank.step()
    if (bench.begun === 0) during++
    bank.killLocus('1 a1')
    if (!runsOnce(t, bench, box, `after ${steps} steps`)) return
  }
  t.true(during > 10)
})

test('[LO154] an invocation whose manager dies as it is asked what is to be done is asked about again, and runs once', async (t) => {
  let over = 0
  for (let steps = 0; steps < 60; steps++) {
    const bench = await VisitsBench.open(55)
    const { bank } = bench
    const home = bank.world(two)
    const cap = await bench.give('2 a0', '1 a0')
    await bank.keep()
    const box = bench.invoke('1 a0', cap, block)
    for (let step = 0; step < steps; step++) bank.step()
    // The question was answered.
    if (bench.kernel(one).farCalls.supports.size > 0) break
    const [port] = home.managers.keys()
    const first = home.manager!
    if (home.manager!.calls.some((each) => each.startsWith('invoke_no_support'))) over++
    home.die(port!)
    if (!runsOnce(t, bench, box, `after ${steps} steps`)) return
    t.not(home.manager, first)
  }
  t.true(over > 0)
})

test('[LO148] what an invoker’s end undoes was never invoked: the container goes back, and its thread ends', async (t) => {
  const bench = await VisitsBench.open(49)
  const { bank } = bench
  const cap = await bench.give('2 a0', '1 a0')
  await bench.bank.keep()
  bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  const { interval } = {
    interval: bench.kernel(two).containers.interval(bank.container('2 a0').slot),
  }
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
  const second = bench.invokeOn(inTwo, toThree, Uint8Array.of(2))
  const inThree = bench.next()
  t.is(inThree.machine, three)
  const { region } = bench.kernel(one)
  const gate = region.containerWord(bank.container('1 a0').slot, 'gate')
  t.is(region.words.load(gate), containerGates.shut)
  const askedMs = bank.network.clock.nowMs()
  const third = bench.invokeOn(inThree, home, Uint8Array.of(3))
  const inOne = bench.next()
  t.true(bank.network.clock.nowMs() - askedMs < 500)
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

test('[LO150] threads that run them serve one after the other, several at once, are nobody’s loci, and end when nothing comes', async (t) => {
  const bench = await VisitsBench.open(52, { accounts: 2 })
  const { bank } = bench
  const caps = [await bench.give('2 a0', '1 a0'), await bench.give('2 a0', '1 a1')]
  const boxes = ['1 a0', '1 a1'].map((unit, nth) => bench.invoke(unit, caps[nth]!, block))
  const ran = [bench.next(), bench.next()]
  t.not(ran[0]!.port, ran[1]!.port)
  const machine = bench.kernel(two)
  t.is(machine.visits.visitors.size, 2)
  t.deepEqual(
    machine.loci.all().map(({ name }) => name),
    ['in a0', 'in a1'],
  )
  for (const each of ran) each.done(ok())
  for (const each of boxes) t.is(bench.answered(each).status, 'ok')
  const again = bench.invoke('1 a0', caps[0]!)
  const next = bench.next()
  t.true(ran.some(({ port }) => port === next.port))
  await bench.host(two, 'world_snapshot', { durable: false })
  next.done(ok())
  t.is(bench.answered(again).status, 'ok')
  bank.run(2_000)
  t.is(machine.visits.visitors.size, 0)
  t.is(machine.loci.threads().length, 2)
  await bench.bank.keep()
  const records = machine.containers
    .live()
    .map(({ intervals: { history } }) => history.newest?.capture.record)
  t.true(
    records.every((record) => record?.containers.every(({ loci }) => loci.length < 2) !== false),
  )
})

test('[LO151] a letter of another machine is no visit: nothing is logged of either container before its next capture', async (t) => {
  const bench = await VisitsBench.open(53)
  const cap = await bench.give('2 a0', '1 a0')
  const gaps = (): (string | null)[] =>
    ['1 a0', '2 a0'].map((unit) => bench.bank.container(unit).intervals.history.gap)
  await bench.bank.keep()
  t.deepEqual(gaps(), [null, null])
  const box = bench.invoke('1 a0', cap, block)
  const ran = bench.next()
  t.true(gaps().every((gap) => gap !== null))
  ran.done(ok())
  t.is(bench.answered(box).status, 'ok')
  await bench.bank.keep()
  t.deepEqual(gaps(), [null, null])
})

test('[LO143] a container whose manager was given up is kept, and says manager_failed', async (t) => {
  const bench = await VisitsBench.open(54, { world: { others: [{ name: 'weak' }] } })
  const { bank } = bench
  const weak = asPort(actorPorts.firstManager + 1)
  const world = bank.world(two)
  const made = await bench.host(two, 'container_create', { size: 65536, name: 'frail' })
  await bench.host(two, 'manage_request', { cont: made['cont'], manager: 'weak' })
  await bench.host(two, 'set_invocation_point', { cont: made['cont'], program })
  const given = await bench.host(two, 'cap_give', {
    cap: made['cont'],
    machine: one,
    to: await bench.cap(one, 'a0'),
    rights: rights.invoke,
  })
  const cap = given['cap'] as never
  const first = bench.invoke('1 a0', cap)
  bench.next().done(ok())
  t.is(bench.answered(first).status, 'ok')
  await bench.bank.keep()
  for (let nth = 0; nth < 6; nth++) {
    t.true(bank.until(() => bank.agrees && world.managers.has(weak)))
    world.die(weak)
    world.managers.delete(weak)
    bank.run(500)
  }
  t.true(bank.until(() => bank.agrees && world.of('manager_given_up').length === 1))
  const told = bench.answered(bench.invoke('1 a0', cap))
  t.is(told.status, 'manager_failed')
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
  // Nor when it was taken back there: here it still looks good.
  const root = await bench.cap(two, 'a0')
  const derived = await bench.host(two, 'cap_derive', { cap: root, rights: 255 })
  const given = await bench.host(two, 'cap_give', {
    cap: derived['cap'],
    machine: one,
    to: await bench.cap(one, 'a0'),
    rights: 255,
  })
  await bench.host(two, 'group_destroy', { group: derived['group'] })
  const late = bench.copy('1 a0', own['cap'] as never, given['cap'] as never)
  t.true(bench.bank.until(() => late.reply !== null))
  t.is(late.reply!.status, 'entity_gone')
})
