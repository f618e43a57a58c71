/** SI: lines that are kept, and an administrator who goes back to one. The kernel and the disk are real; a small manager keeps labels. */
import { actorPorts, managerDowncalls, refuse, type PortId } from '@katydid/abi'
import { ensureSlice } from '@katydid/kernel/container/slices.js'
import test from 'ava'
import { KernelWorld, type WorldOptions } from './support/kernel-world.js'

const token = 100

type Refusal = ReturnType<typeof refuse<'no_resource' | 'not_supported'>>

/** A world that keeps lines, with a container and a resting locus whose register 0 counts captures. */
async function counting(captures: number, options: WorldOptions = {}): Promise<KernelWorld> {
  const world = await KernelWorld.open({ keepLines: 3, ...options })
  const cont = await world.container('a')
  world.setState(await world.locus(cont, 'it'), 'resting')
  await count(world, 1, captures)
  return world
}

const locusOf = (world: KernelWorld): PortId => [...world.loci.keys()][0]!

async function count(world: KernelWorld, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) {
    world.setState(locusOf(world), 'resting')
    world.setRegister(locusOf(world), 0, BigInt(i))
    world.write(token)
    await world.call('world_snapshot', { durable: true, keep: false })
  }
}

const keptIn = (world: KernelWorld): number[] => world.kernel.machine.kept.names

const recordOf = ({ kernel }: KernelWorld, line: number) =>
  kernel.machine.kept.all.find(({ record }) => record.line === line)!.record

const labelAt = (world: KernelWorld, line: number): number =>
  recordOf(world, line).state.containers.find(({ name }) => name === 'a')!.label

/** What the manager was last told of kept snapshots. */
const lastTold = (world: KernelWorld): string =>
  world.manager!.calls.findLast((each) => each.startsWith('snapshots_kept'))!

const again = (world: KernelWorld): Promise<KernelWorld> =>
  KernelWorld.open({ earlier: world, keepLines: 3 })

test('[SI70] at most as many lines are kept as the world retains, the oldest goes first, and a restart finds the same', async (t) => {
  const world = await counting(6)
  const before = keptIn(world)

  const next = await again(world)

  t.deepEqual(before, [4, 5, 6])
  t.deepEqual(keptIn(next), before)
  t.is(next.boot?.damage, null)
  const lines = (await next.call('line_list', {}))['lines'] as { members: unknown[] }[]
  t.deepEqual(
    lines.map(({ members }) => members.length),
    [1, 1, 1],
  )
})

test('[SI70] with a time between them a line is kept when it has passed, and whenever a host asks', async (t) => {
  const world = await counting(4, { keepEveryMs: 1000 })
  const quick = keptIn(world)
  world.dateMs += 1000
  await count(world, 5, 6)
  const later = keptIn(world)
  world.write(token)
  await world.call('world_snapshot', { durable: true, keep: true })

  t.deepEqual(quick, [1])
  t.deepEqual(later, [1, 5])
  t.deepEqual(keptIn(world), [1, 5, 7])
})

test('[SI70] the log is trimmed however long a line is kept, as its record is written again; a start after the rollback finds it there', async (t) => {
  const world = await counting(2, { keepEveryMs: 1_000_000 })
  const positions = new Set<number>()
  for (let i = 3; i <= 130; i++) {
    await count(world, i, i)
    positions.add(world.kernel.machine.kept.all[0]!.after)
    if (i % 8 > 0) continue
    const looked = await again(world)
    t.is(looked.boot?.damage, null, `after ${i} captures`)
    t.deepEqual(keptIn(looked), [1], `after ${i} captures`)
  }
  const behind = world.kernel.machine.log.position - [...positions].at(-1)!

  const next = await again(world)
  const reply = await next.call('line_rollback', { line: 1, dry: false })
  next.run(200)
  const third = await again(next)
  third.run(200)

  t.true(positions.size > 2)
  t.true(behind < 80, `${behind} groups behind the end`)
  t.is(reply.status, 'ok', reply.detail)
  t.is(next.register(locusOf(next), 0), 1n)
  t.is(third.register(locusOf(third), 0), 1n)
  t.is(third.boot?.damage, null)
})

