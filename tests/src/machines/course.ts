/** Random courses of a bank over machines: payments, kills of loci and machines, cut wires, and after each loss everything that has to hold. */
import { InvokingBank } from './invoking.js'
import { MachineBank, type BankShape } from './bank.js'

export interface CourseShape extends BankShape {
  readonly steps: number
  /** Likelihood, per action, that a locus dies; that a machine does; that wires are cut. */
  readonly kills: number
  readonly crashes: number
  readonly cuts: number
  /** Accounts invoke each other over machines. */
  readonly invokes?: boolean
}

export interface Outcome {
  readonly problems: readonly string[]
  readonly seen: ReadonlyMap<string, number>
  readonly traceHash: string
}

/** A course from this seed. */
export async function course(seed: number, shape: CourseShape): Promise<Outcome> {
  const bank = await MachineBank.open(seed, shape)
  const invoking = shape.invokes === true ? await InvokingBank.over(bank) : null
  const { random } = bank
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!
  const down: { id: (typeof bank.machines)[number]; atMs: number }[] = []
  let healMs = Infinity
  for (let step = 0; step < shape.steps && bank.problems.length === 0; step++) {
    if (invoking?.act() !== true) bank.act()
    for (let quiet = random.below(60); quiet > 0; quiet--) bank.step()
    if (random.chance(0.02)) bank.snapshot(pick(bank.machines))
    if (random.chance(shape.kills)) bank.killLocus(pick([...bank.accounts.keys()]))
    if (random.chance(shape.crashes)) {
      const id = pick(bank.machines)
      if (bank.worlds.has(id)) {
        bank.crash(id)
        down.push({ id, atMs: bank.network.clock.nowMs() + random.below(400) })
      }
    }
    const nowMs = bank.network.clock.nowMs()
    for (const each of down.splice(0)) {
      if (each.atMs <= nowMs) {
        bank.start(each.id)
        invoking?.watch(each.id)
      } else down.push(each)
    }
    if (random.chance(shape.cuts) && healMs === Infinity) {
      bank.wires.wires.partition(
        [[pick(bank.machines)], bank.machines.filter(() => random.chance(0.7))].map(
          (group, nth, all) =>
            nth === 0 ? group : group.filter((each) => !all[0]!.includes(each)),
        ),
      )
      healMs = nowMs + random.below(3000)
    }
    if (nowMs >= healMs) {
      bank.wires.wires.healAll()
      healMs = Infinity
    }
    if (bank.agrees) bank.problems.push(...bank.lineProblems(false))
  }
  bank.wires.wires.healAll()
  for (const { id } of down) {
    bank.start(id)
    invoking?.watch(id)
  }
  invoking?.finishAll()
  if (bank.problems.length === 0 && !bank.settle())
    bank.problems.push('I18: it did not come to rest')
  if (bank.problems.length === 0 && !bank.until(() => bank.isRecoverable()))
    bank.problems.push('I18: the line did not come to the present')
  if (bank.problems.length === 0) bank.until(() => bank.lineProblems(true).length === 0, 20_000)
  bank.problems.push(...bank.lineProblems(true))
  if (bank.problems.length === 0 && bank.sum() !== bank.expectedSum)
    bank.problems.push('I5: the sum')
  return { problems: bank.problems, seen: bank.seen, traceHash: bank.network.traceHash() }
}
