/** SI: letters between containers of two machines: stamped once, received once, in the log until they are received for good. */
import { asMachine } from '@katydid/abi'
import { contentOf } from '@katydid/kernel/machines/letters.js'
import { sendLetter, takeLetter } from '@katydid/kernel/machines/send-letter.js'
import test from 'ava'
import { MachineBank } from './bank.js'

const [one, two] = [asMachine(1), asMachine(2)]
const aLetter = contentOf('plain', { block: Uint8Array.of(1) })
const machineOf = (bank: MachineBank, id: typeof one) => bank.world(id).kernel.machine
const logOf = (bank: MachineBank, unit: string) => bank.container(unit).letters?.log ?? []
const waitingIn = (bank: MachineBank, unit: string): number =>
  bank.container(unit).letters?.waiting.length ?? 0

test('[SI167] a letter bears the interval in which it was sent, and is part of what sender and receiver are from then on', async (t) => {
  const bank = await MachineBank.open(11, { machines: 2, accounts: 1 })
  const interval = machineOf(bank, one).containers.interval(bank.container('1 a0').slot)
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.deepEqual(
    logOf(bank, '1 a0').map((each) => [each.sequence, each.interval]),
    [[1, interval]],
  )
  t.true(bank.until(() => waitingIn(bank, '2 a0') === 1))
  const { history } = bank.container('2 a0').intervals
  t.deepEqual([...history.owed], [[2 ** 32 + bank.container('1 a0').slot, interval]])
  bank.snapshot(two)
  t.true(bank.until(() => history.newest!.interval > 1))
  t.deepEqual(history.owed.size, 0)
  const saved = history.newest!.capture.record.containers.find(({ name }) => name === 'a0')!
  t.is(saved.letters?.waiting.length, 1)
  t.is(new Map(saved.dependencies).get(2 ** 32 + bank.container('1 a0').slot), interval)
})

test('[SI168] whatever wires lose and repeat, each letter is received once, in its order', async (t) => {
  const wires = { latencyMs: 1, spreadMs: 5, loss: 0.3, duplication: 0.3, reorder: 0.3 }
  const bank = await MachineBank.open(12, { machines: 2, accounts: 1, wires })
  for (let nth = 0; nth < 20; nth++) t.true(bank.pay('1 a0', '2 a0', 1))
  t.true(bank.settle())
  t.is(bank.accounts.get('2 a0')!.now.balance, 120)
  t.deepEqual([...bank.accounts.get('2 a0')!.now.taken], [...bank.accounts.get('1 a0')!.now.sent])
  t.deepEqual(bank.problems, [])
})

test('[SI168] a letter whose receiver went back behind it comes again, as it was sent first', async (t) => {
  const bank = await MachineBank.open(13, { machines: 2, accounts: 1 })
  t.true(bank.pay('1 a0', '2 a0', 10))
  const [letter] = logOf(bank, '1 a0')
  t.true(bank.until(() => waitingIn(bank, '2 a0') === 1))
  bank.snapshot(one)
  t.true(bank.until(() => bank.line('1 a0') > 1))
  bank.crash(two)
  bank.run(200)
  t.deepEqual(logOf(bank, '1 a0'), [letter!])
  bank.start(two)
  t.true(bank.until(() => bank.agrees && waitingIn(bank, '2 a0') === 1))
  const owed = bank.container('2 a0').intervals.history.owed
  t.is(owed.get(2 ** 32 + bank.container('1 a0').slot), letter!.interval)
  t.true(bank.settle())
  t.deepEqual(bank.problems, [])
})

test('[SI169] a letter leaves the log when its receipt is on the receiver’s line, and not before', async (t) => {
  const bank = await MachineBank.open(14, { machines: 2, accounts: 1 })
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.true(bank.until(() => bank.take('2 a0')))
  bank.run(2_000)
  t.is(logOf(bank, '1 a0').length, 1)
  bank.snapshot(two)
  bank.run(2_000)
  bank.snapshot(one)
  t.true(bank.until(() => logOf(bank, '1 a0').length === 0))
  t.true(bank.line('2 a0') > 1)
})

test('[SI170] a letter of a newer epoch waits for the capture of who receives it; two seconds at most', async (t) => {
  const bank = await MachineBank.open(15, { machines: 2, accounts: 1 })
  const machine = machineOf(bank, two)
  const slot = bank.container('2 a0').slot
  // Something runs there that does not come to rest.
  machine.region.words.store(machine.region.containerWord(slot, 'ran'), 1)
  machine.region.words.store(machine.region.containerWord(slot, 'frames'), 1)
  bank.snapshot(one)
  t.true(
    bank.until(
      () =>
        machineOf(bank, one).captures.epoch > 1 &&
        machineOf(bank, one).captures.rendezvous === null,
    ),
  )
  const before = bank.network.clock.nowMs()
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.true(bank.until(() => waitingIn(bank, '2 a0') === 1))
  const waited = bank.network.clock.nowMs() - before
  t.true(waited > 1_500 && waited < 4_000, `${waited} ms`)
  machine.region.words.store(machine.region.containerWord(slot, 'frames'), 0)
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.true(bank.until(() => waitingIn(bank, '2 a0') === 2))
})

test('[SI167] a letter to a machine that the world does not have is refused, and nothing is noted', async (t) => {
  const bank = await MachineBank.open(16, { machines: 2, accounts: 1 })
  const machine = machineOf(bank, one)
  const container = bank.container('1 a0')
  const to = { machine: asMachine(9), slot: 1, generation: 1 }
  t.is(sendLetter(machine, container, to, aLetter).status, 'unreachable')
  t.is(logOf(bank, '1 a0').length, 0)
  t.is(takeLetter(machine, container), null)
  for (let nth = 0; nth < 1024; nth++)
    sendLetter(machine, container, { machine: two, slot: 9, generation: 1 }, aLetter)
  t.is(sendLetter(machine, container, { ...to, machine: two }, aLetter).status, 'no_resource')
})
