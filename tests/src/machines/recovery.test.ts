/** SI: how several machines come back together, whoever of them dies, and when. */
import { contentOf } from '@katydid/kernel/machines/letters.js'
import { asMachine } from '@katydid/abi'
import { hearLine } from '@katydid/kernel/machines/hear.js'
import { receiveLetter } from '@katydid/kernel/machines/receive-letter.js'
import test from 'ava'
import { MachineBank } from './bank.js'

const [one, two, three] = [asMachine(1), asMachine(2), asMachine(3)]
const machineOf = (bank: MachineBank, id: typeof one) => bank.world(id).kernel.machine
const recoveryOf = (bank: MachineBank): number => machineOf(bank, one).across!.recovery

/** Three machines; 1 has paid 2, who has paid 3, all of it since the line. 3’s second account has nothing to do with it. */
async function chain(seed: number): Promise<MachineBank> {
  const bank = await MachineBank.open(seed, { machines: 3, accounts: 2 })
  bank.pay('1 a0', '2 a0', 10)
  bank.until(() => bank.take('2 a0'))
  bank.pay('2 a0', '3 a0', 20)
  bank.until(() => bank.take('3 a0'))
  bank.pay('3 a1', '2 a1', 5)
  bank.until(() => bank.take('2 a1'))
  return bank
}

const balances = (bank: MachineBank): number[] =>
  ['1 a0', '2 a0', '2 a1', '3 a0', '3 a1'].map((unit) => bank.accounts.get(unit)!.now.balance)

test('[SI172] who has received of what a machine lost goes back with it, on whatever machine; nobody else does', async (t) => {
  const bank = await chain(21)
  const recovery = recoveryOf(bank)
  const endpoint = [...bank.world(three).loci.values()].at(-1)
  t.deepEqual(balances(bank), [90, 90, 105, 120, 95])
  bank.restart(one, 300)
  t.true(bank.until(() => bank.agrees && recoveryOf(bank) > recovery))
  t.deepEqual(balances(bank), [100, 100, 105, 100, 95])
  t.true([...bank.world(three).loci.values()].includes(endpoint!))
  t.true(bank.settle())
  t.deepEqual(bank.problems, [])
})

test('[SI172] what was on a disk is lost to nobody, though its machine died', async (t) => {
  const bank = await chain(22)
  bank.snapshot(one)
  t.true(bank.until(() => bank.line('1 a0') > 1))
  bank.restart(one, 300)
  t.true(bank.until(() => bank.agrees))
  t.deepEqual(balances(bank), [90, 90, 105, 120, 95])
  t.is(bank.seen.get('back'), 2)
})

test('[SI171] of two machines that lost something the lower coordinates, for both, once', async (t) => {
  const bank = await chain(23)
  const recovery = recoveryOf(bank)
  bank.killLocus('3 a1')
  bank.killLocus('1 a0')
  t.true(bank.until(() => bank.agrees && recoveryOf(bank) > recovery))
  bank.run(1_000)
  t.deepEqual(balances(bank), [100, 100, 100, 100, 100])
  const numbers = [one, two, three].map((id) => machineOf(bank, id).across!.recovery)
  t.is(new Set(numbers).size, 1)
  t.deepEqual(bank.problems, [])
})

test('[SI171] a number is used for one recovery, over restarts of all machines too', async (t) => {
  const bank = await MachineBank.open(24, { machines: 2, accounts: 1 })
  const seen = new Set<number>()
  for (let round = 0; round < 5; round++) {
    const last = recoveryOf(bank)
    t.false(seen.has(last))
    seen.add(last)
    for (const id of [one, two]) bank.crash(id)
    bank.run(100)
    for (const id of [two, one]) bank.start(id)
    t.true(bank.until(() => bank.agrees && recoveryOf(bank) > last))
  }
  t.deepEqual(bank.problems, [])
})

for (const [who, id] of [
  ['the coordinator', one],
  ['another machine', two],
  ['the last machine', three],
] as const)
  test(`[SI173] ${who} dies at any step of a recovery, and they come back together`, async (t) => {
    let recoveries = 0
    for (let steps = 0; steps < 140; steps += 7) {
      const bank = await chain(30)
      bank.killLocus('1 a0')
      for (let step = 0; step < steps; step++) bank.step()
      bank.restart(id, steps % 3 === 0 ? 0 : 700)
      t.true(bank.settle(), `after ${steps} steps`)
      t.true(
        bank.until(() => bank.isRecoverable()),
        `after ${steps} steps: the line`,
      )
      t.deepEqual([...bank.problems, ...bank.lineProblems(false)], [], `after ${steps} steps`)
      t.is(bank.sum(), bank.expectedSum)
      recoveries += bank.seen.get('recovery') ?? 0
    }
    t.true(recoveries > 20)
  })

test('[SI173] a network driver that ends at any step of a recovery holds nobody up: what may have been lost on the way is not waited for', async (t) => {
  for (let steps = 0; steps < 140; steps += 4) {
    const bank = await chain(31)
    bank.killLocus('1 a0')
    for (let step = 0; step < steps; step++) bank.step()
    bank.world(three).restartNetwork()
    t.true(
      bank.until(() => bank.agrees, 15_000),
      `after ${steps} steps`,
    )
    t.true(bank.settle(), `after ${steps} steps`)
    t.deepEqual(bank.problems, [], `after ${steps} steps`)
    t.is(bank.sum(), bank.expectedSum)
  }
})