test('[SI71] the manager hears which snapshots belong to kept lines before any of them could be folded over, and before it goes back', async (t) => {
  const world = await counting(5)
  const labels = [3, 4, 5].map((line) => labelAt(world, line))
  const told = lastTold(world)
  const next = await again(world)
  const calls = next.manager!.calls
  const first = calls.findIndex((each) => each.startsWith('snapshots_kept'))

  t.is(told, `snapshots_kept ${labels.map((each) => `${token}:${each}`).join(' ')}`)
  t.is(lastTold(next), told)
  t.true(first >= 0 && first < calls.findIndex((each) => each.startsWith('cont_rollback')))
  for (const line of [3, 4, 5]) {
    const kept = world.manager!.calls.findIndex(
      (each) => each.startsWith('snapshots_kept') && each.includes(`:${labelAt(world, line)}`),
    )
    const counts = world.manager!.calls.indexOf(
      `snapshot_is_recoverable ${token} ${labelAt(world, line)}`,
    )
    t.true(kept >= 0 && kept < counts)
  }
})

test('[SI71] a manager that has no room has the oldest kept line given up; it is told when that is on the disk', async (t) => {
  const world = await counting(5)
  const oldest = labelAt(world, 3)

  const said = world.said(world.managerMessenger, managerDowncalls.lineRelease, {})
  world.run(200)
  const left = keptIn(world)
  const both = [4, 5].map(() => {
    const { status } = world.said(world.managerMessenger, managerDowncalls.lineRelease, {})
    world.run(200)
    return status
  })
  const none = world.said(world.managerMessenger, managerDowncalls.lineRelease, {})

  t.is(said.status, 'ok')
  t.deepEqual(left, [4, 5])
  t.false(lastTold(world).includes(`:${oldest} `))
  t.deepEqual([...both, none.status], ['ok', 'ok', 'no_resource'])
  t.true(world.of('log').some(({ text }) => text.startsWith('kept line 3 is given up')))
  t.deepEqual(keptIn(await again(world)), [])
})

test('[SI71] a line with a snapshot of a manager that keeps only one is not kept', async (t) => {
  const world = await KernelWorld.open({ keepLines: 3, behaviour: { keepsLines: false } })
  const cont = await world.container('a')
  world.setState(await world.locus(cont, 'it'), 'resting')
  await count(world, 1, 4)

  t.deepEqual(keptIn(world), [])
  t.is((await world.call('world_snapshot', { durable: true, keep: true })).status, 'ok')
})

test('[SI72] an administrator goes back to a kept line: registers, incarnation and intervals, now and at every later start', async (t) => {
  const first = await counting(5)
  // Each start has an incarnation of its own, which the kept line knows nothing of.
  const world = await again(await again(first))
  world.run(200)
  const { slot } = world.kernel.machine.containers.named('a')!
  const { region } = world.sim
  const incarnation = region.words.load(region.containerWord(slot, 'incarnation'))
  const open = world.kernel.machine.containers.interval(slot)
  const label = labelAt(world, 4)

  const reply = await world.call('line_rollback', { line: 4, dry: false })
  world.run(200)
  const register = world.register(locusOf(world), 0)
  const next = await again(world)
  next.run(200)
  const third = await again(next)
  third.run(200)

  t.is(reply.status, 'ok', reply.detail)
  t.is(register, 4n)
  t.true(world.manager!.calls.some((each) => each.startsWith(`cont_rollback ${token} ${label} `)))
  t.true(region.words.load(region.containerWord(slot, 'incarnation')) > incarnation)
  t.true(world.kernel.machine.containers.interval(slot) > open)
  for (const later of [next, third]) {
    t.is(later.boot?.recoveredCapture, 4)
    t.is(later.boot?.damage, null)
    t.is(later.register(locusOf(later), 0), 4n)
    t.deepEqual(keptIn(later), [3, 4])
    t.true(later.kernel.machine.containers.interval(slot) > open)
    const { words } = later.sim.region
    t.true(words.load(later.sim.region.containerWord(slot, 'incarnation')) > incarnation)
  }
  const [decision] = third.kernel.machine.decisions
  t.like(decision, { from: 5, to: 4 })
})

test('[SI72] what follows a rollback is captured and kept like anything else, and the void future does not come back', async (t) => {
  const world = await counting(5)
  await world.call('line_rollback', { line: 3, dry: false })
  world.run(200)
  await count(world, 30, 31)

  const next = await again(world)
  next.run(200)

  t.is(next.register(locusOf(next), 0), 31n)
  t.deepEqual(keptIn(next), [3, 6, 7])
  t.is((await next.call('line_rollback', { line: 3, dry: false })).status, 'ok')
  next.run(200)
  t.is(next.register(locusOf(next), 0), 3n)
})

