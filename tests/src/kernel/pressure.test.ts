/** PS: who is asked for frames, and how hard, in the simulator. */
import {
  actorPorts,
  asPageSet,
  asPort,
  containerCalls,
  entryBits,
  pageSetCalls,
} from '@katydid/abi'
import { shares } from '@katydid/kernel/page-set/pressure.js'
import test from 'ava'
import { array, assert, property, tuple, nat } from 'fast-check'
import { KernelWorld } from './support/kernel-world.js'

test('[PS9] idle frames go first, in proportion; the rest by what is above the least', (t) => {
  const givers = array(tuple(nat(300), nat(300)), { minLength: 1, maxLength: 6 }).map((pairs) =>
    pairs.map(([spare, idle], id) => ({ id: asPageSet(id + 1), spare, idle })),
  )
  t.notThrows(() =>
    assert(
      property(givers, nat(800), (each, need) => {
        const result = shares(each, need)
        const sum = [...result.values()].reduce((a, b) => a + b, 0)
        const spare = each.reduce((a, b) => a + b.spare, 0)
        const idle = each.reduce((a, b) => a + Math.min(b.idle, b.spare), 0)
        const fair = each.every((set) => {
          const share = result.get(set.id) ?? 0
          const own = Math.min(set.idle, set.spare)
          const least = need >= idle ? own : Math.floor((need * own) / Math.max(1, idle))
          const most = need <= idle ? own : set.spare
          return share >= least && share <= most
        })
        return fair && sum === Math.min(need, spare)
      }),
    ),
  )
})

test('[PS9] a frame counts as idle when it was not touched since the last round', async (t) => {
  const world = await KernelWorld.open()
  const manager = world.manager!
  const { region, clock } = world.sim
  await world.container('a')
  manager.addFrames(10)
  world.run(20)
  const token = [...manager.managed.keys()].at(-1)!
  const { capability } = manager.managed.get(token)!
  const window = { cont: capability, base: 0, length: 65536 }
  world.managerMessenger.call(actorPorts.kernel, containerCalls.windowOpen, window, () => {})
  world.run(20)
  for (let page = 0; page < 4; page++) t.is(manager.installWritable(token, page * 4096), 'ok')
  const { idleness } = world.kernel.machine
  const idle = (): number | undefined => idleness.look().get(manager.pageSet)

  const first = idle()
  const again = idle()
  clock.advance(1000)
  const second = idle()
  const frame = manager.frames.find(
    (each) => region.words.load(region.frameWord(each, 'entry')) !== 0,
  )!
  region.words.or(region.words.load(region.frameWord(frame, 'entry')) >> 2, entryBits.present)
  clock.advance(1000)

  t.is(first, 6)
  t.is(again, 6)
  t.is(second, 10)
  t.is(idle(), 9)
})

test('[PS12] a set that gives nothing is asked for twice as many each time, up to all it has above its least', async (t) => {
  const world = await KernelWorld.open({ behaviour: { discards: 'never' } })
  const manager = world.manager!
  manager.addFrames(1000)
  world.run(20)
  const port = asPort(4)
  const { machine } = world.kernel
  machine.managers.add({
    ...machine.managers.at(actorPorts.firstManager)!,
    port,
    own: null,
    root: null,
    state: 'running',
  })
  const messenger = world.sim.endpoint(port)
  messenger.call(actorPorts.kernel, pageSetCalls.pageSetCreate, { least: 0 }, (made) => {
    if (made.status !== 'ok') return
    const args = { pageset: made.pageset, pageCount: 1 }
    messenger.call(actorPorts.kernel, pageSetCalls.pageSetAdd, args, () => {})
  })

  world.run(3500)
  const asked = manager.calls
    .filter((each) => each.startsWith('page_discard'))
    .map((each) => Number(each.split(' ')[2]))
  manager.behaviour.discards = 'ok'
  world.run(3000)

  t.true(asked.length >= 4, asked.join(' '))
  t.deepEqual(
    asked.slice(0, 4),
    [1, 2, 4, 8].map((times) => times * asked[0]!),
  )
  t.is(machine.passedOver.size, 0)
})
