/** The first call between two machines: who is let in, and who is told why not. */
import { actorPorts, asMachine, managerUpcalls, networkCalls } from '@katydid/abi'
import { abiHash, encodeCall } from '@katydid/actor'
import test from 'ava'
import { fault } from '../actor/actors.js'
import { SimMachines } from './sim-machines.js'

test('[NW10] machines of one world let each other in, and each knows the other’s incarnation', (t) => {
  const world = new SimMachines(1, 3)

  t.true(world.settle())

  for (const id of [1, 2, 3])
    t.deepEqual(
      world.machine(id).driver.peers.all.map(({ machine, incarnation }) => [machine, incarnation]),
      [1, 2, 3].filter((other) => other !== id).map((other) => [other, 1]),
    )
})

test('[NW10] a machine of another world is refused with a sentence, calls nobody and is called by nobody', (t) => {
  const world = new SimMachines(1, 2)
  world.crash(2)
  world.start(2, { world: 'another world' })
  const endings: string[] = []
  const both = (): boolean =>
    [1, 2].every((id) => world.machine(id).driver.peers.all[0]!.state === 'refused')
  t.true(world.network.runUntil(both, 10_000))

  world.call(1, 2, (status) => endings.push(status))
  world.call(2, 1, (status) => endings.push(status))
  world.network.run(world.network.clock.nowMs() + 100)

  t.deepEqual(endings, ['unreachable', 'unreachable'])
  t.deepEqual(world.executed, [])
  t.regex(world.machine(1).peers.at(-1)!.detail, /machine 2 is of world another world/)
})

test('[NW10] a machine that was refused and calls all the same is not served', (t) => {
  const world = new SimMachines(1, 2)
  world.crash(2)
  world.start(2, { world: 'another world' })
  const { driver, peers } = world.machine(2)
  t.true(world.network.runUntil(() => peers.at(-1)?.state === 'refused', 10_000))
  const endings: string[] = []
  // As if it had been let in.
  driver.calls.out.open(asMachine(1))
  world.call(2, 1, (status) => endings.push(status), 1000)

  world.network.run(world.network.clock.nowMs() + 2000)

  t.deepEqual(endings, ['unreachable'])
  t.deepEqual(world.executed, [])
})

test('[NW10] a refused machine that comes back as one of the world is let in', (t) => {
  const world = new SimMachines(1, 2)
  world.crash(2)
  world.start(2, { world: 'another world' })
  world.network.run(1000)
  world.crash(2)
  world.start(2)

  t.true(world.settle())
})

/** Makes a hello as a machine of the world would not, from within its driver. */
function badHello(change: Partial<Record<'world' | 'abi', string> & { machine: number }>) {
  const world = new SimMachines(1, 2)
  world.settle()
  const { driver } = world.machine(1)
  const args = { world: 'one world', incarnation: 1, abi: abiHash(), ...change }
  const machine = asMachine(change.machine ?? 1)
  const body = encodeCall(networkCalls.machineHello, { ...args, machine })
  const { network } = actorPorts
  const call = { port: network, from: network, generation: 1, body, deadlineMs: 1000 }
  const answers: Uint8Array[] = []
  driver.calls.out.call(asMachine(2), call, world.network.clock.nowMs(), (outcome) => {
    if (outcome.status === 'ok') answers.push(outcome.body)
  })
  world.network.run(world.network.clock.nowMs() + 100)
  return new TextDecoder().decode(answers[0])
}

test('[NW10] other calls or layouts, or a number that is not its own, are refused, each with its sentence', (t) => {
  t.regex(badHello({ abi: 'of last year' }), /the caller of last year/)
  t.regex(badHello({ machine: 7 }), /the caller calls itself machine 7/)
  t.regex(badHello({ world: 'mine' }), /machine 1 of mine/)
})

test('[NW10] a call that comes before its machine was let in waits for that', (t) => {
  const world = new SimMachines(3, 2, { latencyMs: 20 })
  const endings: string[] = []
  world
    .machine(1)
    .remote.to(asMachine(2))
    .call(actorPorts.kernel, managerUpcalls.containerFault, fault(1), ({ status }) =>
      endings.push(status),
    )

  world.network.run(1000)

  t.deepEqual(endings, ['ok'])
})

test('[NW10] the hash changes with any signature, and is the same for all who were built of one source', (t) => {
  t.regex(abiHash(), /^[0-9a-f]{16}$/)
  t.is(abiHash(), abiHash())
})