test('[SI72] a container destroyed since is there again, in its slot, and what took the slot is gone', async (t) => {
  const world = await counting(1)
  const other = await world.container('b')
  await count(world, 2, 2)
  const { generation, slot } = world.kernel.machine.containers.named('b')!
  world.write(token + 1)
  await world.call('world_snapshot', { durable: true, keep: true })
  await world.call('container_destroy', { cont: other })
  await world.call('world_snapshot', { durable: true, keep: false })
  world.run(100)
  await world.container('c', 2 * 65536)
  await world.call('world_snapshot', { durable: true, keep: false })
  const taken = world.kernel.machine.containers.named('c')!
  ensureSlice(world.kernel.machine, taken, 0)
  const { region } = world.sim
  const directory = (): number => region.words.load(region.containerWord(slot, 'directory'))
  const ofTaken = directory()

  const foretold = await world.call('line_rollback', { line: 3, dry: true })
  const still = world.kernel.machine.containers.named('b')
  const reply = await world.call('line_rollback', { line: 3, dry: false })
  world.run(200)
  const back = world.kernel.machine.containers.named('b')
  const next = await again(world)

  t.is(taken.slot, slot)
  t.true(ofTaken > 0)
  t.is(directory(), 0, 'a page table of another size is left in the slot')
  t.is(still, null)
  t.is(reply.status, 'ok', reply.detail)
  t.deepEqual(
    (foretold['containers'] as { container: string; fate: string }[]).map(
      ({ container, fate }) => `${container} ${fate}`,
    ),
    ['a back', 'b returns', 'c vanishes'],
  )
  t.like(back, { slot, generation, size: 65536 })
  t.is(world.kernel.machine.containers.named('c'), null)
  t.like(next.kernel.machine.containers.named('b'), { slot, generation })
})

test('[SI72] a line that is not kept, and one of which a snapshot is missing, are refused by name, and nothing is changed', async (t) => {
  const world = await counting(5)
  const label = labelAt(world, 4)

  const unknown = await world.call('line_rollback', { line: 1, dry: false })
  world.stable.get(token)!.delete(label)
  const damaged = await world.call('line_rollback', { line: 4, dry: false })

  t.is(unknown.status, 'no_such_interval')
  t.regex(unknown.detail, /line 1 is not kept; those that are: 3, 4, 5/)
  t.is(damaged.status, 'damaged')
  t.regex(damaged.detail, new RegExp(`snapshot ${label} of “a” is not there`))
  t.is(world.register(locusOf(world), 0), 5n)
  t.is((await again(world)).boot?.recoveredCapture, 5)
})

test('[SI217] the oldest kept line stays while somebody is about to go back to it, however many are kept meanwhile, and leaves afterwards', async (t) => {
  const world = await counting(5)
  const { manager } = world
  manager!.heldAnswers = []
  const asked = world.kernel.call('line_rollback', { line: 3, dry: true })
  await count(world, 6, 8)
  const meanwhile = keptIn(world)

  for (const answer of manager!.heldAnswers.splice(0)) answer()
  manager!.heldAnswers = null
  const told = await world.settle(asked)
  await count(world, 9, 9)

  t.deepEqual(meanwhile, [3, 6, 7, 8])
  t.is(told.status, 'ok', told.detail)
  t.deepEqual(keptIn(world), [7, 8, 9])
})

test('[SI217] a line that is given up for want of room while somebody is about to go back to it is not called damaged', async (t) => {
  const world = await counting(5)
  const { manager } = world
  manager!.heldAnswers = []
  const label = labelAt(world, 3)
  const asked = world.kernel.call('line_rollback', { line: 3, dry: false })
  world.run(10)
  world.said(world.managerMessenger, managerDowncalls.lineRelease, {})
  world.run(200)
  world.stable.get(token)!.delete(label)

  for (const answer of manager!.heldAnswers.splice(0)) answer()
  manager!.heldAnswers = null
  const told = await world.settle(asked)
  const then = await world.call('line_rollback', { line: 3, dry: false })

  t.is(told.status, 'frozen')
  t.is(then.status, 'no_such_interval')
  t.deepEqual(keptIn(world), [4, 5])
})

test('[SI72] a manager that dies while the world goes back does not keep it from getting there', async (t) => {
  for (const steps of [5, 20, 40, 60]) {
    const world = await counting(5)
    const reply = world.kernel.call('line_rollback', { line: 4, dry: false })
    for (let step = 0; step < steps; step++) world.sim.step()
    if (world.manager !== null) world.die(actorPorts.firstManager, 'core', 'a bug')

    const { status, detail } = await world.settle(reply)
    world.run(500)

    t.is(status, 'ok', `${steps}: ${detail}`)
    t.is(world.register(locusOf(world), 0), 4n, `${steps} steps`)
  }
})

