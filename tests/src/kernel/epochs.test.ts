/** SI: epochs: containers captured each by itself, what they depend on, and what a crash makes of it. Real kernel, simulated threads. */
import {
  maxActors,
  actorPorts,
  containerCalls,
  containerGates,
  hereCapref,
  locusOfPort,
  rights,
  type Capref,
  type ContainerSlot,
  type PortId,
} from '@katydid/abi'
import type { Container } from '@katydid/kernel/container/container.js'
import type { CaptureOutcome } from '@katydid/kernel/state-interval/capture-table.js'
import { requestCapture } from '@katydid/kernel/state-interval/capture.js'
import type { History } from '@katydid/kernel/state-interval/history.js'
import { Attachment, Lcd, receive, stampOf } from '@katydid/memory'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

interface Home {
  readonly cont: Capref
  readonly port: PortId
}

const found = (world: KernelWorld, name: string): Container =>
  world.kernel.machine.containers.named(name)!
const historyOf = (world: KernelWorld, name: string): History =>
  found(world, name).intervals.history
const slotOf = (world: KernelWorld, name: string): ContainerSlot => found(world, name).slot
const word = (world: KernelWorld, name: string, field: 'gate' | 'epoch' | 'mixed'): number =>
  world.sim.region.words.load(world.sim.region.containerWord(slotOf(world, name), field))

/** A container with a locus in it that runs. */
async function home(world: KernelWorld, name: string): Promise<Home> {
  const cont = await world.container(name)
  return { cont, port: await world.locus(cont, `in ${name}`) }
}

/** What the locus has done so far is in its register 0. */
function work(world: KernelWorld, { port }: Home, done: bigint): void {
  world.setRegister(port, 0, done)
}

/** The register of the locus of that container in a world that came after. */
function workIn(world: KernelWorld, name: string): bigint {
  const locus = world.kernel.machine.loci.named(`in ${name}`)!
  return world.register(
    [...world.loci.keys()].find((port) => port === portOf(locus.slot!))!,
    0,
  )
}
const portOf = (slot: number): PortId => (slot + maxActors) as PortId

test('[SI22] what does not come to rest is left out and named; everybody else is captured in the same epoch and goes on at once', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  for (const each of [a, b]) work(world, each, 1n)
  world.setState(a.port, 'resting')

  const answer = world.kernel.call('world_snapshot', { durable: true })
  world.run(500)
  const gates = [word(world, 'a', 'gate'), word(world, 'b', 'gate')]
  const of = await world.settle(answer)

  t.deepEqual(gates, [containerGates.open, containerGates.shut])
  t.is(of.status, 'busy')
  t.regex(of.detail, /in b did not come to rest/)
  t.is(word(world, 'b', 'gate'), containerGates.open)
  t.true(historyOf(world, 'a').base !== null && historyOf(world, 'b').newest === null)
  // Messages of that epoch need not wait for a capture that was given up.
  t.deepEqual([word(world, 'a', 'epoch'), word(world, 'b', 'mixed')], [1, 1])
})

test('[SI28] a restart finds each container at its own newest point that needs nothing of what is lost', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  for (const each of [a, b]) world.setState(each.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  for (const each of [a, b]) work(world, each, 7n)
  world.setState(b.port, 'running')
  await world.call('world_snapshot', { durable: true })

  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.deepEqual([workIn(next, 'a'), workIn(next, 'b')], [7n, 0n])
  t.is(next.boot?.recoveredCapture, 1)
})

