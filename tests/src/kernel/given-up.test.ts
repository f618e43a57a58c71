/** MG: a manager, other than the first, that fails again and again: its containers stop, and the rest of the world goes on. */
import { actorPorts, asPort } from '@katydid/abi'
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const second = asPort(actorPorts.firstManager + 1)
const others = [{ name: 'weak' }] as const

/** A container under each manager, with a snapshot on the line; then the second dies as often as it is started. */
async function withoutTheSecond() {
  const world = await KernelWorld.open({ others })
  const sound = await world.container('sound')
  world.write()
  const lost = await world.container('lost', 65536, 'weak')
  world.write(undefined, second)
  const port = await world.locus(lost, 'inside')
  world.setState(port, 'resting')
  world.setRegister(port, 0, 7n)
  await world.call('world_snapshot', { durable: true })
  await dieAgainAndAgain(world, 6)
  const found = await world.call('container_find', { name: 'lost' })
  return { world, sound, lost: found['cont'] }
}

async function dieAgainAndAgain(world: KernelWorld, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    world.die(second)
    await world.call('locus_find', { name: '' })
    world.run(500)
  }
}

const stateOf = async (world: KernelWorld, name: string): Promise<unknown> => {
  const { containers } = await world.call('world_status', {})
  return (containers as { name: string; state: string }[]).find((each) => each.name === name)?.state
}

test('[MG70] after five failures in a minute the manager is started once more, after the sixth it is given up with a sentence', async (t) => {
  const world = await KernelWorld.open({ others })
  await world.container('lost', 65536, 'weak')
  await dieAgainAndAgain(world, 5)
  const before = world.kernel.machine.managers.at(second)!.state

  await dieAgainAndAgain(world, 1)

  t.is(before, 'running')
  t.is(world.kernel.machine.managers.at(second)!.state, 'given_up')
  const [told] = world.of('manager_given_up')
  t.is(told?.name, 'weak')
  t.regex(told?.detail ?? '', /“weak” failed 6 times in a minute and was given up/)
  t.is(world.kernel.machine.phase, 'open')
  t.deepEqual(world.of('failed'), [])
})

test('[MG70] failures that lie more than a minute apart do not add up', async (t) => {
  const world = await KernelWorld.open({ others })
  for (let i = 0; i < 3; i++) {
    await dieAgainAndAgain(world, 3)
    world.run(70_000)
  }

  t.is(world.kernel.machine.managers.at(second)!.state, 'running')
})

test('[MG71] its containers stop: their loci end with manager_failed, and calls that need their pages are refused with the reason', async (t) => {
  const { world, lost } = await withoutTheSecond()

  const locus = await world.call('locus_create', { cont: lost, block: new Uint8Array(0), name: '' })
  const snapshot = await world.call('snapshot_request', { cont: lost })
  const { cont } = await world.call('container_create', { size: 4096, name: 'new' })
  const adopted = await world.call('manage_request', { cont, manager: 'weak' })

  t.is(await stateOf(world, 'lost'), 'failed')
  for (const each of [locus, snapshot, adopted]) {
    t.is(each.status, 'manager_failed')
    t.regex(each.detail, /“weak” failed 6 times in a minute/)
  }
  const ended = world.of('locus_ended').filter(({ name }) => name === 'inside')
  t.deepEqual(
    ended.map(({ status }) => status),
    ['manager_failed'],
  )
  t.is([...world.loci.keys()].length, 0)
})

test('[MG71] the rest of the world goes on: loci run, captures become recoverable, and keep what has stopped as it was', async (t) => {
  const { world } = await withoutTheSecond()
  const before = world.kernel.machine.captures.line
  const lostBefore = world.kernel.machine.containers.named('lost')!.intervals.label
  const sound = (await world.call('container_find', { name: 'sound' }))['cont']

  await world.locus(sound as never, 'goes on')
  world.setState([...world.loci.keys()][0]!, 'resting')
  world.write()
  const taken = await world.call('world_snapshot', { durable: true })

  t.is(taken.status, 'ok')
  t.true(world.kernel.machine.captures.line > before)
  t.is(await stateOf(world, 'sound'), 'live')
  const { containers } = world.kernel.machine
  const { capture } = containers.named('lost')!.intervals.history.base!
  const lost = capture.record.containers.find(({ name }) => name === 'lost')!
  t.deepEqual([lost.manager, lost.label], [second, lostBefore])
  t.true(lost.label > 0)
  t.is(lost.loci.find(({ name }) => name === 'inside')?.end, null)
})

test('[MG71] a capture newer than the line counts only if what has stopped was on the line as well', async (t) => {
  const world = await KernelWorld.open({ others })
  await world.container('lost', 65536, 'weak')
  world.write(undefined, second)
  await world.call('world_snapshot', { durable: true })
  const { line } = world.kernel.machine.captures
  world.managers.get(second)!.behaviour.stabilise = false
  world.write(undefined, second)
  await world.call('world_snapshot', { durable: false })
  world.run(500)

  await dieAgainAndAgain(world, 6)

  t.is(world.kernel.machine.managers.at(second)!.state, 'given_up')
  t.is(world.kernel.machine.captures.line, line)
})

test('[MG72] the next opening tries again: the container is back at its snapshot and its locus goes on from its registers', async (t) => {
  const { world } = await withoutTheSecond()
  await world.call('world_snapshot', { durable: true })
  const { label } = world.kernel.machine.containers.named('lost')!.intervals

  const next = await KernelWorld.open({ earlier: world, others: [{ name: 'weak' }] })
  next.run(100)

  t.is(next.kernel.machine.managers.at(second)!.state, 'running')
  t.is(await stateOf(next, 'lost'), 'live')
  const back = next.managers.get(second)!.calls.filter((each) => each.startsWith('cont_rollback'))
  t.is(back.length, 1)
  t.is(Number(back[0]!.split(' ')[2]), label)
  t.is(next.register([...next.loci.keys()][0]!, 0), 7n)
})

test('[MG72] a container that has stopped can be destroyed, and its name is free', async (t) => {
  const { world, lost } = await withoutTheSecond()

  const gone = await world.call('container_destroy', { cont: lost })
  await world.call('world_snapshot', { durable: true })
  const again = await world.call('container_create', { size: 4096, name: 'lost' })

  t.is(gone.status, 'ok')
  t.is(again.status, 'ok')
  t.is(await stateOf(world, 'lost'), 'live')
})

test('[MG70] without its first manager no world goes on', async (t) => {
  const world = await KernelWorld.open({ others })
  for (let i = 0; i < 6; i++) {
    world.die(actorPorts.firstManager)
    world.run(500)
  }

  t.is(world.kernel.machine.phase, 'failed')
  t.is(world.of('failed')[0]?.status, 'manager_failed')
})
