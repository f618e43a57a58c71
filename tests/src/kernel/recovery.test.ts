/** SI: recovery after kills, dead managers and damage. The kernel and the disk are real; the disk's bytes outlive the world. */
import { actorPorts, diskCalls, locusPort, type Capref, type PortId } from '@katydid/abi'
import { ask, packValue, run } from '@katydid/actor'
import { readLog } from '@katydid/kernel/recovery/log-reader.js'
import { packRecord, unpackRecord } from '@katydid/kernel/state-interval/record-bytes.js'
import type { CaptureRecord } from '@katydid/kernel/state-interval/records.js'
import { Assembly, partBytes, readPart, splitRecord } from '@katydid/kernel/state-interval/parts.js'
import { FileFault } from '@katydid/devices'
import test from 'ava'
import { assert, boolean, integer, nat, property } from 'fast-check'
import { KernelWorld } from './support/kernel-world.js'

const token = 100

/** A world with one container and one resting locus whose register 0 counts captures. */
async function counting(captures: number, options = {}): Promise<KernelWorld> {
  const world = await KernelWorld.open(options)
  const cont = await world.container('a')
  const port = await world.locus(cont, 'it')
  world.setState(port, 'resting')
  for (let i = 1; i <= captures; i++) {
    world.setRegister(port, 0, BigInt(i))
    world.write()
    await world.call('world_snapshot', { durable: true })
  }
  return world
}

const locusPortOf = (world: KernelWorld) => [...world.loci.keys()][0]!

test('[SI12] a restart finds containers, rights, loci and registers as they were at the line', async (t) => {
  const world = await counting(3)
  world.setRegister(locusPortOf(world), 0, 99n)
  world.write()

  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.deepEqual([next.boot?.status, next.boot?.fresh, next.boot?.recoveredCapture], ['ok', false, 3])
  t.is(next.register(locusPortOf(next), 0), 3n)
  t.is(next.calls.at(-1), `locus_begin ${locusPortOf(next)} ok true`)
  t.is((await next.call('container_find', { name: 'a' }))['size'], 65536)
  const { capture } = world.kernel.machine.containers.named('a')!.intervals.history.base!
  const before = capture.record.containers[0]!
  const after = next.kernel.machine.containers.named('a')!
  t.is(after.generation, before.generation)
  const { region } = next.sim
  t.is(region.words.load(region.containerWord(after.slot, 'incarnation')), before.incarnation + 1)
})

test('[SI13] the newest capture of which everything is stable is the line, announced or not', async (t) => {
  const world = await counting(2)
  world.behaviour.stabilise = false
  for (let i = 3; i <= 5; i++) {
    world.setRegister(locusPortOf(world), 0, BigInt(i))
    world.write()
    await world.call('world_snapshot', { durable: false })
    world.run(200)
  }
  const labels = world.kernel.machine.captures.newer.map((each) => each.record.containers[0]!.label)
  world.stable.get(token)!.add(labels[1]!)

  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.is(world.kernel.machine.captures.line, 2)
  t.is(next.kernel.machine.captures.line, 4)
  t.is(next.register(locusPortOf(next), 0), 4n)
  const queries = next.manager!.calls.filter((each) => each.startsWith('state_interval_query'))
  t.deepEqual(queries, [
    `state_interval_query ${token} ${labels[2]}`,
    `state_interval_query ${token} ${labels[1]}`,
  ])
  t.true(
    next.manager!.calls.some((each) => each.startsWith(`cont_rollback ${token} ${labels[1]} `)),
  )
})

test('[SI14] an interval is never used twice, over any number of restarts that made no capture', async (t) => {
  let world = await counting(1)
  const open: number[] = []
  for (let i = 0; i < 3; i++) {
    open.push(
      world.kernel.machine.containers.interval(world.kernel.machine.containers.named('a')!.slot),
    )
    world = await KernelWorld.open({ earlier: world })
  }

  t.deepEqual(
    open,
    [...new Set(open)].sort((a, b) => a - b),
  )
  t.is(open.length, 3)
})

test('[SI14] captures the world went back over are void at every later start', async (t) => {
  const world = await counting(1)
  world.behaviour.stabilise = false
  world.setRegister(locusPortOf(world), 0, 77n)
  world.write()
  await world.call('world_snapshot', { durable: false })
  world.run(200)
  const lost = world.kernel.machine.captures.newer[0]!.record.containers[0]!.label
  const second = await KernelWorld.open({ earlier: world })
  second.stable.get(token)!.add(lost)

  const third = await KernelWorld.open({ earlier: second })
  third.run(100)

  t.is(second.kernel.machine.captures.line, 1)
  t.is(third.kernel.machine.captures.line, 1)
  t.is(third.register(locusPortOf(third), 0), 1n)
})