test('[SI23] a call of a locus on another container is a message with an answer: neither counts without the other', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  for (const each of [a, b]) world.setState(each.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const copied = await world.call('cap_copy', { cap: b.cont, to: a.cont, rights: 255 })
  const cap = copied['cap'] as Capref
  world.said(world.loci.get(a.port)!, containerCalls.removeInvocationPoint, { cont: cap })
  work(world, a, 7n)
  world.setState(b.port, 'running')

  await world.call('world_snapshot', { durable: false })
  world.run(500)
  const [alone] = historyOf(world, 'a').newer
  const lone = await KernelWorld.open({ earlier: world })
  lone.run(100)
  const before = [workIn(lone, 'a'), found(lone, 'b').program === null]
  world.setState(b.port, 'resting')
  const both = await world.call('world_snapshot', { durable: true })
  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.deepEqual([...alone!.dependencies.keys()], [slotOf(world, 'b')])
  t.true(alone!.fed)
  t.deepEqual(before, [0n, false])
  t.is(both.status, 'ok')
  t.deepEqual([workIn(next, 'a'), found(next, 'b').program === null], [7n, true])
})

test('[SI23] what was received of a container that has ended is met by its end, also after a restart', async (t) => {
  const world = await KernelWorld.open()
  const a = await home(world, 'a')
  const b = await world.container('b')
  world.setState(a.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const copied = await world.call('cap_copy', { cap: b, to: a.cont, rights: 255 })
  const cap = copied['cap'] as Capref
  const { slot } = found(world, 'b')
  work(world, a, 7n)
  world.said(world.loci.get(a.port)!, containerCalls.containerDestroy, { cont: cap })

  const taken = await world.call('world_snapshot', { durable: true })
  world.run(200)
  const { over } = world.kernel.machine.captures
  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.is(taken.status, 'ok')
  t.true(over.has(slot))
  t.is(workIn(next, 'a'), 7n)
  t.is((await next.call('container_find', { name: 'b' })).status, 'no_such_container')
})

test('[SI25] a container to which nothing happened is not captured, and its point holds for the epoch; a change of any kind is found', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  for (const each of [a, b]) world.setState(each.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const first = historyOf(world, 'a').newest
  work(world, b, 5n)
  const taken = await world.call('world_snapshot', { durable: true })
  const second = historyOf(world, 'a').newest
  await world.call('cap_copy', { cap: b.cont, to: a.cont, rights: 1 })
  await world.call('world_snapshot', { durable: true })
  const next = await KernelWorld.open({ earlier: world })

  t.is(taken['capture'], 2)
  t.is(second, first)
  t.deepEqual([second!.epoch, word(world, 'a', 'epoch')], [2, 3])
  t.is(historyOf(world, 'b').newest!.epoch, 3)
  t.not(historyOf(world, 'a').newest, first)
  t.is(next.boot?.recoveredCapture, 3)
})

/** Maps the first page of b into a, read-write, while both stand still. */
async function share(world: KernelWorld, a: Home, b: Home): Promise<void> {
  const length = world.sim.region.plan.shape.pageBytes
  const given = rights.read | rights.write
  const copied = await world.call('cap_copy', { cap: b.cont, to: a.cont, rights: 255 })
  const source = copied['cap'] as Capref
  const args = { cont: hereCapref, at: 0, length, source, sourceAt: 0, rights: given }
  // A locus that runs would have to take note of the change: both stand still meanwhile.
  for (const each of [a, b]) world.setState(each.port, 'quiet')
  const mapped = world.said(world.loci.get(a.port)!, containerCalls.containerMap, args)
  if (mapped.status !== 'ok') throw new Error(mapped.detail)
  for (const each of [a, b]) world.setState(each.port, 'resting')
  await world.call('world_snapshot', { durable: true })
}

/** The locus of `host` attached to `supplier`, as after it has opened a window there. */
function attach(world: KernelWorld, { port }: Home, host: string, supplier: string): Attachment {
  const hold = (): boolean => false
  const attachment = new Attachment(
    world.sim.region,
    slotOf(world, supplier),
    locusOfPort(port),
    { resolve: () => {} },
    { host: slotOf(world, host), hold },
  )
  attachment.attach()
  return attachment
}

test('[SI90] a container is captured without those that only have it mapped, and its point needs none of them', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  await share(world, a, b)
  const before = historyOf(world, 'b').base!
  world.setState(a.port, 'running')
  for (const each of [a, b]) work(world, each, 2n)

  const apart = await world.call('world_snapshot', { durable: true })

  t.is(apart.status, 'busy')
  t.regex(apart.detail, /in a did not come to rest/)
  t.notRegex(apart.detail, /“b”/)
  const { base } = historyOf(world, 'b')
  t.true(base!.interval > before.interval)
  t.false(base!.dependencies.has(slotOf(world, 'a')))
})

