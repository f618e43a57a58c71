/** What holds the log of a disk with little room, and when it is given up. */
import { actorPorts } from '@katydid/abi'
import test from 'ava'
import { CampaignHost } from '../campaign/host.js'
import { programsOf } from '../campaign/campaign-run.js'
import { crashShape } from '../campaign/scripted-run.js'
import { WholeWorld } from '../campaign/whole-world.js'
import { unitsOf } from '@katydid/kernel/state-interval/units.js'
import type { AnySignature, ArgsOf, PortId, Reply } from '@katydid/abi'
import { CountingMessenger } from '../campaign/counting-messenger.js'
import type { Messenger } from '@katydid/actor'

/** Says of no snapshot but the manager's own that it is stable, while it is on. The first that a manager speaks of is its own. */
class HoldingMessenger extends CountingMessenger {
  readonly #holding: { readonly isOn: boolean; own: unknown }

  constructor(inner: Messenger, holding: { readonly isOn: boolean; own: unknown }) {
    super(inner, () => {})
    this.#holding = holding
  }

  override call<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    onReply: (reply: Reply<S>) => void,
    deadlineMs?: number,
  ): void {
    if (signature.name === 'state_interval_stable') {
      const { cont } = args as { readonly cont?: unknown }
      this.#holding.own ??= cont
      if (this.#holding.isOn && cont !== this.#holding.own) return
    }
    super.call(to, signature, args, onReply, deadlineMs)
  }
}

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

test('[DK42] the record of a point that is not on the line is kept, also of a container that has none on it', async (t) => {
  const world = new WholeWorld(5, crashShape.world, programsOf(crashShape))
  const holding = { isOn: false, own: null as unknown }
  world.wrap = (inner) => new HoldingMessenger(inner, holding)
  await world.open()
  const host = new CampaignHost(world)
  const { machine } = world.kernel
  const begin = async (name: string): Promise<void> => {
    await host.create(name, 30)
    await host.adopt(name)
    await host.setProgram(name, 'fill')
    await host.start(`l-${name}`, name)
    world.run(60)
  }
  await begin('a')
  await host.snapshot(true)
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) {
      world.stabilise()
      world.run(100)
    }
  }
  // The point of a falls so far behind that it is written again while that of b is not.
  rounds(10)
  const seen: boolean[] = []
  const trim = machine.log.trim.bind(machine.log)
  machine.log.trim = (after) => {
    for (const { history } of unitsOf(machine))
      for (const { capture } of history.base === null ? history.newer : [])
        if (capture.durable) seen.push(after <= capture.after)
    trim(after)
  }
  // Its image is never stable, so the line does not reach it, while others give up log.
  holding.isOn = true
  await begin('b')
  await host.snapshot(false)
  rounds(30)

  t.true(seen.length > 0)
  t.false(seen.includes(false))
})