test('[SI15] a dead manager takes the world back to its line and is started again with its root page', async (t) => {
  const world = await counting(2)
  const first = world.manager!
  world.setRegister(locusPortOf(world), 0, 99n)

  world.die(actorPorts.firstManager, 'core', 'a bug')
  world.run(1000)

  t.not(world.manager, first)
  t.false(world.manager!.boot.fresh)
  t.is(world.manager!.boot.rootPage?.offset, 0)
  t.is(world.of('rollback').length, 1)
  t.is(world.register(locusPortOf(world), 0), 2n)
  world.setState(locusPortOf(world), 'resting')
  world.write()
  t.is((await world.call('world_snapshot', { durable: true })).status, 'ok')
})

test('[SI15] a manager that fails again and again stops the world after five restarts in a minute', async (t) => {
  const world = await counting(1)

  for (let i = 0; i < 6; i++) {
    world.die(actorPorts.firstManager, 'core', 'a bug')
    world.run(1000)
  }

  t.is(world.kernel.machine.phase, 'failed')
  t.deepEqual(
    world.of('failed').map((each) => each.status),
    ['manager_failed'],
  )
  t.is((await world.call('container_create', { size: 4096, name: 'b' })).status, 'manager_failed')
})

test('[SI15] a manager that does not come up is waited for so long, and then the world fails', async (t) => {
  const world = await counting(1)
  world.managersStart = false

  world.die(actorPorts.firstManager)
  world.run(400_000)

  t.is(world.kernel.machine.phase, 'failed')
})

test('[SI20] a disk’s driver that ends at any step of a recovery stops the world with io_error', async (t) => {
  let during = 0
  for (let steps = 0; steps < 60; steps++) {
    const world = await counting(1)
    world.die(actorPorts.firstManager, 'core', 'a bug')
    for (let step = 0; step < steps; step++) world.sim.step()
    if (world.kernel.machine.phase === 'recovering') during++

    world.die(actorPorts.disk)
    world.run(20_000)

    t.deepEqual(
      world.of('failed').map((each) => each.status),
      ['io_error'],
      `after ${steps} steps`,
    )
  }
  t.true(during > 20, `${during} in a recovery`)
})

test('[SI16] what was made after the line is gone: its manager and its callers are told', async (t) => {
  const world = await counting(1)
  const cont = await world.container('late')
  const port = await world.locus(cont, 'late')

  world.die(port, 'core', 'it broke')
  world.run(1000)

  t.is((await world.call('container_find', { name: 'late' })).status, 'no_such_container')
  t.is((await world.call('locus_find', { name: 'late' })).status, 'no_such_locus')
  t.true(world.manager!.calls.includes(`container_destroyed ${token + 1}`))
  t.deepEqual(
    world.of('locus_ended').map((each) => [each.name, each.status]),
    [['late', 'locus_lost']],
  )
  t.is(
    (
      await world.call('set_invocation_point', {
        cont,
        program: { module: '', entry: '', hash: '' },
      })
    ).status,
    'entity_gone',
  )
})

test('[SI17] the kernel keeps the root page: a restart shows what it was at the last stable snapshot', async (t) => {
  const world = await KernelWorld.open()
  const { machine } = world.kernel
  const write = (value: number): void => {
    world.sim.region.frameBytes(machine.managers.at(3)!.root!.frame)[100] = value
  }
  write(41)
  run(world.managerMessenger, world.manager!.commitRoot())
  world.run(200)
  write(42)

  const next = await KernelWorld.open({ earlier: world, behaviour: { root: false } })

  t.is(next.sim.region.frameBytes(next.kernel.machine.managers.at(3)!.root!.frame)[100], 41)
  t.is(next.manager!.boot.rootPage?.stateInterval, machine.managers.at(3)!.stable!.interval)
})

test('[SI17] without a durable root page nothing is recoverable', async (t) => {
  const world = await KernelWorld.open({ behaviour: { root: false } })
  await world.container('a')
  world.write()
  await world.call('world_snapshot', { durable: false })
  world.run(500)
  const before = world.kernel.machine.captures.line

  run(world.managerMessenger, world.manager!.commitRoot())
  world.run(500)

  t.deepEqual([before, world.kernel.machine.captures.line], [0, 1])
})

