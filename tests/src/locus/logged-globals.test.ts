import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { capsOf, inputsOf, loggedMachine, module, place, visits } from './support/logged.js'

const all = ['Date', 'now', 'random', 'performance', 'timeout']

test('[LO122] the globals are replaced while the program of a deterministic container runs, and only then', async (t) => {
  const machine = loggedMachine('deterministic', 'globals')
  machine.programs.set(place.moody, { module, entry: 'globals' })
  const [logged, moody, other] = capsOf(machine)

  const end = await machine.run(0, {
    program: { module, entry: 'globals' },
    // First into ordinary containers and back, then into logged ones, one of which fails.
    block: encodeBlock({ caps: [moody, logged, other, moody], steps: [] }),
  })

  const answered = decodeBlock(end.block) as [string[], Uint8Array[], string[]]
  t.deepEqual([answered[0], answered[2]], [[], []])
  t.deepEqual(
    answered[1].map((each) => decodeBlock(each)),
    [
      [[], [], []],
      [all, [], all],
      [all, [], all],
      [[], [], []],
    ],
  )
  await machine.close()
})

test('[LO122] they are everybody’s again in what it invokes, and after exceptions', async (t) => {
  const machine = loggedMachine('deterministic', 'globals')
  machine.programs.set(place.moody, { module, entry: 'globals' })

  const { results } = await visits(machine, ([, moody, other]) => [
    { caps: [moody, other, 0x7777], steps: [] },
    { caps: [], steps: [['write', 1, 1]] },
    { caps: [other, moody], steps: [] },
  ])

  const [before, inner, after] = decodeBlock(results[0] as Uint8Array) as [
    string[],
    unknown[],
    string[],
  ]
  t.deepEqual([before, after], [all, all])
  t.deepEqual(decodeBlock(inner[0] as Uint8Array), [[], [], []])
  t.deepEqual(decodeBlock(inner[1] as Uint8Array), [all, [], all])
  t.regex(String(inner[2]), /^LocusError: invalid_capref/)
  t.is(results[1], 'program_failed: with 5')
  t.deepEqual((decodeBlock(results[2] as Uint8Array) as unknown[])[0], all)
  await machine.close()
})

test('[LO122] at level logging they are watched in the same places', async (t) => {
  const machine = loggedMachine('logging', 'globals')

  const { results } = await visits(machine, ([, , other]) => [{ caps: [other], steps: [] }])

  const [before, inner] = decodeBlock(results[0] as Uint8Array) as [string[], Uint8Array[]]
  t.deepEqual([before, (decodeBlock(inner[0]!) as unknown[])[0]], [all, all])
  // To look at them is no draw.
  t.deepEqual(
    machine.logged.map(({ why }) => why),
    ['', ''],
  )
  await machine.close()
})

test('[LO122] what was kept of them answers the truth elsewhere; dates stay dates', async (t) => {
  const machine = loggedMachine('deterministic', 'kept')
  machine.programs.set(place.moody, { module, entry: 'kept' })
  const [logged, moody] = capsOf(machine)
  const { results } = await visits(machine, () => [1])
  t.like(decodeBlock(results[0] as Uint8Array), { isDate: true })

  const end = await machine.run(0, {
    program: { module, entry: 'globals' },
    block: encodeBlock({ caps: [logged, moody], steps: [] }),
  })

  const [, inner] = decodeBlock(end.block) as [string[], Uint8Array[]]
  for (const each of inner) {
    const { now, isDate } = decodeBlock(each) as { now: number; isDate: boolean }
    t.true(isDate)
    t.true(Math.abs(now) < 2000, `${now} ms apart`)
  }
  await machine.close()
})

test('[LO122] what needs a later turn of the event loop refuses at level deterministic', async (t) => {
  const machine = loggedMachine('deterministic', 'timers')

  const { results } = await visits(machine, () => [1])

  const answers = decodeBlock(results[0] as Uint8Array) as string[]
  t.is(answers.length, 6)
  for (const answer of answers) t.regex(answer, /^program_is_async: \w+/)
  t.is(inputsOf(machine, place.logged).length, 1)
  await machine.close()
})

test('[LO127] now and random are good at every level', async (t) => {
  for (const level of ['snapshotting', 'logging', 'deterministic'] as const) {
    const machine = loggedMachine(level, 'nowAndRandom')
    const before = Date.now()

    const { results } = await visits(machine, () => [1, 2])

    for (const result of results) {
      const { times, numbers } = decodeBlock(result as Uint8Array) as Record<string, number[]>
      t.true(times!.every((time, i) => Number.isInteger(time) && time >= (times![i - 1] ?? before)))
      t.true(times!.at(-1)! <= Date.now())
      t.true(numbers!.every((number) => number >= 0 && number < 1))
      t.is(new Set(numbers).size, numbers!.length)
      const mean = numbers!.reduce((sum, number) => sum + number, 0) / numbers!.length
      t.true(Math.abs(mean - 0.5) < 0.1, `${mean}`)
    }
    await machine.close()
  }
})
