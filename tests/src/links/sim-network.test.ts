/** Several machines in one simulator: one order, one clock, a region each. */
import {
  actorPorts,
  asMachine,
  asPort,
  channels,
  managerUpcalls,
  regionPlan,
  defaultShape,
} from '@katydid/abi'
import { InvariantViolation, SimNetwork, Simulator, type SimTask } from '@katydid/actor'
import type { WirePlan } from '@katydid/devices'
import test from 'ava'
import { fault } from '../actor/actors.js'
import { SimMachines } from './sim-machines.js'

const wild: WirePlan = { spreadMs: 5, tailMs: 1, loss: 0.2, duplication: 0.1, reorder: 0.2 }

/** Eight machines that call each other, two of which crash and come back. */
function play(seed: number): { hash: string; executed: string; endings: string } {
  const world = new SimMachines(seed, 8, wild)
  const endings: string[] = []
  for (let round = 0; round < 10; round++) {
    for (let from = 1; from <= 8; from++)
      world.call(from, 1 + (from % 8), (status) => endings.push(`${from} ${status}`), 1000)
    world.network.run(world.network.clock.nowMs() + 100)
    if (round === 3 || round === 6) {
      world.crash(round)
      world.network.run(world.network.clock.nowMs() + 50)
      world.start(round)
    }
  }
  world.network.run(world.network.clock.nowMs() + 2000)
  const executed = world.executed.map(({ id, at }) => `${id}@${at}`).join()
  return { hash: world.network.traceHash(), executed, endings: endings.join() }
}

test('[NW19] I22: eight machines on wild wires, with crashes, run the same for the same seed', (t) => {
  const [first, again, other] = [play(1), play(1), play(2)]

  t.deepEqual(again, first)
  t.not(other.hash, first.hash)
  t.true(first.executed.length > 100)
})

test('[NW19] each machine has its own region, ports and mail, under one clock', (t) => {
  const network = new SimNetwork(1)
  const [one, two] = [1, 2].map((id) => new Simulator(network, { machine: asMachine(id) })) as [
    Simulator,
    Simulator,
  ]
  const seen: string[] = []
  for (const sim of [one, two]) {
    const port = asPort(actorPorts.firstManager)
    sim.endpoint(port).serveSome(managerUpcalls, {
      containerFault: ({ addr }) => {
        seen.push(`${sim.machine}:${addr}`)
        return { status: 'ok' }
      },
    })
    const kernel = sim.endpoint(actorPorts.kernel)
    kernel.call(port, managerUpcalls.containerFault, fault(sim.machine), () => undefined)
  }

  network.run(10)

  t.deepEqual(seen.toSorted(), ['1:1', '2:2'])
  t.not(one.region.handle.memory, two.region.handle.memory)
  t.is(two.region.words.load(two.region.machineWord('machineId')), 2)
  t.is(one.clock, two.clock)
})

test('[NW19] a call that blocks on one machine lets all others go on', (t) => {
  const world = new SimMachines(2, 3)
  world.settle()
  const { simulator, remote } = world.machine(1)
  const statuses: string[] = []
  simulator.task(
    'blocking',
    (function* (): SimTask {
      const { kernel } = actorPorts
      statuses.push(
        remote.to(asMachine(2)).callSync(kernel, managerUpcalls.containerFault, fault(5)).status,
      )
      yield 'step'
    })(),
  )

  t.true(world.network.runUntil(() => statuses.length > 0, world.network.clock.nowMs() + 5000))

  t.deepEqual(statuses, ['ok'])
  t.deepEqual(
    world.executed.map(({ id, at }) => [id, at]),
    [[5, 2]],
  )
})

test('[NW19] a machine that crashes is gone with its tasks; what it sent may still arrive; its number is free again', (t) => {
  const world = new SimMachines(3, 2, { latencyMs: 50 })
  world.settle()
  const steps: number[] = []
  const { simulator } = world.machine(1)
  simulator.task(
    'counting',
    (function* () {
      for (;;) {
        steps.push(world.network.clock.nowMs())
        yield 5
      }
    })(),
  )
  const id = world.call(1, 2, () => undefined)
  world.network.run(world.network.clock.nowMs() + 10)
  world.crash(1)
  const before = steps.length
  world.network.run(world.network.clock.nowMs() + 200)

  t.is(steps.length, before)
  t.true(world.executed.some((each) => each.id === id))
  t.is(world.network.machine(asMachine(1)), undefined)
  t.not(world.start(1).simulator.region, simulator.region)
  t.throws(() => new Simulator(world.network, { machine: asMachine(1) }), {
    instanceOf: InvariantViolation,
    message: /NW19/,
  })
})

test('[NW17] a machine of a world of one has no mailbox with a network driver', (t) => {
  const { network } = actorPorts
  const touching = (plan: readonly { from: number; to: number }[]): number =>
    plan.filter(({ from, to }) => from === network || to === network).length

  t.is(touching(channels(4)), 0)
  t.is(touching(regionPlan(defaultShape).mailboxes), 0)
  t.is(touching(regionPlan({ ...defaultShape, network: true }).mailboxes), 12)
})