test('[SI18] a record that is unknown or damaged is said in a sentence, and an older capture is taken', async (t) => {
  const world = await counting(2)
  const junk = [
    packValue({
      session: 9,
      id: 3,
      part: 0,
      parts: 1,
      bytes: packValue({ version: 99, kind: 'capture' }),
    }),
    Uint8Array.of(1, 2, 3),
    packValue({ session: 9, id: 4, part: 0, parts: 2, bytes: new Uint8Array(5) }),
  ]
  const records = junk.map((content) => ({ kind: 'capture' as const, content }))
  const answers: string[] = []
  run(
    world.kernel.machine.messenger,
    ask(world.kernel.machine.messenger, actorPorts.disk, diskCalls.diskWrite, {
      pages: [],
      records,
      barrier: true,
    }),
    (reply) => answers.push(reply.status),
  )
  world.run(200)

  const next = await KernelWorld.open({ earlier: world })

  t.deepEqual(answers, ['ok'])
  t.is(next.boot?.recoveredCapture, 2)
  t.regex(next.boot?.damage ?? '', /2 of the kernel’s records could not be read/)
  t.is(next.of('ready').at(-1)?.damage, next.boot?.damage)
})

test('[SI18] when nothing that was recoverable can be restored the world says so and does not open', async (t) => {
  const world = await counting(2)
  world.stable.clear()
  world.stable.set(token, new Set())

  const next = await KernelWorld.open({ earlier: world })

  t.is(next.boot?.status === 'ok', false)
  t.is(next.of('failed')[0]?.status, 'damaged')
})

test('[SI19] records go out in parts of at most 256 KiB and come back whole or not at all, in any order', (t) => {
  t.notThrows(() =>
    assert(
      property(integer({ min: 0, max: 5 * partBytes }), boolean(), nat(), (length, drop, seed) => {
        const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 11)) & 0xff)
        const parts = splitRecord({ session: 1, id: 2 }, bytes).map((each) => readPart(each)!)
        const order = parts
          .map((each, i) => ({ each, key: (i * 7919 + seed) % 101 }))
          .sort((a, b) => a.key - b.key)
        const sent = drop ? order.slice(1) : order
        const assembly = new Assembly()
        const whole = sent
          .map(({ each }) => assembly.add('capture', each))
          .find((each) => each !== null)
        if (parts.some((each) => each.bytes.length > partBytes)) return false
        return drop ? whole === undefined : Buffer.compare(whole!, bytes) === 0
      }),
      { numRuns: 30 },
    ),
  )
})

test('[SI19] a record that was cut or changed anywhere is no record, or another valid one, and never an exception', (t) => {
  const record: CaptureRecord = {
    kind: 'capture',
    world: 'w',
    session: 1,
    capture: 2,
    epoch: 2,
    nextLocus: 3,
    generations: [1],
    containers: [],
    loci: [],
    groups: [],
    nextGroup: 1,
    semaphores: [],
    nextSemaphore: 1,
    ended: [],
    same: [],
  }
  const bytes = packRecord(record)
  t.deepEqual(unpackRecord(bytes), { version: 1, ...record } as never)
  t.notThrows(() =>
    assert(
      property(
        nat(bytes.length - 1),
        integer({ min: 1, max: 255 }),
        boolean(),
        (at, change, cut) => {
          const changed = cut
            ? bytes.slice(0, at)
            : Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ change : byte))
          unpackRecord(changed)
          readPart(changed)
        },
      ),
    ),
  )
})

test('[SI19] captures of another world are left out', (t) => {
  const record: CaptureRecord = {
    kind: 'capture',
    world: 'other',
    session: 0,
    capture: 1,
    epoch: 1,
    nextLocus: 1,
    generations: [],
    containers: [],
    loci: [],
    groups: [],
    nextGroup: 1,
    semaphores: [],
    nextSemaphore: 1,
    ended: [],
    same: [],
  }
  const found = splitRecord({ session: 0, id: 1 }, packRecord(record)).map((content) => ({
    kind: 'capture' as const,
    position: 1,
    content,
  }))

  const content = readLog(found, 'mine', 8)

  t.deepEqual(content.captures, [])
  t.regex(content.damage ?? '', /another world/)
  t.is(readLog(found, 'other', 8).captures.length, 1)
})

test('[SI20] a world that stops in good order loses nothing', async (t) => {
  const world = await counting(1)
  world.setRegister(locusPortOf(world), 0, 55n)
  world.kernel.machine.changed()

  const stopped = await world.settle(world.kernel.stop())
  const next = await KernelWorld.open({ earlier: world })
  next.run(100)

  t.is(stopped.status, 'ok')
  t.is(next.register(locusPortOf(next), 0), 55n)
  t.not(world.sim.region.words.load(world.sim.region.machineWord('gate')), 0)
})