test('[SI173] a machine that has joined is cut off before it hears what is decided, and they come back with the next recovery', async (t) => {
  const bank = await chain(25)
  const recovery = recoveryOf(bank)
  bank.killLocus('1 a0')
  t.true(bank.until(() => machineOf(bank, two).across!.joined !== null))
  // It has joined, and never hears what was decided.
  bank.wires.wires.partition([[two], [one, three]])
  bank.run(10_000)
  bank.wires.wires.healAll()
  t.true(bank.until(() => bank.agrees && recoveryOf(bank) > recovery))
  t.true(bank.settle())
  t.deepEqual(balances(bank), [100, 100, 105, 100, 95])
  t.deepEqual(bank.problems, [])
})

test('[SI175] without one of the machines nothing is decided: it is named, the others go on, and what was lost comes back when it is there', async (t) => {
  const bank = await chain(26)
  const recovery = recoveryOf(bank)
  bank.crash(two)
  bank.run(2_000)
  bank.killLocus('1 a0')
  bank.run(20_000)
  t.is(recoveryOf(bank), recovery)
  t.is(machineOf(bank, three).phase, 'open')
  t.true(bank.take('3 a1') || bank.pay('3 a1', '3 a0', 1))
  const told = bank
    .world(one)
    .of('trouble')
    .filter(({ status }) => status === 'unreachable')
  t.is(told.length, 1)
  t.regex(told[0]!.detail, /machine 2/)
  bank.start(two)
  t.true(bank.until(() => bank.agrees && recoveryOf(bank) > recovery))
  t.true(bank.settle())
  t.deepEqual(bank.problems, [])
})

test('[SI171] what bears another number, or comes to a machine that is being recovered, is not heeded', async (t) => {
  const bank = await chain(27)
  const machine = machineOf(bank, three)
  const across = machine.across!
  const { slot, generation } = bank.container('3 a1')
  const letter = {
    sender: bank.container('2 a1').slot,
    senderGeneration: 1,
    sent: 2,
    sequence: 1,
    epoch: 1,
    cont: slot,
    generation,
    content: contentOf('plain'),
  }
  const points = {
    stream: Number.MAX_SAFE_INTEGER,
    number: 0,
    epoch: 1,
    points: [],
    lines: [],
    receipts: [],
  }
  const said = (recovery: number): string[] => [
    receiveLetter(machine, across, two, { ...letter, recovery }).status,
    hearLine(machine, across, two, { ...points, recovery }).status,
  ]
  t.deepEqual(said(across.recovery - 1), ['frozen', 'frozen'])
  bank.killLocus('1 a0')
  t.true(bank.until(() => across.joined !== null && machine.phase === 'recovering'))
  t.deepEqual(said(across.recovery), ['frozen', 'frozen'])
  t.is(bank.container('3 a1').letters?.waiting.length, 0)
  t.true(bank.settle())
  t.deepEqual(bank.problems, [])
})

test('[SI173] a decision that one machine never heard of holds: whoever has received what it went back over goes back in the next', async (t) => {
  const bank = await chain(28)
  // What it has received stands on its disk; the others are not captured with it.
  for (const id of [one, two]) machineOf(bank, id).captures.raise(100, 1)
  bank.snapshot(three)
  t.true(bank.until(() => bank.container('3 a0').intervals.history.newer.some(({ fed }) => fed)))
  const recovery = recoveryOf(bank)
  bank.killLocus('1 a0')
  t.true(bank.until(() => recoveryOf(bank) > recovery))
  bank.wires.wires.partition([[three], [one, two]])
  t.true(bank.until(() => machineOf(bank, two).across!.recovery > recovery))
  t.is(machineOf(bank, three).across!.recovery, recovery)
  bank.run(5_000)
  t.deepEqual(balances(bank), [100, 100, 105, 120, 95])
  bank.wires.wires.healAll()
  t.true(bank.until(() => bank.agrees && recoveryOf(bank) > recovery + 1))
  t.deepEqual(balances(bank), [100, 100, 105, 100, 95])
  t.true(bank.settle())
  t.deepEqual(bank.problems, [])
})

test('[SI174] a machine that lost everything comes back above its line as long as another keeps what that needs, and goes back when that is lost', async (t) => {
  const bank = await MachineBank.open(29, { machines: 2, accounts: 1 })
  const line = bank.line('2 a0')
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.true(bank.until(() => bank.take('2 a0')))
  // Machine 1 is not to be captured with it.
  machineOf(bank, one).captures.raise(100, 1)
  bank.snapshot(two)
  t.true(bank.until(() => bank.container('2 a0').intervals.history.newer.some(({ fed }) => fed)))
  bank.restart(two, 100)
  t.true(bank.until(() => bank.agrees))
  t.is(bank.accounts.get('2 a0')!.now.balance, 110)
  t.is(bank.line('2 a0'), line)
  bank.restart(one, 100)
  t.true(bank.until(() => bank.agrees))
  t.is(bank.accounts.get('2 a0')!.now.balance, 100)
  t.is(bank.line('2 a0'), line)
  t.true(bank.settle() && bank.until(() => bank.isRecoverable()))
  t.deepEqual([...bank.problems, ...bank.lineProblems(false)], [])
})
