/** The page tables of transactions, as the kernel gives and takes them. In the simulator. */
import { transactionCalls, type Capref } from '@katydid/abi'
import test from 'ava'
import { CampaignHost } from '../campaign/host.js'
import type { SimLocus } from '../campaign/sim-locus.js'
import { transactional, WholeWorld, type SimProgram } from '../campaign/whole-world.js'
import { transactionShape } from './sim-transactions.js'

type Step<T> =
  ReturnType<SimLocus['sleep']> extends Generator<infer Y> ? Generator<Y, T, void> : never

interface Stage {
  readonly world: WholeWorld
  readonly host: CampaignHost
  readonly bank: Capref
  /** What loci met at their begin. */
  readonly met: string[]
  /** They abort, and end. */
  letGo: () => void
}

/** Loci of one container begin a transaction on another, and hold it until they are let go. */
async function stage(maxContainers: number, loci: number): Promise<Stage> {
  const met: string[] = []
  const state = { cap: 0 as Capref, goes: false }
  function* program(locus: SimLocus): Step<Uint8Array> {
    const args = { cont: state.cap, timeoutMs: 5000, age: 0 }
    const begun = yield* locus.call(transactionCalls.transactionBegin, args)
    met.push(begun.status)
    while (!state.goes) yield* locus.sleep(1)
    if (begun.status !== 'ok') return new Uint8Array(0)
    const { transaction } = begun
    yield* locus.call(transactionCalls.transactionAbort, { transaction })
    return new Uint8Array(0)
  }
  const shape = { ...transactionShape, maxContainers }
  const world = new WholeWorld(5, shape, new Map<string, SimProgram>([['hold', program]]))
  const host = new CampaignHost(world)
  await world.open()
  await host.create('bank', 8)
  await host.create('home', 8)
  await host.adopt('home')
  await host.setProgram('home', 'hold')
  const bank = (await host.find('bank')) as Capref
  const home = (await host.find('home')) as Capref
  await host.call('manage_request', { cont: bank, manager: transactional.name }, 'ok')
  world.model.containers.get('bank')!.adopted = true
  const copied = await host.call('cap_copy', { cap: bank, to: home, rights: 255 }, 'ok')
  state.cap = copied['cap'] as Capref
  await host.snapshot(true)
  for (let i = 0; i < loci; i++) await host.start(`l${i}`, 'home')
  world.until(() => met.length === loci, 1000)
  const letGo = (): void => {
    state.goes = true
    world.until(() => [...world.model.loci.values()].every(({ end }) => end !== null), 5000)
    world.run(50)
  }
  return { world, host, bank, met, letGo }
}

const overlays = ({ world }: Stage): number => world.kernel.machine.overlays.all().length

test('[TX7] a container with an open transaction is busy to whoever destroys it, and not afterwards', async (t) => {
  const held = await stage(12, 2)
  const destroy = async (): Promise<string> =>
    (await held.world.call('container_destroy', { cont: held.bank })).status

  t.deepEqual(held.met, ['ok', 'ok'])
  t.is(await destroy(), 'busy')
  t.is(overlays(held), 2)
  held.letGo()
  t.is(overlays(held), 0)
  t.is(await destroy(), 'ok')
  t.deepEqual(held.world.problems, [])
})

test('[TX7] more transactions than slots are no_resource, and slots come back', async (t) => {
  // Two managers and two containers, and room for two overlays.
  const held = await stage(6, 4)

  t.deepEqual(held.met.toSorted(), ['no_resource', 'no_resource', 'ok', 'ok'])
  t.is((await held.world.call('container_create', { size: 4096, name: 'x' })).status, 'no_resource')
  held.letGo()
  t.is((await held.world.call('container_create', { size: 4096, name: 'x' })).status, 'ok')
  t.deepEqual(held.world.problems, [])
})

test('[TX7] a rollback takes all overlays, and the slots of those whose loci are entered again too', async (t) => {
  const held = await stage(12, 3)
  const { world } = held
  const first = world.kernel.machine.overlays.all()

  world.killLocus(world.lociPorts()[0]!)
  world.until(() => world.of('rollback').length > 0, 5000)
  world.run(100)

  t.is(first.length, 3)
  t.is(overlays(held), 0)
  t.deepEqual(world.problems, [])
})
