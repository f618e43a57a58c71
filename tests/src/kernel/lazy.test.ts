/** SI: a lazy world finds its line when somebody asks. */
import test from 'ava'
import { KernelWorld } from './support/kernel-world.js'

const captured = (world: KernelWorld): void => {
  world.write()
  world.kernel.machine.changed()
}

/** Three epochs, each on the disk with its snapshot. */
async function threeEpochs(line: 'eager' | 'lazy'): Promise<KernelWorld> {
  const world = await KernelWorld.open({ line })
  await world.container('a')
  for (let i = 0; i < 3; i++) {
    captured(world)
    await world.call('world_snapshot', { durable: false })
    world.run(200)
  }
  return world
}

test('[SI60] a lazy world takes no step towards its line until it is asked, and then has the line of an eager one', async (t) => {
  const eager = await threeEpochs('eager')
  const lazy = await threeEpochs('lazy')
  const { captures, engine } = lazy.kernel.machine
  const before = [captures.line, engine.waitingCount]

  await lazy.call('world_status', {})
  lazy.run(200)

  t.deepEqual(before, [0, 3])
  t.is(lazy.of('recoverable').length, 1)
  t.is(captures.line, eager.kernel.machine.captures.line)
  t.deepEqual([...captures.vector], [...eager.kernel.machine.captures.vector])
  t.deepEqual(engine.asked, { query: 1, pressure: 0, output: 0, crash: 0 })
})

test('[SI60] a durable answer, many captures and a rollback ask', async (t) => {
  const output = await threeEpochs('lazy')
  captured(output)
  const answer = await output.call('world_snapshot', { durable: true })
  const pressed = await threeEpochs('lazy')
  for (let i = 0; i < 6; i++) {
    captured(pressed)
    await pressed.call('world_snapshot', { durable: false })
    pressed.run(200)
  }
  const lost = await KernelWorld.open({ line: 'lazy' })
  const port = await lost.locus(await lost.container('a'), 'it')
  lost.setState(port, 'resting')
  lost.setRegister(port, 0, 5n)
  await lost.call('world_snapshot', { durable: false })
  lost.run(200)
  lost.die(port)
  lost.run(500)

  t.is(answer.status, 'ok')
  t.true(output.kernel.machine.engine.asked.output > 0)
  t.true(pressed.of('recoverable').length > 0)
  t.is(lost.register([...lost.loci.keys()][0]!, 0), 5n)
})
