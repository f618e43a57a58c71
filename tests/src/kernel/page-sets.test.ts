/** PS: page sets and pressure, on the real kernel in the simulator. */
import { actorPorts, asFrame, asPageSet, asPort, pageSetCalls, type Frame } from '@katydid/abi'
import type { Messenger } from '@katydid/actor'
import { shares } from '@katydid/kernel/page-set/pressure.js'
import { beginTransfer, endTransfer } from '@katydid/memory'
import test from 'ava'
import { array, assert, nat, property } from 'fast-check'
import { KernelWorld } from './support/kernel-world.js'

const { kernel } = actorPorts

/** A second manager's port, which the kernel knows of, with a page set of its own. */
function rival(world: KernelWorld, least: number): { messenger: Messenger; set: number } {
  const port = asPort(4)
  const { machine } = world.kernel
  const first = machine.managers.at(actorPorts.firstManager)!
  machine.managers.add({ ...first, port, own: null, root: null, state: 'running' })
  const messenger = world.sim.endpoint(port)
  const sets: number[] = []
  messenger.call(kernel, pageSetCalls.pageSetCreate, { least }, (reply) => {
    if (reply.status === 'ok') sets.push(reply.pageset)
  })
  world.run(20)
  return { messenger, set: sets[0]! }
}

function ask(world: KernelWorld, messenger: Messenger, set: number, pageCount: number, forMs = 20) {
  const answers: { status: string; frames: readonly Frame[] }[] = []
  messenger.call(kernel, pageSetCalls.pageSetAdd, { pageset: asPageSet(set), pageCount }, (reply) =>
    answers.push({ status: reply.status, frames: reply.status === 'ok' ? reply.frames : [] }),
  )
  world.run(forMs)
  return answers
}

function giveBack(world: KernelWorld, frames: readonly Frame[]): string {
  const statuses: string[] = []
  const args = { pageset: world.manager!.pageSet, frames }
  world.managerMessenger.call(kernel, pageSetCalls.pageSetRemove, args, (reply) =>
    statuses.push(reply.status),
  )
  world.run(20)
  return statuses[0]!
}

const owner = (world: KernelWorld, frame: Frame): number =>
  world.sim.region.words.load(world.sim.region.frameWord(frame, 'owner'))

test('[PS1] a granted frame is the set’s, and no frame is granted twice', async (t) => {
  const world = await KernelWorld.open()
  const manager = world.manager!

  manager.addFrames(10)
  manager.addFrames(1000)
  world.run(20)

  t.is(new Set(manager.frames).size, manager.frames.length)
  t.true(manager.frames.every((frame) => owner(world, frame) === manager.pageSet))
  t.is(world.kernel.machine.frames.count, world.kernel.machine.frames.lowWater)
})

test('[PS1] the last frames go to a set only while it has less than its least', async (t) => {
  const world = await KernelWorld.open()
  world.manager!.addFrames(1000)
  world.run(20)
  const other = rival(world, 1)

  const [first] = ask(world, other.messenger, other.set, 5)

  t.deepEqual([first?.status, first?.frames.length], ['ok', 1])
})

test('[PS2] frames come back all together or not at all: only idle ones of the set, each once', async (t) => {
  const world = await KernelWorld.open()
  const { region } = world.sim
  world.manager!.addFrames(4)
  world.run(20)
  const [a, b, c, d] = world.manager!.frames as [Frame, Frame, Frame, Frame]
  region.words.store(region.frameWord(b, 'entry'), 4096)
  beginTransfer(region, c)
  region.words.store(region.frameWord(d, 'shown'), 1)

  t.is(giveBack(world, [a, b]), 'bad_argument')
  t.is(giveBack(world, [a, c]), 'bad_argument')
  t.is(giveBack(world, [a, d]), 'bad_argument')
  t.is(giveBack(world, [a, a]), 'bad_argument')
  t.is(giveBack(world, [a, asFrame(1)]), 'bad_argument')
  t.is(owner(world, a), world.manager!.pageSet)
  region.words.store(region.frameWord(b, 'entry'), 0)
  endTransfer(region, c)

  t.is(giveBack(world, [a, b, c]), 'ok')
  t.deepEqual(
    [a, b, c].map((frame) => owner(world, frame)),
    [0, 0, 0],
  )
})

