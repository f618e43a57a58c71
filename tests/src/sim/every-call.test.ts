/** The random runs make every call that there is: of users, managers, kernel, drivers, and of a locus on its own thread. */
import { groups, type AnySignature } from '@katydid/abi'
import { Lcd } from '@katydid/memory'
import test from 'ava'
import { fuzzSimulated } from '../campaign/fuzz-sim.js'
import { runVisits } from '../campaign/visits.js'
import { crashShape } from '../campaign/scripted-run.js'
import { notOnOneMachine } from '../support/not-on-one-machine.js'
import { transactionCourses } from '../transactions/courses.js'

/** What is not answered `ok` in the simulator, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  ...notOnOneMachine,
  invoke_no_support: 'nobody invokes a container from another machine where there is one',
}

/** Counts what managers do to page tables: calls without a message, by their names in the declaration. */
function countLcd(calls: Map<string, number>): () => void {
  const methods = {
    install: 'lcd_install',
    remove: 'lcd_remove',
    protect: 'lcd_protect',
    query: 'lcd_query',
  } as const
  const saw = (name: string): void => void calls.set(`${name} ok`, 1)
  const proto = Lcd.prototype as unknown as Record<string, (...args: unknown[]) => unknown>
  const undo = Object.entries(methods).map(([method, name]) => {
    const real = proto[method]!
    proto[method] = function (this: Lcd, ...args: unknown[]): unknown {
      saw(name)
      saw('lcd_create')
      return real.apply(this, args)
    }
    return (): void => void (proto[method] = real)
  })
  return () => undo.forEach((each) => each())
}

const all: readonly AnySignature[] = Object.values(groups).flatMap((group) => Object.values(group))

test('[WO40] a course of random commands after another makes every declared call, and each has been answered ok', async (t) => {
  const calls = new Map<string, number>()
  const undo = countLcd(calls)

  // Short lives on a small disk: more commands, and a manager that has to clean.
  const disk = { segmentBlocks: 16, capacity: 80 }
  const shape = { ...crashShape, deeds: 40, world: { ...crashShape.world, disk } }
  const addAll = (seen: ReadonlyMap<string, number>): void => {
    for (const [call, times] of seen) calls.set(call, (calls.get(call) ?? 0) + times)
  }
  const isMissing = (): boolean =>
    all.some(({ name }) => !calls.has(`${name} ok`) && elsewhere[name] === undefined)
  const transactions = await transactionCourses({ seed: 5, transactions: 150 })
  const kept = { ...crashShape, deeds: 20, world: { ...crashShape.world, keepLines: 3 } }
  const lines = await fuzzSimulated({ seed: 1300, steps: 8000, shape: kept })
  const visits = await runVisits({ seed: 2, rounds: 8 })

  addAll(transactions.calls)
  addAll(visits.calls)
  addAll(lines.calls)
  const failures = [transactions.failure, lines.failure, visits.problems[0] ?? null]
  // Rare ones come in some course or other.
  for (let seed = 77; isMissing() && seed < 20_000; seed += 1000) {
    const fuzz = await fuzzSimulated({ seed, steps: 20_000, shape })
    failures.push(fuzz.failure)
    addAll(fuzz.calls)
  }
  undo()
  t.deepEqual(
    failures.filter((each) => each !== null),
    [],
  )
  const never = all.map(({ name }) => name).filter((name) => !calls.has(`${name} ok`))
  t.deepEqual(never.toSorted(), Object.keys(elsewhere).toSorted())
  t.true(calls.has('invoke_no_support no_such_container'))
})
