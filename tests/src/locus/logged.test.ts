import { asContainer } from '@katydid/abi'
import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import * as fc from 'fast-check'
import {
  inputsOf,
  loggedMachine,
  module,
  place,
  replayed,
  visits,
  worksOf,
} from './support/logged.js'
import { sources, type Odd, type Source, type Step } from './support/logged-programs.js'

const everySource = Object.keys(sources) as Source[]
/** Those that are in the record of a container of level `logging`. */
const logged: readonly Source[] = ['now', 'random']

const stepsOf = (from: readonly Source[], depth: number): fc.Arbitrary<Step[]> => {
  const at = fc.integer({ min: 4, max: 6000 })
  const flat: fc.Arbitrary<Step>[] = [
    fc.tuple(fc.constant('draw' as const), fc.constantFrom(...from), at),
    fc.tuple(fc.constant('write' as const), at, fc.integer()),
    fc.tuple(fc.constant('say' as const), fc.string({ maxLength: 8 })),
  ]
  const ends: fc.Arbitrary<Step>[] =
    depth === 0 ? [] : [fc.tuple(fc.constant('throw' as const), fc.string({ maxLength: 8 }))]
  if (depth === 2) return fc.array(fc.oneof(...flat, ...ends), { maxLength: 4 })
  const inner = stepsOf(from, depth + 1)
  // Not into itself by way of others: to the moody one, the other logged one, and to nobody.
  const calls: fc.Arbitrary<Step>[] = [
    fc.tuple(
      fc.constant('call' as const),
      fc.constantFrom(...(depth === 0 ? [1, 2, 3] : [1, 3])),
      inner,
    ),
    fc.tuple(fc.constant('again' as const), inner),
  ]
  return fc.array(fc.oneof(...flat, ...calls, ...ends), { maxLength: 10 })
}

for (const [level, from] of [
  ['deterministic', everySource],
  ['logging', logged],
] as const)
  test(`[LO125] visits of a ${level} container run again give equal memory, results and messages`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepsOf(from, 0), { minLength: 1, maxLength: 6 }), async (all) => {
        const { machine, logs } = await visits(loggedMachine(level), worksOf(...all))
        await machine.close()
        const reasons = machine.logged.map(({ why }) => why)
        t.deepEqual(
          reasons,
          Array.from({ length: reasons.length }, () => ''),
        )
        const inputs = inputsOf(machine, place.logged)
        t.is(inputs.length, all.length)

        for (const container of [place.logged, place.other]) {
          const again = await replayed(level, container, inputsOf(machine, container))

          t.deepEqual(again.differed, [])
          t.deepEqual(again.pages, machine.pager.kept(container))
          t.deepEqual([again.logs, again.logged], [[], 0])
        }
        t.is(logs.length, logs.filter((line) => line.endsWith('of ann')).length)
      }),
      { numRuns: 8, seed: 120, endOnFailure: true },
    )
  })

test('[LO125] every source of the deterministic level is in the record', async (t) => {
  const draws = everySource.map((source, i): Step => ['draw', source, 10 + i])
  const { machine } = await visits(loggedMachine('deterministic'), worksOf(draws, draws))
  await machine.close()

  const again = await replayed('deterministic', place.logged, inputsOf(machine, place.logged))

  t.deepEqual(again.differed, [])
  t.deepEqual(again.pages, machine.pager.kept(place.logged))
  const [first, second] = inputsOf(machine, place.logged)
  t.notDeepEqual(first!.seed, second!.seed)
  t.true(first!.times.length >= 10 && first!.seed.length === 16)
})

test('[LO125] a visit that draws more often than a record holds is run again all the same', async (t) => {
  const { machine } = await visits(loggedMachine('deterministic', 'draws'), () => [5000, 3])
  await machine.close()

  const again = await replayed(
    'deterministic',
    place.logged,
    inputsOf(machine, place.logged),
    'draws',
  )

  t.deepEqual(again.differed, [])
  t.deepEqual(again.pages, machine.pager.kept(place.logged))
  t.deepEqual(
    inputsOf(machine, place.logged).map(({ times }) => times.length),
    [4096, 3],
  )
})

