/** DK: who may use the disk, as the kernel says by capabilities and the driver looks up. Kernel and driver are real. */
import {
  actorPorts,
  asFrame,
  asInterval,
  asPosition,
  asToken,
  capabilityCalls,
  containerCalls,
  diskCalls,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type Reply,
} from '@katydid/abi'
import { beginTransfer } from '@katydid/memory'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const calls: readonly (readonly [AnySignature, object])[] = [
  [diskCalls.diskWrite, { pages: [], records: [], barrier: false }],
  [diskCalls.diskSync, {}],
  [diskCalls.diskFree, { segments: [] }],
  [diskCalls.diskTrim, { from: asPosition(1) }],
  [diskCalls.diskScan, { from: asPosition(0), cursor: 0, limit: 1 }],
  [diskCalls.diskStatus, {}],
  [diskCalls.diskSegment, { segment: 0 }],
]

function say<S extends AnySignature>(world: KernelWorld, call: S, args: ArgsOf<S>): Reply<S> {
  let reply: Reply<S> | null = null
  world.managerMessenger.call(actorPorts.disk, call, args, (answer) => (reply = answer))
  world.run(50)
  if (reply === null) throw new Error(`${call.name} was not answered`)
  return reply
}

const statuses = (world: KernelWorld): string[] =>
  calls.map(([call, args]) => say(world, call, args as never).status)

function diskCap(world: KernelWorld): Capref {
  const { caps } = world.said(world.managerMessenger, containerCalls.capList, {
    table: 'own',
  }) as { caps: readonly { cap: Capref; kind: string }[] }
  return caps.find(({ kind }) => kind === 'disk')!.cap
}

test('[DK22] a manager has its disk by the capability that the kernel gave it, and none once that is removed', async (t) => {
  const world = await KernelWorld.open()

  const before = statuses(world)
  world.said(world.managerMessenger, capabilityCalls.capRemove, { cap: diskCap(world) })
  const after = statuses(world)

  t.deepEqual(new Set(before), new Set(['ok']))
  t.deepEqual(new Set(after), new Set(['right_missing']))
})

test('[DK22] a capability of fewer rights allows what they say, and dies with its group', async (t) => {
  const world = await KernelWorld.open()
  const { managerMessenger } = world
  const cap = diskCap(world)
  const derived = world.said(managerMessenger, capabilityCalls.capDerive, { cap, rights: 1 })
  world.said(managerMessenger, capabilityCalls.capRemove, { cap })

  const reading = statuses(world)
  const { group } = derived as { group: Capref }
  world.said(managerMessenger, capabilityCalls.groupDestroy, { group })
  const dead = statuses(world)

  t.deepEqual(
    reading.map((status) => status === 'ok'),
    [false, false, false, false, true, true, true],
  )
  t.deepEqual(new Set(dead), new Set(['right_missing']))
})

test('[DK22] the transfers of a write that is refused end', async (t) => {
  const world = await KernelWorld.open()
  const { region } = world.sim
  const frame = asFrame(region.plan.firstFrame / 4096 + 9)
  world.said(world.managerMessenger, capabilityCalls.capRemove, { cap: diskCap(world) })
  beginTransfer(region, frame)

  const page = { cont: asToken(1), stateInterval: asInterval(1), page: 0, frame, content: null }
  const reply = say(world, diskCalls.diskWrite, { pages: [page], records: [], barrier: false })

  t.is(reply.status, 'right_missing')
  t.is(region.words.load(region.frameWord(frame, 'transfer')), 0)
})

test('[DK22] a manager that is started again has its disk again', async (t) => {
  const world = await KernelWorld.open()
  world.said(world.managerMessenger, capabilityCalls.capRemove, { cap: diskCap(world) })

  world.die(actorPorts.firstManager)
  world.run(2_000)

  t.deepEqual(new Set(statuses(world)), new Set(['ok']))
})
