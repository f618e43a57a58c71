/** PS: faults as the kernel watches over them, in the simulator and on a small machine. */
import { actorPorts, asLocus, locusStates, statusCode, trapStates } from '@katydid/abi'
import { faultHistory, postTrap, takeTraps } from '@katydid/memory'
import test from 'ava'
import { container, joinAsLocus, manager, smallMachine } from '../support/small-machine.js'
import { KernelWorld } from './support/kernel-world.js'

const slot = asLocus(0)

test('[PS7] a second answer changes neither the status of the first nor the next fault', (t) => {
  const { region } = smallMachine(4, 4)
  const status = (): number => region.words.load(region.locusWord(slot, 'trapStatus'))
  const state = region.locusWord(slot, 'trapState')
  postTrap(region, slot, { container, offset: 0, access: 'read', manager })
  const [first] = takeTraps(region, manager)

  t.true(first!.answer('ok'))
  t.false(first!.answer('access_denied'))
  t.is(status(), statusCode('ok'))

  region.words.store(state, trapStates.idle)
  postTrap(region, slot, { container, offset: 0, access: 'read', manager })
  const [second] = takeTraps(region, manager)
  t.false(first!.answer('access_denied'))
  t.is(region.words.load(state), trapStates.taken)
  t.true(second!.answer('ok'))
  t.is(status(), statusCode('ok'))
})

test('[PS7] a page that others take again and again is asked for until it stays', (t) => {
  const machine = smallMachine(4, 4)
  const { lcd, frames } = machine
  let answers = 0
  const { window } = joinAsLocus(machine.region, machine.table, slot, 4, {
    resolve: () => {
      answers++
      lcd.install([{ offset: 0, frame: frames[0]!, access: 'write' }])
      if (answers < 100) lcd.remove([0])
    },
  })

  window.setInt32(0, 5)

  t.is(window.getInt32(0), 5)
  t.is(answers, 100)
})

test('[PS7] a page that never stays is given up all the same', (t) => {
  const machine = smallMachine(4, 4)
  let answers = 0
  const { window } = joinAsLocus(machine.region, machine.table, slot, 4, {
    resolve: () => {
      answers++
      machine.lcd.remove([0])
    },
  })

  t.throws(() => window.getInt32(0), { message: /manager_failed/ })
  t.is(answers, 1000)
})

test('[PS8] a silent manager is ended after its locus was told, and comes back', async (t) => {
  const world = await KernelWorld.open()
  const port = await world.locus(await world.container('a'))
  const { region } = world.sim
  const { firstManager } = actorPorts
  const made = region.words.load(region.actorWord(firstManager, 'generation'))
  const slotOf = (token: number): number => world.manager!.managed.get(token)!.slot
  const target = slotOf([...world.manager!.managed.keys()].at(-1)!)
  world.setState(port, 'quiet')
  postTrap(region, slot, {
    container: target as never,
    offset: 0,
    access: 'read',
    manager: firstManager,
  })

  world.tick(82)
  const told = world.word(port, 'trapState')
  const status = region.words.load(region.locusWord(slot, 'trapStatus'))
  const early = world.orders.filter((each) => each.order === 'stop_actor').length
  world.tick(8)

  t.is(told, trapStates.answered)
  t.is(status, statusCode('manager_failed'))
  t.is(early, 0)
  t.is(world.orders.filter((each) => each.order === 'stop_actor').length, 1)
  t.true(region.words.load(region.actorWord(firstManager, 'generation')) > made)
  t.is(world.kernel.machine.phase, 'open')
})

test('[PS8] a manager that answers in time is left alone', async (t) => {
  const world = await KernelWorld.open()
  await world.locus(await world.container('a'))
  const { region } = world.sim
  region.words.store(region.locusWord(slot, 'state'), locusStates.quiet)
  for (let i = 0; i < 3; i++) {
    postTrap(region, slot, {
      container: 0 as never,
      offset: 0,
      access: 'read',
      manager: actorPorts.firstManager,
    })
    world.tick(60)
    for (const trap of takeTraps(region, actorPorts.firstManager)) trap.answer('ok')
    region.words.store(region.locusWord(slot, 'trapState'), trapStates.idle)
  }

  t.deepEqual(
    world.orders.filter((each) => each.order === 'stop_actor'),
    [],
  )
})

test('[PS11] a locus’s last twelve faults can be read, the newest first', (t) => {
  const { region } = smallMachine(64, 4)
  t.deepEqual(faultHistory(region, slot), [])
  for (let i = 0; i < 30; i++) {
    const access = i % 2 === 0 ? 'read' : 'write'
    postTrap(region, slot, { container, offset: i * 4096 + 5, access, manager })
    for (const trap of takeTraps(region, manager)) trap.answer('ok')
    region.words.store(region.locusWord(slot, 'trapState'), trapStates.idle)
  }

  t.deepEqual(
    faultHistory(region, slot),
    Array.from({ length: 12 }, (_, back) => ({
      container,
      offset: (29 - back) * 4096 + 5,
      access: (29 - back) % 2 === 0 ? 'read' : 'write',
    })),
  )
  t.deepEqual(faultHistory(region, asLocus(1)), [])

  region.words.store(region.locusWord(slot, 'faultHistory') + 4 * (30 % 12), 0)
  t.is(faultHistory(region, slot).length, 11)
})