test('[LO126] a program that does something else than was logged is seen to differ', async (t) => {
  const steps: Step[] = [
    ['draw', 'dateNow', 10],
    ['draw', 'mathRandom', 11],
    ['call', 2, [['write', 5, 1]]],
    ['say', 'hello'],
  ]
  const { machine } = await visits(loggedMachine('deterministic'), worksOf(steps))
  await machine.close()
  const [input] = inputsOf(machine, place.logged)
  const block = (...changed: Step[]): Uint8Array =>
    encodeBlock({ ...(decodeBlock(input!.block) as object), steps: changed })
  const [time, random, call, say] = steps as [Step, Step, Step, Step]
  const changes: Record<string, Partial<typeof input>> = {
    'asked for the time more than 1 times': { block: block(time, time, random, call, say) },
    'asked for the time 0 times, not 1': { block: block(random, call, say) },
    'invoked more than 1 times': { block: block(time, random, call, call, say) },
    'invoked 0 times, not 1': { block: block(time, random, say), result: new Uint8Array([0]) },
    'gave another block': { block: block(time, random, ['call', 2, [['write', 5, 2]]], say) },
    'of another container': { block: block(time, random, ['call', 1, [['write', 5, 1]]], say) },
    'something else to the host': { block: block(time, random, call) },
    'asked for randomness': { seed: new Uint8Array(0) },
    'another block': { times: [5] },
    'had with ok': { block: block(time, random, call, say, ['throw', 'no']) },
    'had not done before: semaphore_v': { block: block(['odd', 'semaphoreV'], ...steps) },
  }
  for (const [sentence, change] of Object.entries(changes)) {
    const { differed } = await replayed('deterministic', place.logged, [{ ...input!, ...change }])

    t.is(differed.length, 1, sentence)
    t.true(differed[0]!.includes(sentence) || sentence.startsWith('invoked 0'), differed[0])
  }
})

test('[LO126] what a program keeps in variables of its module is seen to differ', async (t) => {
  const { machine } = await visits(loggedMachine('deterministic', 'counter'), () => [1, 2, 3])
  await machine.close()

  const all = await replayed(
    'deterministic',
    place.logged,
    inputsOf(machine, place.logged),
    'counter',
  )
  const later = inputsOf(machine, place.logged).slice(1)
  const some = await replayed('deterministic', place.logged, later, 'counter')

  t.deepEqual(all.pages, machine.pager.kept(place.logged))
  // In its answers nothing differs: only its memory does, which an audit compares.
  t.deepEqual(some.differed, [])
  t.notDeepEqual(some.pages, machine.pager.kept(place.logged))
})

test('[LO121] the record has the stamp of its arrival, and is given before anybody has received the return', async (t) => {
  const machine = loggedMachine('deterministic')
  const { region } = machine
  const row = (receiver: number, sender: number): bigint =>
    Atomics.load(region.i64, region.dependencyIndex(asContainer(receiver), asContainer(sender)))

  await visits(machine, worksOf([['write', 5, 1]], [['throw', 'no']]))

  const [first, second] = machine.logged
  // Container 0 begins at interval 100 and container 1 at 200; each arrival, each return and each logging opens one.
  t.deepEqual([first!.input!.sent, second!.input!.sent], [100, 101])
  t.deepEqual([first!.input!.sender, first!.input!.name], [place.visitor, 'ann'])
  t.deepEqual([first!.interval, second!.interval], [201n, 203n])
  t.deepEqual([first!.turn, second!.turn], [1, 1])
  t.deepEqual([first!.received, second!.received], [0n, 201n])
  t.is(row(place.visitor, place.logged), 203n)
  t.deepEqual(
    [second!.input!.status, second!.input!.detail],
    ['program_failed', 'RangeError: no 0'],
  )
  t.is(region.words.load(region.containerWord(asContainer(place.logged), 'turn')), 0)
  await machine.close()
})

