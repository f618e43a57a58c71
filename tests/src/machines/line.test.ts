/** SI: the line over machines: what each tells, what each finds, and what none gives up. Real kernels, disks and wires in the simulator. */
import { asMachine } from '@katydid/abi'
import { isForeign } from '@katydid/kernel/machines/foreign-units.js'
import { unitsOf } from '@katydid/kernel/state-interval/units.js'
import test from 'ava'
import { KernelWorld } from '../kernel/support/kernel-world.js'
import { MachineBank } from './bank.js'

const [one, two, three] = [asMachine(1), asMachine(2), asMachine(3)]
const machineOf = (bank: MachineBank, id: typeof one) => bank.world(id).kernel.machine

/** Everything that has happened is captured on this machine, and on its disk. */
function captured(bank: MachineBank, id: typeof one): boolean {
  bank.snapshot(id)
  return bank.until(() => {
    const { captures } = machineOf(bank, id)
    return captures.rendezvous === null && captures.newer.every(({ durable }) => durable)
  })
}

test('[SI161] what has received of another machine is not on the line before that is durable there, and is then', async (t) => {
  const bank = await MachineBank.open(1, {
    machines: 2,
    accounts: 1,
    world: { behaviour: { stabilise: false } },
  })
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.true(bank.until(() => bank.container('2 a0').letters?.waiting.length === 1))
  // Only the records count here: nothing was written to pages.
  const before = bank.line('2 a0')
  bank.wires.wires.partition([[one], [two]])
  t.true(captured(bank, two))
  bank.run(2_000)
  t.is(bank.line('2 a0'), before)
  bank.wires.wires.healAll()
  t.true(captured(bank, one))
  t.true(bank.until(() => bank.line('2 a0') > before))
  t.deepEqual([...bank.problems, ...bank.lineProblems(false)], [])
  for (const id of [one, two]) {
    t.true(unitsOf(machineOf(bank, id)).every(({ unit }) => !isForeign(unit)))
    t.true([...machineOf(bank, id).captures.vector.keys()].every((unit) => !isForeign(unit)))
  }
})

test('[SI162] a machine that was silent, or starts, hears the line and all that is durable since', async (t) => {
  const bank = await MachineBank.open(2, { machines: 3, accounts: 1 })
  bank.wires.wires.partition([[three], [one, two]])
  t.true(bank.pay('1 a0', '2 a0', 7))
  t.true(bank.until(() => bank.container('2 a0').letters?.waiting.length === 1))
  t.true(captured(bank, one) && captured(bank, two))
  t.true(bank.until(() => bank.line('1 a0') > 1 && bank.line('2 a0') > 1))
  const known = (): (number | undefined)[] =>
    [one, two].map((id) =>
      machineOf(bank, three).across!.known.lines.get(
        id * 2 ** 32 + Number(bank.container(`${id} a0`).slot),
      ),
    )
  t.notDeepEqual(known(), [bank.line('1 a0'), bank.line('2 a0')])
  bank.wires.wires.healAll()
  t.true(bank.until(() => known().every((line, nth) => line === bank.line(`${nth + 1} a0`))))
  bank.restart(three, 500)
  t.true(bank.until(() => bank.agrees))
  t.true(bank.until(() => known().every((line, nth) => line === bank.line(`${nth + 1} a0`))))
  t.deepEqual(bank.problems, [])
})

test('[SI162] what becomes durable while a whole call is on its way is told after it', async (t) => {
  const wires = { latencyMs: 200 }
  const bank = await MachineBank.open(7, { machines: 2, accounts: 1, wires })
  const { streams } = machineOf(bank, one).across!
  const { known } = machineOf(bank, two).across!
  const stream = streams.get(two)!
  stream.beginAnew()
  t.true(bank.until(() => stream.number === 0 && stream.isTelling))
  t.true(bank.pay('1 a0', '2 a0', 1))
  const line = bank.line('1 a0')
  t.true(captured(bank, one) && bank.until(() => bank.line('1 a0') > line))
  t.true(stream.number === 0 && stream.isTelling)
  const unit = 2 ** 32 + bank.container('1 a0').slot
  t.true(bank.until(() => known.lines.get(unit) === bank.line('1 a0'), 5_000))
})

test('[SI163] each machine gives up its log by its own line, and whoever starts misses nothing of it', async (t) => {
  const bank = await MachineBank.open(3, { machines: 2, accounts: 2 })
  for (let round = 0; round < 25; round++) {
    t.true(
      bank.until(() => bank.pay('1 a0', '2 a1', 1)) &&
        bank.until(() => bank.pay('2 a0', '1 a1', 1)),
    )
    t.true(bank.settle())
    for (const id of [one, two]) t.true(captured(bank, id))
  }
  t.true(bank.until(() => bank.isRecoverable()))
  const line = bank.line('1 a0')
  t.true(line > 20)
  bank.restart(one, 100)
  t.true(bank.until(() => bank.agrees))
  t.is(bank.line('1 a0'), line)
  t.true(bank.until(() => bank.pay('1 a0', '2 a1', 1)))
  t.true(bank.settle() && bank.until(() => bank.isRecoverable()))
  t.deepEqual([...bank.problems, ...bank.lineProblems(false)], [])
})

test('[SI164] an epoch that one machine begins is begun by the others', async (t) => {
  const bank = await MachineBank.open(4, { machines: 3, accounts: 1 })
  for (let round = 0; round < 5; round++) t.true(captured(bank, two))
  const { epoch } = machineOf(bank, two).captures
  t.true(bank.until(() => [one, three].every((id) => machineOf(bank, id).captures.epoch === epoch)))
  bank.run(3_000)
  t.is(machineOf(bank, two).captures.epoch, epoch)
})

test('[SI165] what waits for another machine’s point drains nothing', async (t) => {
  const bank = await MachineBank.open(5, { machines: 2, accounts: 1 })
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.true(bank.until(() => bank.container('2 a0').letters?.waiting.length === 1))
  bank.wires.wires.partition([[one], [two]])
  const drains = machineOf(bank, two).captures.drains.count
  for (let round = 0; round < 5; round++) {
    t.true(captured(bank, two))
    bank.run(2_500)
  }
  t.true(machineOf(bank, two).captures.line < machineOf(bank, two).captures.epoch)
  t.is(machineOf(bank, two).captures.drains.count, drains)
})

test('[SI176] a world of one machine writes what it always did', async (t) => {
  const world = await KernelWorld.open()
  await world.container('a')
  await world.call('world_snapshot', { durable: true })
  const { captures, across } = world.kernel.machine
  t.is(across, null)
  const [container] = world.kernel.machine.containers
    .live()
    .filter(({ selfManaged }) => !selfManaged)
  const { record } = container!.intervals.history.base!.capture
  t.false(record.containers.some((each) => 'letters' in each))
  t.true(captures.line > 0)
  const next = await KernelWorld.open({ earlier: world })
  t.is(next.kernel.machine.captures.line, captures.line)
})

test('[SI178] a kept line is not gone back to by one machine of several', async (t) => {
  const bank = await MachineBank.open(6, { machines: 2, accounts: 1 })
  const answer: string[] = []
  void bank
    .world(one)
    .kernel.call('line_rollback', { line: 1, dry: true })
    .then(({ status }) => answer.push(status))
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  t.deepEqual(answer, ['not_supported'])
})