test('[SI20] a disk that refuses is told with its words', async (t) => {
  const world = await counting(1)
  world.write()
  world.die(actorPorts.disk, 'core', 'the file is gone')
  world.run(100)

  t.is(world.kernel.machine.phase, 'failed')
  t.deepEqual(
    world.of('failed').map((each) => each.status),
    ['io_error'],
  )
  t.is((await world.settle(world.kernel.stop())).status, 'manager_failed')
})

/** From now on the disk's file refuses to be written, with this code. Answers what makes it whole again. */
function refuseWrites(world: KernelWorld, code: string): () => void {
  const { file } = world
  const write = file.write.bind(file)
  file.write = () => {
    throw new FileFault(code, 'refused on purpose')
  }
  return () => {
    file.write = write
  }
}

test('[SI21] a capture whose record finds no room never counts: an event says so, and the next one tries again', async (t) => {
  const world = await counting(1)
  const { line } = world.kernel.machine.captures
  world.write()
  const mend = refuseWrites(world, 'ENOSPC')

  const refused = await world.call('world_snapshot', { durable: true })
  mend()
  const taken = await world.call('world_snapshot', { durable: true })

  t.is(refused.status, 'io_error')
  t.deepEqual(
    world.of('capture_failed').map(({ status, capture }) => [status, capture]),
    [['disk_full', line + 1]],
  )
  t.is(taken.status, 'ok')
  t.true(world.kernel.machine.captures.line > line)
  t.is(world.kernel.machine.phase, 'open')
  t.deepEqual(world.of('failed'), [])
})

test('[SI21] the policy tries again by itself, however many captures were refused, though nothing ran since', async (t) => {
  const world = await KernelWorld.open({ snapshotEveryMs: 100 })
  await world.container('a')
  world.write()
  const mend = refuseWrites(world, 'ENOSPC')
  world.run(1_000)
  const refused = world.of('capture_failed').length
  mend()

  world.run(1_000)

  t.true(refused > 3, `${refused}`)
  t.true(world.kernel.machine.captures.line > 0)
})

test('[SI21] a device that has failed takes nothing more, and the world fails with its words', async (t) => {
  const world = await counting(1)
  world.write()
  refuseWrites(world, 'EIO')

  await world.call('world_snapshot', { durable: true })
  world.run(100)

  t.is(world.kernel.machine.phase, 'failed')
  t.is(world.of('failed')[0]?.status, 'io_error')
  t.regex(world.of('failed')[0]?.detail ?? '', /refused on purpose/)
})

test('[LO129] where points of different moments have more live loci than there are slots, the last waits until one has ended, and is captured as it was', async (t) => {
  const options = { others: [{ name: 'slow' }], shape: { maxLoci: 2, maxContainers: 8 } }
  const world = await KernelWorld.open(options)
  const conts = new Map<string, Capref>()
  for (const [name, manager] of [
    ['a', ''],
    ['b', 'slow'],
    ['c', ''],
  ] as const)
    conts.set(name, await world.container(name, 65536, manager))
  const place = async (name: string): Promise<PortId> => {
    const port = await world.locus(conts.get(name)!, `in ${name}`)
    world.setRegister(port, 0, 7n)
    world.setState(port, 'resting')
    return port
  }
  await place('a')
  const inB = await place('b')
  await world.call('world_snapshot', { durable: true })
  // Its end is in no point that counts, as the manager of b does not write it.
  const slow = [...world.managers].find(([port]) => port !== world.manager!.messenger.port)!
  slow[1].behaviour.stabilise = false
  world.write(undefined, slow[0])
  await world.endLocus(inB)
  await place('c')
  await world.call('world_snapshot', { durable: false })
  world.run(200)

  const next = await KernelWorld.open({ ...options, earlier: world })
  const { machine } = next.kernel
  const started = machine.loci.threads().map(({ name }) => name)
  const [waiting] = machine.loci.live().filter(({ slot }) => slot === null)
  const found = await next.call('locus_find', { name: waiting!.name })
  const suspended = await next.call('locus_suspend', { locus: found['cap'] })
  const resumed = await next.call('locus_resume', { locus: found['cap'] })
  for (const port of next.loci.keys()) next.setState(port, 'resting')
  const captured = await next.call('world_snapshot', { durable: false })
  await next.endLocus([...next.loci.keys()][0]!)
  next.run(100)

  t.is(next.boot!.damage, null)
  t.is(started.length, 2)
  t.deepEqual([suspended.status, resumed.status, captured.status], ['ok', 'ok', 'ok'])
  t.not(waiting!.slot, null)
  t.is(next.register(locusPort(waiting!.slot!), 0), 7n)
})
