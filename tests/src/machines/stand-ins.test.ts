/** CP: capabilities for containers of other machines, and the stand-ins that they name. */
import { asMachine, capabilityTables, rights, type Capref } from '@katydid/abi'
import type { HostAnswer } from '@katydid/kernel'
import { savedTable } from '@katydid/kernel/capability/saved-table.js'
import test from 'ava'
import { MachineBank } from './bank.js'

const [one, two] = [asMachine(1), asMachine(2)]
const open = (seed: number): Promise<MachineBank> =>
  MachineBank.open(seed, { machines: 2, accounts: 2 })

const host = (bank: MachineBank, on: typeof one, name: string, args: object): Promise<HostAnswer> =>
  bank.host(on, name, args)

const capOf = async (bank: MachineBank, on: typeof one, name: string): Promise<Capref> =>
  (await host(bank, on, 'container_find', { name }))['cont'] as Capref

const machineOf = (bank: MachineBank, id: typeof one) => bank.world(id).kernel.machine
const standInsOf = (bank: MachineBank, id: typeof one) => machineOf(bank, id).containers.standIns()

function tick(bank: MachineBank, id: typeof one): void {
  const { region } = machineOf(bank, id)
  region.words.add(region.machineWord('tick'), 1)
}

/** What the container of that name on that machine holds of others. */
function farIn(bank: MachineBank, id: typeof one, name: string) {
  const machine = machineOf(bank, id)
  const { slot } = machine.containers.named(name)!
  const table = capabilityTables.ofContainer(machine.region.plan.shape, slot)
  return savedTable(machine, table).flatMap((each) => each.far ?? [])
}

test('[CP40] a capability for a container of another machine names a stand-in, which is no container of this machine', async (t) => {
  const bank = await open(31)
  const target = await capOf(bank, two, 'a1')
  const given = await host(bank, one, 'cap_give', {
    cap: await capOf(bank, one, 'a0'),
    machine: two,
    to: target,
    rights: rights.invoke | rights.copy,
  })
  t.is(given.status, 'ok')
  const [standIn] = standInsOf(bank, two)
  const home = bank.container('1 a0')
  t.deepEqual(standIn!.home, { machine: one, slot: home.slot, generation: home.generation })
  const { containers } = machineOf(bank, two)
  t.is(containers.at(standIn!.slot), null)
  t.is(containers.anyAt(standIn!.slot), standIn!)
  t.deepEqual(
    containers
      .live()
      .map(({ name }) => name)
      .toSorted(),
    ['', 'a0', 'a1'],
  )
  const status = await host(bank, two, 'world_status', {})
  const told = (status['containers'] as { readonly name: string }[]).map(({ name }) => name)
  t.deepEqual(told.toSorted(), ['(manager 3)', 'a0', 'a1'])
  t.deepEqual(
    farIn(bank, two, 'a1').map(({ machine, slot, generation }) => [machine, slot, generation]),
    [[one, home.slot, home.generation]],
  )
})

test('[CP41] a stand-in is in no point, and what its capabilities name is: a machine that starts makes it again', async (t) => {
  const bank = await open(32)
  const given = await host(bank, one, 'cap_give', {
    cap: await capOf(bank, one, 'a0'),
    machine: two,
    to: await capOf(bank, two, 'a1'),
    rights: rights.invoke,
  })
  t.is(given.status, 'ok')
  const before = farIn(bank, two, 'a1')
  for (const world of bank.worlds.values())
    void world.kernel.call('world_snapshot', { durable: true })
  t.true(bank.until(() => bank.isRecoverable() && bank.line('2 a1') > 1))
  bank.run(2_000)
  bank.restart(two)
  t.true(bank.until(() => bank.agrees))
  t.deepEqual(farIn(bank, two, 'a1'), before)
  t.is(standInsOf(bank, two).length, 1)
  t.deepEqual(bank.problems, [])
})

test('[CP42] what was given of a container that never was goes with it', async (t) => {
  const bank = await open(33)
  // Made, handed on, and not captured: nobody has it on the disk.
  const made = await host(bank, one, 'container_create', { size: 65536, name: 'young' })
  const given = await host(bank, one, 'cap_give', {
    cap: made['cont'],
    machine: two,
    to: await capOf(bank, two, 'a1'),
    rights: rights.invoke,
  })
  t.is(given.status, 'ok')
  t.is(farIn(bank, two, 'a1').length, 1)
  bank.restart(one)
  t.true(bank.until(() => bank.agrees))
  t.is(farIn(bank, two, 'a1').length, 0)
  tick(bank, two)
  t.true(bank.until(() => standInsOf(bank, two).length === 0))
  // The bank’s books know nothing of what was handed on.
  t.deepEqual(
    bank.problems.map((each) => each.slice(0, 14)),
    ['I16: 2 a1 went'],
  )
})

test('[CP43] a host finds a container of another machine by its name, and hands it on there', async (t) => {
  const bank = await open(34)
  const found = await host(bank, two, 'container_find_on', { machine: one, name: 'a1' })
  t.is(found.status, 'ok')
  const copied = await host(bank, two, 'cap_copy', {
    cap: found['cont'],
    to: await capOf(bank, two, 'a0'),
    rights: rights.invoke,
  })
  t.is(copied.status, 'ok')
  t.is(farIn(bank, two, 'a0').length, 1)
  // Calls that are answered where a container lives say so elsewhere.
  for (const [name, args] of [
    ['container_destroy', { cont: found['cont'] }],
    ['locus_create', { cont: found['cont'], block: new Uint8Array(0), name: '' }],
    ['cap_derive', { cap: found['cont'], rights: rights.invoke }],
    ['manage_request', { cont: found['cont'], manager: '' }],
  ] as const)
    t.is((await host(bank, two, name, args)).status, 'not_supported', name)
  const none = await host(bank, two, 'container_find_on', { machine: one, name: 'nobody' })
  t.is(none.status, 'no_such_container')
  const nowhere = await host(bank, two, 'container_find_on', { machine: 9, name: 'a1' })
  t.is(nowhere.status, 'bad_argument')
  const self = await host(bank, two, 'cap_give', {
    cap: found['cont'],
    machine: one,
    to: await capOf(bank, one, 'a0'),
    rights: rights.invoke,
  })
  // Back home it is a capability like any other.
  t.is(self.status, 'ok')
  t.is(farIn(bank, one, 'a0').length, 0)
})

test('[CP44] a stand-in that no capability names any more leaves its slot', async (t) => {
  const bank = await open(35)
  const found = await host(bank, two, 'container_find_on', { machine: one, name: 'a1' })
  t.is(standInsOf(bank, two).length, 1)
  t.is((await host(bank, two, 'cap_remove', { cap: found['cont'] })).status, 'ok')
  tick(bank, two)
  t.true(bank.until(() => standInsOf(bank, two).length === 0))
})