/** Lets the manager say something of kept snapshots as soon as an administrator has begun to go back to the line; what he is told. */
async function goBackAndSay(world: KernelWorld, line: number, answer: Refusal) {
  world.manager!.thinksOfKept = true
  await count(world, 6, 6)
  const reply = world.kernel.call('line_rollback', { line, dry: false })
  while (world.kernel.machine.kept.target === null) {
    world.sim.step()
    await Promise.resolve()
  }
  world.manager!.thinksOfKept = false
  world.manager!.answerKept(answer)
  const said = await world.settle(reply)
  world.run(200)
  return said
}

test('[SI220] a manager that has no room for kept snapshots does not get the line given up that the world goes back to', async (t) => {
  const world = await counting(5)

  const { status, detail } = await goBackAndSay(world, 4, refuse('no_resource', 'no room'))
  const next = await again(world)

  t.is(status, 'ok', detail)
  t.is(world.register(locusOf(world), 0), 4n)
  t.false(world.of('log').some(({ text }) => text.startsWith('kept line 4 is given up')))
  t.deepEqual(keptIn(next), [4])
})

test('[SI220] a manager that turns out to keep nothing has the line leave that the world went back to, when it is there', async (t) => {
  const world = await counting(5)

  const { status, detail } = await goBackAndSay(world, 5, refuse('not_supported', 'one each'))
  world.write(token)
  await world.call('world_snapshot', { durable: true, keep: false })
  const next = await again(world)

  t.is(status, 'ok', detail)
  t.is(world.register(locusOf(world), 0), 5n)
  t.deepEqual(keptIn(next), [])
})

test('[SI220] the line that the world goes back to leaves in no way before the world is there', async (t) => {
  const { kept } = (await counting(5)).kernel.machine
  const [oldest] = kept.all
  kept.goBackTo(oldest!)

  kept.keepNewest(1)
  const leaving = kept.all.map(({ isLeaving }) => isLeaving)
  kept.leave(() => true)
  const left = kept.all.map(({ isLeaving }) => isLeaving)
  kept.settle([])
  const stayed = kept.all.map(({ record }) => record.line)
  const given = kept.leaveOldest()
  kept.arrive()

  t.deepEqual(leaving, [false, true, false])
  t.deepEqual(left, [false, true, true])
  t.deepEqual(stayed, [3])
  t.is(given, null)
  t.is(kept.leaveOldest(), oldest!)
})

test('[SI72] released output is named: what was told of loci, of durable answers and of captures since', async (t) => {
  const world = await counting(4)
  await world.endLocus(locusOf(world))
  world.write(token)
  await world.call('world_snapshot', { durable: true, keep: false })
  world.run(100)

  const reply = await world.call('line_rollback', { line: 4, dry: true })
  const same = await world.call('line_rollback', { line: 5, dry: true })

  t.deepEqual(reply['released'], [
    { kind: 'result', detail: 'locus “it” has ended (ok), and that was told as recoverable' },
    { kind: 'epoch', detail: 'captures 5 were told as recoverable' },
  ])
  t.deepEqual(reply['loci'], [{ name: 'it', container: 'a', fate: 'returns' }])
  t.deepEqual(same['released'], [])
})

test('[SI73] a rollback is visible: from which interval to which and why, in the event, the status and the trace', async (t) => {
  const world = await counting(5)
  const { slot } = world.kernel.machine.containers.named('a')!
  const open = world.kernel.machine.containers.interval(slot)
  const to = recordOf(world, 4).state.containers[0]!.interval
  await world.call('line_rollback', { line: 4, dry: false })
  world.run(200)

  const because = 'an administrator took the world back to line 4'
  const moved = [{ container: 'a', from: open, to, because }]
  t.deepEqual(world.of('rollback').at(-1)?.moved, moved)
  const { report } = (await world.call('world_status', {})) as unknown as {
    report: { rollbacks: { reason: string; moved: object[] }[]; decisions: object[] }
  }
  t.is(report.rollbacks.at(-1)?.reason, because)
  t.like(report.rollbacks.at(-1)?.moved[0] ?? {}, { container: 'a', from: open, to, because })
  t.like(report.decisions[0], { from: 5, to: 4 })
  t.deepEqual(world.traced, [
    ['rollback', slot, to],
    ['rollback_from', slot, open],
  ])
})