test('[SI91] who reaches a container by a mapping must take note before it is cut: one that runs on without an access is named after half a second', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  await share(world, a, b)
  const before = historyOf(world, 'b').newest
  world.setState(a.port, 'running')
  const attachment = attach(world, a, 'a', 'b')
  work(world, b, 2n)

  const answer = world.kernel.call('world_snapshot', { durable: false })
  world.run(300)
  const [gate, cut] = [word(world, 'b', 'gate'), historyOf(world, 'b').newest !== before]
  world.run(400)
  const after = word(world, 'b', 'gate')
  const of = await world.settle(answer)

  t.deepEqual([gate, cut], [containerGates.cutting, false])
  t.is(after, containerGates.open)
  t.regex(of.detail, /in a of “a”, which reaches it by a mapping/)
  t.is(historyOf(world, 'b').newest, before)

  const again = world.kernel.call('world_snapshot', { durable: false })
  world.run(100)
  t.is(word(world, 'b', 'gate'), containerGates.cutting)
  attachment.acknowledge()
  t.true(attachment.shut)
  world.run(100)
  await world.settle(again)
  t.not(historyOf(world, 'b').newest, before)
  attachment.acknowledge()
  t.false(attachment.shut)
  attachment.detach()
})

test('[SI94] write access that a manager gave before it had taken its snapshot is void afterwards', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  await share(world, a, b)
  const manager = world.manager!
  const token = [...manager.managed.keys()].at(-1)!
  manager.addFrames(2)
  world.run(50)
  world.said(world.loci.get(a.port)!, containerCalls.windowOpen, {
    cont: hereCapref,
    base: 0,
    length: world.sim.region.plan.shape.pageBytes,
  })
  world.write(token)
  world.behaviour.snapshots = 'never'

  const answer = world.kernel.call('world_snapshot', { durable: false })
  world.run(300)
  t.is(word(world, 'b', 'gate'), containerGates.cutting)
  const installed = manager.installWritable(token, 0)
  const lcd = Lcd.open(world.sim.region, {
    container: slotOf(world, 'b'),
    manager: manager.boot.port,
    pageSet: manager.pageSet,
  })
  const during = lcd.query(0).writable
  await world.settle(answer)

  t.is(installed, 'ok')
  t.deepEqual([during, lcd.query(0).writable], [true, false])
})

test('[SI96] a container waits a tenth of a second for those that have stored into it, and is cut in one step with them', async (t) => {
  for (const [restsAfterMs, isTogether] of [
    [50, true],
    [400, false],
  ] as const) {
    const world = await KernelWorld.open()
    const [a, b] = [await home(world, 'a'), await home(world, 'b')]
    await share(world, a, b)
    const { region } = world.sim
    receive(region, slotOf(world, 'b'), stampOf(region, slotOf(world, 'a')))
    work(world, a, 2n)
    world.setState(a.port, 'running')
    const old = historyOf(world, 'b').newest

    const answer = world.kernel.call('world_snapshot', { durable: false })
    world.run(restsAfterMs)
    const cut = historyOf(world, 'b').newest !== old
    world.setState(a.port, 'resting')
    await world.settle(answer)

    const captures = ['a', 'b'].map((name) => historyOf(world, name).newest!.capture)
    t.is(cut, !isTogether)
    t.is(captures[0] === captures[1], isTogether)
  }
})