test('[PS2] a page set is its own manager’s', async (t) => {
  const world = await KernelWorld.open()
  const other = rival(world, 0)

  const [answer] = ask(world, other.messenger, world.manager!.pageSet, 1)

  t.is(answer?.status, 'no_such_page_set')
})

test('[PS3] without a free frame others are asked to discard, and the first that comes back answers', async (t) => {
  const world = await KernelWorld.open()
  const manager = world.manager!
  const other = rival(world, 0)
  manager.addFrames(1000)
  world.run(20)

  const answers = ask(world, other.messenger, other.set, 1, 200)

  t.true(manager.calls.some((each) => each.startsWith('page_discard')))
  t.is(answers[0]?.status, 'ok')
  t.is(answers[0]?.frames.length, 1)
})

test('[PS3] when nobody can be asked the answer is no_frames at once, and in time when nobody gives', async (t) => {
  const world = await KernelWorld.open({ behaviour: { discards: 'never' } })
  const manager = world.manager!
  manager.addFrames(1000)
  world.run(20)
  const statuses: string[] = []
  manager.addFrames(1, (status) => statuses.push(status))
  world.run(20)
  const other = rival(world, 0)

  const late = ask(world, other.messenger, other.set, 1, 6000)

  t.deepEqual(statuses, ['no_frames'])
  t.is(late[0]?.status, 'no_frames')
})

test('[PS4] what is needed is shared out by what sets hold above their least, in full and never more', (t) => {
  const sets = array(nat(500), { maxLength: 8 }).map((spares) =>
    spares.map((spare, id) => ({ id: asPageSet(id + 1), spare, idle: 0 })),
  )
  t.notThrows(() =>
    assert(
      property(sets, nat(1000), (each, need) => {
        const total = each.reduce((sum, { spare }) => sum + spare, 0)
        const result = shares(each, need)
        const sum = [...result.values()].reduce((a, b) => a + b, 0)
        const inProportion = each.every(({ id, spare }) => {
          const fair = total === 0 ? 0 : (Math.min(need, total) * spare) / total
          const share = result.get(id) ?? 0
          return share <= spare && share >= Math.floor(fair)
        })
        return inProportion && sum === Math.min(need, total)
      }),
    ),
  )
})

test('[PS4] a set’s least is never asked back', async (t) => {
  const world = await KernelWorld.open({ shape: { frames: 4 } })
  world.manager!.addFrames(2)
  world.run(20)
  const other = rival(world, 5)
  ask(world, other.messenger, other.set, 5)

  const [answer] = ask(world, other.messenger, other.set, 5)

  t.is(answer?.status, 'no_frames')
  t.deepEqual(
    world.manager!.calls.filter((each) => each.startsWith('page_discard')),
    [],
  )
})

test('[PS5] a manager that does not discard is asked again, and what it refused is not counted as coming', async (t) => {
  const world = await KernelWorld.open({ behaviour: { discards: 'never' } })
  const manager = world.manager!
  const other = rival(world, 0)
  manager.addFrames(1000)
  world.run(20)

  ask(world, other.messenger, other.set, 1, 3000)
  const asked = manager.calls.filter((each) => each.startsWith('page_discard')).length
  manager.behaviour.discards = 'refuse'
  world.run(4000)

  t.true(asked >= 2, `${asked}`)
  t.deepEqual(
    world.kernel.machine.pageSets.all().map((each) => each.asked),
    [0, 0],
  )
})

test('[PS6] a dead manager’s frames come back, also one whose transfer it began and never asked for', async (t) => {
  const world = await KernelWorld.open()
  const { machine } = world.kernel
  const free = machine.frames.count
  world.manager!.addFrames(8)
  world.run(20)
  const [orphan, shown] = world.manager!.frames as [Frame, Frame]
  beginTransfer(world.sim.region, orphan)
  world.sim.region.words.store(world.sim.region.frameWord(shown, 'shown'), 1)

  world.die(actorPorts.firstManager)
  world.run(500)

  t.is(machine.phase, 'open')
  t.is(machine.frames.count, free)
  t.deepEqual([owner(world, orphan), owner(world, shown)], [0, 0])
})
