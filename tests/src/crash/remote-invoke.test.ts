/** A container of another machine is invoked on threads: programs, managers and machines are real, and each of them is killed. */
import type { World, Container, OpenOptions } from 'katydid'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folders.js'
import { Payments } from '../support/payments.js'
import { openSeveral } from '../support/several.js'
import { until } from '../support/until.js'
import { fixture } from '../support/worlds.js'

interface Outcome {
  readonly sum?: number
  readonly onward?: number
  readonly status?: string
  readonly sentence?: string
}

const open = (t: ExecutionContext, machines: number, more: Partial<OpenOptions> = {}) =>
  openSeveral(t, machines, { dir: temporaryFolder(t), ...more })

const make = (world: World, name: string, program: string, machine: number): Promise<Container> =>
  world.createContainer({ name, size: 65536, program: fixture(program), machine })

let asked = 0

async function ask(
  world: World,
  asker: Container,
  args: { readonly cap: unknown; readonly args: object; readonly deadlineMs?: number },
): Promise<Outcome> {
  const locus = await world.startLocus(asker, { name: `asks ${asked++}`, args })
  return (await locus.result()).result as Outcome
}

test.serial(
  '[LO140] [LO149] a program invokes a container of another machine, which invokes one of a third, or comes back',
  async (t) => {
    const world = await open(t, 3)
    const asker = await make(world, 'asker', 'remote-asks', 1)
    const ledger = await make(world, 'ledger', 'remote-ledger', 2)
    const third = await make(world, 'third', 'remote-ledger', 3)
    const home = await make(world, 'home', 'remote-ledger', 1)
    const cap = await world.grant(asker, ledger)
    const onward = await world.grant(ledger, third)
    const back = await world.grant(ledger, home)

    t.deepEqual(await ask(world, asker, { cap, args: { number: 1, amount: 8 } }), {
      sum: 8,
      onward: 0,
    })
    t.deepEqual(await ask(world, asker, { cap, args: { number: 2, amount: 8, onward } }), {
      sum: 16,
      onward: 4,
    })
    t.deepEqual(await ask(world, asker, { cap, args: { number: 3, amount: 8, onward: back } }), {
      sum: 24,
      onward: 4,
    })
    const failed = await ask(world, asker, { cap, args: { number: 4, amount: 8, fails: true } })
    t.is(failed.status, 'program_failed')
    t.regex(failed.sentence ?? '', /told to fail/)
    const twice = await ask(world, asker, { cap, args: { number: 3, amount: 8 } })
    t.is(twice.status, 'program_failed')
  },
)

test.serial(
  '[LO144] [MG170] a manager says whether its containers may be invoked from other machines',
  async (t) => {
    const refuses = { name: 'demand-zero', options: { invokedElsewhere: 'refuse' } }
    const world = await open(t, 2, { managers: [refuses] })
    const asker = await make(world, 'asker', 'remote-asks', 1)
    const closed = await world.createContainer({
      name: 'closed',
      size: 65536,
      program: fixture('remote-ledger'),
      machine: 2,
      manager: 'demand-zero',
    })
    const cap = await world.grant(asker, closed)

    const told = await ask(world, asker, { cap, args: { number: 1, amount: 8 } })

    t.is(told.status, 'access_denied')
    t.regex(told.sentence ?? '', /refuses invocations from machine 1/)
  },
)

test.serial(
  '[LO146] [LO147] machines are killed while a program pays and is paid: every payment is made once',
  async (t) => {
    t.timeout(240_000)
    const payments = 120
    const world = await open(t, 3)
    const payer = await make(world, 'payer', 'remote-payer', 1)
    const ledger = await make(world, 'ledger', 'remote-ledger', 2)
    const third = await make(world, 'third', 'remote-ledger', 3)
    const args = {
      ledger: await world.grant(payer, ledger),
      onward: await world.grant(ledger, third),
      payments,
      pauseMs: 10,
    }
    await world.snapshot({ durable: true })
    const paid = Payments.of(world)
    const locus = await world.startLocus(payer, { name: 'payer', args })
    for (const [nth, machine] of [2, 3, 1, 2].entries()) {
      const more = paid.told.size + 8
      await until('more was paid', () => paid.told.size >= Math.min(more, payments))
      await sleep(17 * nth)
      await world.killMachine(machine)
      await world.restartMachine(machine)
    }
    const { result } = await locus.result()

    t.is(result, payments)
    t.deepEqual(paid.wrong(payments), [])
  },
)

test.serial(
  '[LO145] while the other machine is down the invoker waits, until its deadline',
  async (t) => {
    const world = await open(t, 2)
    const asker = await make(world, 'asker', 'remote-asks', 1)
    const ledger = await make(world, 'ledger', 'remote-ledger', 2)
    const cap = await world.grant(asker, ledger)
    t.is((await ask(world, asker, { cap, args: { number: 1, amount: 1 } })).sum, 1)
    await world.snapshot({ durable: true })

    const args = { cap, args: { number: 2, amount: 1 }, deadlineMs: 1_500, afterMs: 1_000 }
    const locus = await world.startLocus(asker, { name: 'late', args })
    const result = locus.result({ durable: 'volatile' })
    await world.killMachine(2)
    const began = performance.now()
    const told = (await result).result as Outcome

    t.is(told.status, 'unreachable')
    t.true(performance.now() - began < 15_000)
    await world.restartMachine(2)
  },
)
