/** PS: clean frames taken by force, on the real kernel in the simulator; the test answers frames_taken in the manager's place. */
import {
  actorPorts,
  asPageSet,
  asPort,
  containerCalls,
  entryBits,
  frameNotices,
  pageSetCalls,
  type Frame,
} from '@katydid/abi'
import { later } from '@katydid/actor'
import { Lcd } from '@katydid/memory'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

interface Scene {
  readonly world: KernelWorld
  readonly lcd: Lcd
  readonly clean: readonly Frame[]
  readonly dirty: readonly Frame[]
  /** What a rival that asks for a frame is answered. */
  readonly ask: (forMs: number) => { status: string; frames: readonly Frame[] }[]
}

/** A manager that never discards has every frame; four of them are shown read-only, three for writing. */
async function scene(): Promise<Scene> {
  const world = await KernelWorld.open({ behaviour: { discards: 'never' } })
  const manager = world.manager!
  await world.container('a')
  manager.addFrames(1000)
  world.run(20)
  const token = [...manager.managed.keys()].at(-1)!
  const { capability, slot } = manager.managed.get(token)!
  const window = { cont: capability, base: 0, length: 65536 }
  world.managerMessenger.call(actorPorts.kernel, containerCalls.windowOpen, window, () => {})
  world.run(20)
  const lcd = Lcd.open(world.sim.region, {
    container: slot as never,
    manager: actorPorts.firstManager,
    pageSet: manager.pageSet,
  })
  const clean = manager.frames.slice(0, 4)
  const dirty = manager.frames.slice(4, 7)
  for (const [page, frame] of clean.entries())
    lcd.install([{ offset: page * 4096, frame, access: 'read' }])
  for (const [page, frame] of dirty.entries())
    lcd.install([{ offset: (8 + page) * 4096, frame, access: 'write' }])
  const port = asPort(4)
  const { machine } = world.kernel
  const first = machine.managers.at(actorPorts.firstManager)!
  machine.managers.add({ ...first, port, own: null, root: null, state: 'running' })
  const messenger = world.sim.endpoint(port)
  return {
    world,
    lcd,
    clean,
    dirty,
    ask: (forMs) => {
      const answers: { status: string; frames: readonly Frame[] }[] = []
      messenger.call(actorPorts.kernel, pageSetCalls.pageSetCreate, { least: 0 }, (made) => {
        if (made.status !== 'ok') return
        const args = { pageset: made.pageset, pageCount: 1 }
        messenger.call(actorPorts.kernel, pageSetCalls.pageSetAdd, args, (reply) =>
          answers.push({ status: reply.status, frames: reply.status === 'ok' ? reply.frames : [] }),
        )
      })
      world.run(forMs)
      return answers
    },
  }
}

test('[PS13] who discards nothing loses clean frames that nobody touched, and no others', async (t) => {
  const { world, lcd, clean, dirty, ask } = await scene()
  const { region } = world.sim
  const named: Frame[] = []
  const access: number[] = []
  world.managerMessenger.serve(frameNotices, {
    framesTaken: ({ frames }) => {
      named.push(...frames)
      for (const frame of frames) {
        const offset = clean.indexOf(frame) * 4096
        access.push(region.words.load(region.words.load(region.frameWord(frame, 'entry')) >> 2))
        lcd.remove([offset])
      }
      return { status: 'ok', frames }
    },
  })

  const [answer] = ask(4900)

  t.is(answer?.status, 'ok')
  t.true(named.length > 0)
  t.true(named.every((frame) => clean.includes(frame) && !dirty.includes(frame)))
  t.true(access.every((entry) => (entry & ~entryBits.frameMask) === 0))
  t.true(named.includes(answer!.frames[0]!))
})

test('[PS13] a frame that its manager says it gave and still shows is not taken', async (t) => {
  const { world, ask } = await scene()
  const { region } = world.sim
  let asked = 0
  world.managerMessenger.serve(frameNotices, {
    framesTaken: ({ frames }) => {
      asked++
      return { status: 'ok', frames }
    },
  })

  const [answer] = ask(6000)

  t.true(asked > 0)
  t.is(answer?.status, 'no_frames')
  const shown = world.manager!.frames.filter(
    (frame) => region.words.load(region.frameWord(frame, 'entry')) !== 0,
  )
  t.true(
    shown.every(
      (frame) =>
        region.words.load(region.frameWord(frame, 'owner')) === Number(asPageSet(1)) ||
        region.words.load(region.frameWord(frame, 'owner')) === world.manager!.pageSet,
    ),
  )
})

test('[PS13] a manager that does not even answer is ended', async (t) => {
  const { world, ask } = await scene()
  world.managerMessenger.serve(frameNotices, { framesTaken: () => later })

  ask(9000)
  world.tick(20)

  t.true(
    world.orders.some(
      (each) => each.order === 'stop_actor' && each.port === actorPorts.firstManager,
    ),
  )
})
