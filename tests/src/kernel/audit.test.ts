/** SI: whether a deterministic container does again what it did. Real kernel and disk, simulated threads and managers. */
import { serviceLevels, type ContainerSlot } from '@katydid/abi'
import { isAuditCopy } from '@katydid/kernel/container/container.js'
import test from 'ava'
import type { FakeManager } from './support/fake-manager.js'
import { KernelWorld, type WorldOptions } from './support/kernel-world.js'
import { home, load, logged, portOfManager, visit, type Home } from './support/visits.js'

interface Scene {
  readonly world: KernelWorld
  readonly x: Home
  readonly d: ContainerSlot
  readonly other: FakeManager
}

/** A container `x` with a locus, and `d`, deterministic, under a manager of its own. */
async function scene(options: WorldOptions = {}): Promise<Scene> {
  const shape = { maxLoci: 4, maxContainers: 8 }
  const world = await KernelWorld.open({
    shape,
    others: [{ name: 'other' }],
    auditEvery: 1,
    ...options,
  })
  const x = await home(world, 'x')
  const d = await logged(world, 'd', 'other')
  return { world, x, d, other: world.managers.get(portOfManager(world, 'other'))! }
}

async function captured({ world, x, d }: Scene): Promise<void> {
  world.setState(x.port, 'resting')
  world.sim.region.words.store(world.sim.region.containerWord(d, 'written'), 1)
  await world.call('world_snapshot', { durable: true })
  world.run(1000)
}

/** One capture, two visits, and another capture. */
async function round(those: Scene): Promise<void> {
  await captured(those)
  visit(those.world, those.x, those.d, 7)
  visit(those.world, those.x, those.d, 8)
  await captured(those)
}

const hashes = ({ other }: Scene): string[] =>
  other.calls.filter((each) => each.startsWith('state_hash'))
const audits = ({ world }: Scene) => world.kernel.machine.audits
const slots = ({ world }: Scene): number => world.kernel.machine.containers.all().length
const levelOf = ({ world, d }: Scene) => serviceLevels[load(world, d, 'level')]

test('[SI112] from one capture to the next the visits are run again in a copy, and its hash compared; nobody else knows of it', async (t) => {
  const those = await scene()
  await round(those)
  those.world.run(2000)

  t.deepEqual(
    those.world.replayed.map(({ seed }) => seed[0]),
    [7, 8],
  )
  t.is(hashes(those).length, 2)
  t.is(new Set(hashes(those).map((each) => each.split(' ')[1])).size, 2)
  t.deepEqual(those.world.of('replay_differed'), [])
  t.deepEqual(those.world.of('locus_ended'), [])
  t.is(levelOf(those), 'deterministic')
  t.true(audits(those).begun > 0)
})

test('[SI112] the copy is in no capture, and its slot is free again when the audit is over', async (t) => {
  const those = await scene()
  const before = slots(those)
  await round(those)
  those.world.run(2000)
  await captured(those)
  const { record } = those.world.kernel.machine.containers.at(those.d)!.intervals.history.base!
    .capture

  // Who has a name was made by the test; of the copy there is nothing.
  t.deepEqual(
    record.containers.filter(({ name }) => name === ''),
    [],
  )
  t.true(those.other.calls.some((each) => each.startsWith('container_destroyed')))
  for (let i = 0; i < 5; i++) await round(those)
  // That of the audit under way, and that of the one before whose end is not on the line yet.
  t.true(audits(those).begun >= 4)
  t.true(slots(those) <= before + 2, `${slots(those)} slots`)
})

test('[SI112] while visits are run again in the copy, captures go on, and neither have it nor wait for it', async (t) => {
  const those = await scene({ differs: () => 'hangs' })
  await round(those)
  const { machine } = those.world.kernel
  const copy = machine.containers.live().find(isAuditCopy)
  const beganMs = those.world.sim.clock.nowMs()
  const answer = await those.world.call('world_snapshot', { durable: true })
  const status = await those.world.call('world_status', {})

  t.is(machine.loci.all().filter(({ replay }) => replay !== null).length, 1)
  t.is(answer.status, 'ok')
  t.true(those.world.sim.clock.nowMs() - beganMs < 1000)
  t.is(copy?.intervals.history.newest, null)
  const names = (status['containers'] as { name: string }[]).map(({ name }) => name)
  t.false(names.includes(''))
})

test('[SI113] with `auditEvery: k` one audit begins with every k-th capture of a container, with 0 none', async (t) => {
  const begun: number[] = []
  for (const auditEvery of [0, 1, 4]) {
    const those = await scene({ auditEvery })
    for (let i = 0; i < 4; i++) await round(those)
    begun.push(audits(those).begun)
  }

  t.is(begun[0], 0)
  t.true(begun[1]! >= 3, `${begun[1]} audits`)
  t.true(begun[2]! >= 1 && begun[2]! < begun[1]!, `${begun[2]} audits`)
})

test('[SI114] where the copy does not come to hold the same, that is said, and the container goes on with captures only', async (t) => {
  const those = await scene()
  those.other.hashOf = (cont) => (those.other.copies.has(cont) ? 1 : 2)
  await round(those)
  those.world.run(2000)

  const [told] = those.world.of('replay_differed')
  t.is(told?.container, 'd')
  t.regex(told?.detail ?? '', /does not hold what it held/)
  t.is(levelOf(those), 'snapshotting')
  const before = audits(those).begun
  await captured(those)
  const { point } = visit(those.world, those.x, those.d, 9)
  await captured(those)
  t.false(point)
  t.is(audits(those).begun, before)
  t.deepEqual(those.world.of('rollback'), [])
  t.is(those.world.of('replay_differed').length, 1)
})

test('[SI114] a visit that the copy does in another way is told in the same way', async (t) => {
  const those = await scene({ differs: ({ seed }) => (seed[0] === 8 ? 'it said 9' : null) })
  await round(those)
  those.world.run(2000)

  t.deepEqual(
    those.world.of('replay_differed').map(({ detail }) => detail),
    ['it said 9'],
  )
  t.is(levelOf(those), 'snapshotting')
})

test('[SI115] whatever comes in between gives the audit up: no room, a thread that is lost, a manager that dies, a visit that is no point', async (t) => {
  const full = await scene()
  full.other.behaviour.copies = false
  await round(full)
  const lost = await scene({ differs: () => 'dies' })
  await round(lost)
  const dead = await scene({ differs: () => 'hangs' })
  await round(dead)
  dead.world.die(portOfManager(dead.world, 'other'))
  const gap = await scene()
  await captured(gap)
  visit(gap.world, gap.x, gap.d, 7, 'it waited')
  await captured(gap)

  for (const [name, those] of Object.entries({ full, lost, dead, gap })) {
    those.world.run(3000)
    t.deepEqual(those.world.of('replay_differed'), [], name)
    t.true(audits(those).givenUp > 0, name)
    t.is(levelOf(those), 'deterministic', name)
    await captured(those)
    t.is(those.world.kernel.machine.loci.all().length, 1, name)
    const copies = those.world.kernel.machine.containers.live().filter(isAuditCopy)
    t.true(copies.length <= (audits(those).current === null ? 0 : 1), name)
    t.not(those.world.kernel.machine.phase, 'failed', name)
  }
  t.deepEqual(
    dead.world.of('rollback').map(({ moved }) => moved.map(({ container }) => container)),
    [['d']],
  )
})