test('[LO121] a record that is not taken is followed by why', async (t) => {
  const machine = loggedMachine('deterministic')
  machine.refuseInputs = 1

  const { results } = await visits(machine, worksOf([['write', 5, 1]], []))

  t.is(results.length, 2)
  t.deepEqual(
    machine.logged.map(({ input, why }) => [input !== null, why]),
    [
      [true, ''],
      [false, 'its record was not taken: as the test wants it'],
      [true, ''],
    ],
  )
  await machine.close()
})

test('[LO121] an ordinary container has no record and no turn', async (t) => {
  const { machine } = await visits(loggedMachine('snapshotting'), worksOf([['draw', 'dateNow', 5]]))

  t.deepEqual(machine.logged, [])
  await machine.close()
})

test('[LO123] at level logging the globals answer the truth, and each is named', async (t) => {
  for (const source of everySource) {
    const { machine } = await visits(loggedMachine('logging'), worksOf([['draw', source, 9]]))
    const [{ input, why } = { input: null, why: '' }] = machine.logged

    if (logged.includes(source)) t.is(why, '', source)
    else t.regex(why, /Date|random|performance|hrtime|uptime|UUID/i, source)
    t.is(input === null, !logged.includes(source))
    await machine.close()
  }
})

test('[LO124] what no record can hold is named, and done as ever', async (t) => {
  const names: Record<Odd, string> = {
    wait: 'a wait',
    notify: 'notify',
    outside: 'outside',
    semaphoreP: 'semaphore_p',
    semaphoreV: 'semaphore_v',
    transaction: 'a transaction',
    createLocus: 'locus_create',
    createContainer: 'container_create',
    past: 'snapshot_list',
    map: 'container_map',
    print: 'print',
    mapped: 'a window on what is mapped into the container',
  }
  for (const odd of Object.keys(names) as Odd[]) {
    const machine = loggedMachine('deterministic')
    machine.mapped.push({ host: place.logged, at: 8192, source: place.moody, writable: true })
    const given = setInterval(() => {
      for (const { answer } of machine.waiting.splice(0)) answer({ status: 'ok' })
    }, 5)
    const steps: Step[] = [
      ['odd', odd],
      ['write', 5, 1],
    ]

    await visits(machine, worksOf(steps, [['write', 6, 1]]))

    clearInterval(given)
    t.deepEqual(
      machine.logged.map(({ input, why }) => [input === null, why]),
      [
        [true, names[odd]],
        [false, ''],
      ],
    )
    t.is(machine.pager.word(place.logged, 20), Math.imul(1, 0x9e3779b1))
    await machine.close()
  }
})

test('[LO124] an input of more than 112 KiB is not logged', async (t) => {
  const machine = loggedMachine('deterministic', 'large')
  machine.programs.set(place.moody, { module, entry: 'large' })
  await visits(machine, (caps) => [{ caps: [caps[1], caps[1], caps[1], caps[1]] }])

  t.regex(machine.logged[0]!.why, /^what came in has more than 114688 bytes$/)
  await machine.close()
})

test('[LO124] coming back into a logged container by way of another cannot be logged', async (t) => {
  const machine = loggedMachine('deterministic')
  machine.setLevel(place.other, 'snapshotting')
  await visits(machine, worksOf([['call', 2, [['call', 0, [['write', 5, 1]]]]]]))

  t.deepEqual(
    machine.logged.map(({ cont, input, why }) => [cont, input, why]),
    [[place.logged, null, 'it was come back into while it waited for an answer']],
  )
  t.is(machine.pager.word(place.logged, 20), Math.imul(1, 0x9e3779b1))
  await machine.close()
})
