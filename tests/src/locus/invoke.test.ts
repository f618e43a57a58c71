import { asContainer, type Capref } from '@katydid/abi'
import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { allRights, LocusMachine } from './support/locus-machine.js'

const module = new URL('./support/programs.js', import.meta.url).href

function machineOf(entry: string, containers = 2): LocusMachine {
  const machine = new LocusMachine({ containers, frames: 64, pages: 16 })
  for (let slot = 1; slot < containers; slot++) machine.programs.set(slot, { module, entry })
  return machine
}

interface Invoked {
  readonly results: (number[] | string)[]
  readonly word: number
  readonly argument: number[]
  readonly safe: string
}

async function invoke(
  machine: LocusMachine,
  caprefs: Capref[],
  block: number[] = [],
): Promise<Invoked> {
  const end = await machine.run(0, {
    program: { module, entry: 'invoker' },
    block: encodeBlock({ caprefs, block }),
  })
  if (end.status !== 'ok') throw new Error(`${end.status}: ${end.detail}`)
  return decodeBlock(end.block) as Invoked
}

test('[LO17] an invocation runs in the invoked container, with copies both ways', async (t) => {
  const machine = machineOf('passesBytes')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })

  const end = await invoke(machine, [capref], [1, 2, 3])

  t.deepEqual(end.results, [[200, 2, 3]])
  t.deepEqual(end.argument, [1, 2, 3])
  t.is(end.word, 111)
  await machine.close()
})

test('[LO21] a nested invocation has its own container, registers and life', async (t) => {
  const machine = machineOf('invoked')
  const capref = machine.grant('host_container', 0, 2, { container: 1, rights: allRights })

  const end = await invoke(machine, [capref, capref], [5])

  const [first, second] = end.results.map((block) =>
    decodeBlock(Uint8Array.from(block as number[])),
  )
  t.deepEqual(first, [1, [5], 'first', 'busy', 16 * 4096])
  t.deepEqual(second, [2, [5], 'access_denied', 'busy', 16 * 4096])
  t.is(machine.register(0, 0), 0)
  t.deepEqual([end.word, end.safe], [111, 'ok'])
  await machine.close()
})

test('[LO18] an invoke is refused by what the capability says, and the locus stays where it is', async (t) => {
  const machine = machineOf('passesBytes', 3)
  machine.programs.delete(2)
  const good = { container: 1, rights: allRights }
  const caprefs = [
    0x12345 as Capref,
    ((machine.grant('own', 0, 1, good) + 0x100) >>> 0) as Capref,
    machine.grant('own', 0, 2, { ...good, rights: 3 }),
    machine.grant('own', 0, 3, { ...good, generation: 9 }),
    machine.grant('own', 0, 4, { ...good, container: 2 }),
  ]

  const end = await invoke(machine, caprefs)

  t.deepEqual(
    end.results.map((each) => String(each).split(':')[0]),
    ['invalid_capref', 'invalid_capref', 'right_missing', 'entity_gone', 'no_invocation_point'],
  )
  t.deepEqual([end.word, end.safe], [111, 'ok'])
  t.is(machine.region.words.load(machine.region.containerWord(asContainer(1), 'attached')), 0)
  await machine.close()
})

test('[LO19] an exception of the invoked is program_failed at the invoker, which goes on', async (t) => {
  const machine = machineOf('thrower')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })

  const end = await invoke(machine, [capref, capref])

  t.deepEqual(end.results, [
    'program_failed: TypeError: the program says no',
    'program_failed: TypeError: the program says no',
  ])
  t.deepEqual([end.word, end.safe], [111, 'ok'])
  await machine.close()
})

test('[LO2] an invoked program’s result over 32 KiB is too_large at the invoker', async (t) => {
  const machine = machineOf('large')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })

  const end = await invoke(machine, [capref])

  t.regex(String(end.results[0]), /^too_large/)
  await machine.close()
})

test('[LO11] an invoked program that leaves a lock held ends its locus at the next safepoint', async (t) => {
  const machine = machineOf('lockKeeper')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })

  const end = await machine.run(0, {
    program: { module, entry: 'invoker' },
    block: encodeBlock({ caprefs: [capref], block: [] }),
  })

  t.is(end.status, 'lock_held')
  await machine.close()
})

test('[LO20] an invocation stamps what it depends on, there and back', async (t) => {
  const machine = machineOf('passesBytes')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })
  const { region } = machine
  const interval = (slot: number): bigint =>
    Atomics.load(region.i64, region.containerWord(asContainer(slot), 'interval') >> 1)
  const row = (receiver: number, sender: number): bigint =>
    Atomics.load(region.i64, region.dependencyIndex(asContainer(receiver), asContainer(sender)))

  await invoke(machine, [capref, capref])

  t.deepEqual([interval(0), interval(1)], [102n, 202n])
  t.is(row(1, 0), 101n)
  t.is(row(0, 1), 202n)
  await machine.close()
})

test('[LO17] an invocation may invoke again, its own container too', async (t) => {
  const machine = machineOf('recursive')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })

  const end = await machine.run(0, {
    container: 1,
    program: { module, entry: 'recursive' },
    block: encodeBlock([capref, 5]),
  })

  t.deepEqual(decodeBlock(end.block), [6])
  t.is(machine.region.words.load(machine.region.containerWord(asContainer(1), 'attached')), 0)
  await machine.close()
})

test('[LO22] a changed invocation point is entered from the next invocation on', async (t) => {
  const machine = machineOf('nothing')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })
  const locus = machine.start(0, {
    program: { module, entry: 'repeatInvoker' },
    block: encodeBlock(capref),
  })
  while (machine.programsAsked === 0) await new Promise((resolve) => setTimeout(resolve, 1))

  machine.programs.set(1, { module, entry: 'two' })
  machine.region.words.add(machine.region.containerWord(asContainer(1), 'program'), 1)
  await locus.outcome

  t.deepEqual(decodeBlock(locus.end()!.block), [0, 2])
  t.is(machine.programsAsked, 2)
  await machine.close()
})

test('[LO22] a program is asked for once', async (t) => {
  const machine = machineOf('passesBytes')
  const capref = machine.grant('own', 0, 1, { container: 1, rights: allRights })

  await invoke(machine, [capref, capref, capref])

  t.is(machine.programsAsked, 1)
  await machine.close()
})
