/** What holds the log of a disk with little room, and when it is given up. */
import { actorPorts } from '@katydid/abi'
import test from 'ava'
import { CampaignHost } from '../campaign/host.js'
import { programsOf } from '../campaign/campaign-run.js'
import { crashShape } from '../campaign/scripted-run.js'
import { WholeWorld } from '../campaign/whole-world.js'

test('[DK40] the log that only an older root page held is given up as soon as the newer one is durable, though no line comes', async (t) => {
  const world = new WholeWorld(3, crashShape.world, programsOf(crashShape))
  await world.open()
  const host = new CampaignHost(world)
  await host.create('a', 30)
  await host.adopt('a')
  await host.setProgram('a', 'fill')
  await host.start('l0', 'a')
  world.run(100)
  await host.snapshot(true)
  const { machine } = world.kernel
  const manager = machine.managers.at(actorPorts.firstManager)!
  const [before, line] = [manager.stable!, machine.captures.line]
  const trims: number[] = []
  const trim = machine.log.trim.bind(machine.log)
  machine.log.trim = (after) => {
    trims.push(after)
    trim(after)
  }
  world.stabilise()
  world.run(200)

  t.true(manager.stable!.interval > before.interval)
  t.is(machine.captures.line, line)
  t.deepEqual(world.problems, [])
  t.true(
    trims.some((after) => after > before.after),
    `${trims.join(', ')}, and the older root page stood at ${before.after}`,
  )
})