test('[SI96] in the last capture of a world it waits longer, for all that have it mapped: they would be shut out for good', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  await share(world, a, b)
  for (const each of [a, b]) work(world, each, 2n)
  world.setState(a.port, 'running')
  const old = historyOf(world, 'b').newest
  const outcome = new Promise<CaptureOutcome>((done) =>
    requestCapture(world.kernel.machine, done, { keepShut: true }),
  )

  world.run(1_400)
  const early = historyOf(world, 'b').newest === old
  world.run(200)
  const late = historyOf(world, 'b').newest === old
  const of = await world.settle(outcome)

  t.deepEqual([early, late], [true, false])
  t.is(of.status, 'ok')
  t.deepEqual(of.status === 'ok' ? [...of.busy.keys()] : [], [slotOf(world, 'a')])
})

test('[SI97] a part that goes back takes along who has it mapped, as nobody else knows what that has read', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  const c = await home(world, 'c')
  world.setState(c.port, 'resting')
  await share(world, a, b)

  world.die(b.port)
  world.run(500)

  const moved = world.of('rollback')[0]!.moved.map(({ container }) => container)
  t.deepEqual(moved.toSorted(), ['a', 'b'])
})

test('[SI27] an invocation that stands in a container keeps it from being captured, and nothing else', async (t) => {
  const world = await KernelWorld.open()
  const [a, b] = [await home(world, 'a'), await home(world, 'b')]
  for (const each of [a, b]) world.setState(each.port, 'resting')
  const frames = world.sim.region.containerWord(slotOf(world, 'b'), 'frames')
  world.sim.region.words.add(frames, 1)

  const answer = world.kernel.call('snapshot_request', { cont: a.cont })
  const inside = world.kernel.call('snapshot_request', { cont: b.cont })
  world.run(300)
  const meanwhile = [historyOf(world, 'a').newest !== null, historyOf(world, 'b').newest !== null]
  world.sim.region.words.add(frames, -1)
  world.sim.region.words.or(world.sim.region.actorWord(actorPorts.kernel, 'bell'), 1)

  t.deepEqual(meanwhile, [true, false])
  t.is((await world.settle(answer)).status, 'ok')
  t.is((await world.settle(inside)).status, 'ok')
})

test('[SI29] the log is trimmed though a container does not change: its point is written again', async (t) => {
  const world = await KernelWorld.open()
  const [still, busy] = [await home(world, 'still'), await home(world, 'busy')]
  for (const each of [still, busy]) world.setState(each.port, 'resting')
  work(world, still, 3n)
  await world.call('world_snapshot', { durable: true })
  const first = historyOf(world, 'still').base!.capture.after
  for (let i = 1n; i <= 90n; i++) {
    work(world, busy, i)
    await world.call('world_snapshot', { durable: true })
  }
  const last = historyOf(world, 'still').base!.capture.after
  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.true(last > first + 60, `${first} ${last}`)
  t.deepEqual([workIn(next, 'still'), workIn(next, 'busy')], [3n, 90n])
})

test('[SI22] a container that is destroyed while an epoch waits for others has its end for a point, and no other', async (t) => {
  const world = await KernelWorld.open({ shape: { maxContainers: 8 } })
  const [a, gone] = [await home(world, 'a'), await world.container('gone')]
  const b = await home(world, 'b')
  world.setState(a.port, 'resting')
  world.setState(b.port, 'resting')
  await world.call('world_snapshot', { durable: true })
  const cap = await world.call('cap_copy', { cap: a.cont, to: gone, rights: rights.read })
  const args = { cont: a.cont, at: 0, length: 4096, source: gone, sourceAt: 0, rights: rights.read }
  await world.call('container_map', args)
  work(world, a, 1n)
  world.setState(a.port, 'running')

  const answer = world.kernel.call('world_snapshot', { durable: true })
  world.run(200)
  const destroyed = await world.call('container_destroy', { cont: gone })
  world.setState(a.port, 'resting')
  const taken = await world.settle(answer)

  t.deepEqual([cap.status, destroyed.status, taken.status], ['ok', 'ok', 'ok'])
  t.is((await world.call('world_snapshot', { durable: true })).status, 'ok')
})
