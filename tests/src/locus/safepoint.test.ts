import { setTimeout as sleep } from 'node:timers/promises'
import { locusStates } from '@katydid/abi'
import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { until } from '../support/until.js'
import { LocusMachine } from './support/locus-machine.js'

const module = new URL('./support/programs.js', import.meta.url).href

test('[LO8] a locus rests while the gate is shut and goes on when it opens', async (t) => {
  const machine = new LocusMachine({})
  const locus = machine.start(0, { program: { module, entry: 'rounds' } })
  await until('it has gone on', () => machine.register(0, 0) > 10)
  const seen: number[] = []

  for (let i = 0; i < 20; i++) {
    await machine.atRest([0], () => seen.push(machine.register(0, 0)))
    await until('it has gone on', () => machine.register(0, 0) > seen.at(-1)!)
  }

  t.deepEqual(
    seen,
    [...new Set(seen)].sort((a, b) => a - b),
  )
  await locus.worker.terminate()
  await t.throwsAsync(locus.outcome)
  await machine.close()
})

test('[LO8] while the gate stays shut the locus touches nothing', async (t) => {
  const machine = new LocusMachine({})
  const locus = machine.start(0, { program: { module, entry: 'rounds' } })
  await until('it has gone on', () => machine.register(0, 0) > 10)
  const gate = machine.region.machineWord('gate')
  machine.region.words.store(gate, 1)
  await until('it rests', () => machine.state(0) === locusStates.resting)

  const at = machine.register(0, 0)
  await sleep(60)

  t.is(machine.register(0, 0), at)
  t.is(machine.state(0), locusStates.resting)
  await locus.worker.terminate()
  await t.throwsAsync(locus.outcome)
  await machine.close()
})

test('[LO9] at every rest registers and container belong together', async (t) => {
  const machine = new LocusMachine({ frames: 4 })
  const locus = machine.start(0, { program: { module, entry: 'rounds' } })
  await until('it has gone on', () => machine.register(0, 0) > 0)
  const pairs: [number, number][] = []

  for (let i = 0; i < 30; i++) {
    await machine.atRest([0], () => {
      machine.pager.evictAll()
      pairs.push([machine.register(0, 0), machine.pager.word(0, 0)])
    })
    await sleep(1)
  }

  t.deepEqual(
    pairs.filter(([register, word]) => register !== word),
    [],
  )
  await locus.worker.terminate()
  await t.throwsAsync(locus.outcome)
  await machine.close()
})

test('[LO9] a program entered again goes on from its registers', async (t) => {
  const machine = new LocusMachine({})
  machine.pager.setWord(0, 4, 1)

  const end = await machine.run(0, {
    program: { module, entry: 'rounds' },
    registers: [500],
    resumed: true,
  })

  t.deepEqual(decodeBlock(end.block), { from: 500, round: 500, word: 0 })
  await machine.close()
})

test('[LO8] a program starts only through the gate', async (t) => {
  const machine = new LocusMachine({})
  const gate = machine.region.machineWord('gate')
  machine.region.words.store(gate, 1)
  const locus = machine.start(0, { program: { module, entry: 'nothing' } })

  await sleep(150)
  const state = machine.state(0)
  machine.region.words.store(gate, 0)
  const outcome = await locus.outcome

  t.true(state === locusStates.starting || state === locusStates.resting)
  t.is(outcome.status, 'ok')
  t.is(machine.state(0), locusStates.ended)
  await machine.close()
})

test('[LO10] with a view or a lock held, what may rest is refused', async (t) => {
  const machine = new LocusMachine({})

  const end = await machine.run(0, { program: { module, entry: 'held' } })

  t.deepEqual(decodeBlock(end.block), {
    whileViewed: Array.from({ length: 5 }, () => 'view_held'),
    whileLocked: Array.from({ length: 4 }, () => 'lock_held'),
    after: 'ok',
  })
  await machine.close()
})

test('[LO11] a return with a lock held is lock_held', async (t) => {
  const machine = new LocusMachine({})

  const end = await machine.run(0, { program: { module, entry: 'returnsLocked' } })

  t.is(end.status, 'lock_held')
  await machine.close()
})

test('[LO23] a snapshot is a safepoint of its caller and answers its name', async (t) => {
  const machine = new LocusMachine({})

  const end = await machine.run(0, { program: { module, entry: 'snapshots' } })

  t.deepEqual(decodeBlock(end.block), [42, 43, 2])
  t.is(machine.capturedRegisters[5], 55)
  t.is(machine.captures, 2)
  await machine.close()
})

test('[LO15] outside runs foreign code; the locus and its windows refuse meanwhile', async (t) => {
  const machine = new LocusMachine({})

  const end = await machine.run(0, { program: { module, entry: 'outsider' } })

  t.deepEqual(decodeBlock(end.block), {
    inside: Array.from({ length: 5 }, () => 'access_denied'),
    promise: 'program_is_async',
    passedOn: 'RangeError: from outside',
    after: 17,
  })
  await machine.close()
})

test('[LO16] foreign code in outside holds up no removal', async (t) => {
  const machine = new LocusMachine({})
  const locus = machine.start(0, { program: { module, entry: 'endlessQuiet' } })
  await until(
    'it is outside',
    () => machine.state(0) === locusStates.quiet && machine.pager.faults > 0,
  )

  const acknowledged = await machine.pager.removeAndWait()
  const isOutside = machine.state(0) === locusStates.quiet
  const end = await locus.outcome

  t.true(acknowledged)
  t.true(isOutside)
  t.is(end.status, 'ok')
  await machine.close()
})

test('[LO12] a keyed wait answers what happened', async (t) => {
  const machine = new LocusMachine({})

  const end = await machine.run(0, { program: { module, entry: 'waits' } })

  const { tookMs, ...rest } = decodeBlock(end.block) as { tookMs: number }
  t.deepEqual(rest as unknown, {
    notEqual: 'not_equal',
    timedOut: 'timed_out',
    nobody: 0,
    misaligned: 'misaligned',
    outside: 'out_of_window',
    negative: 'bad_argument',
  })
  t.true(tookMs >= 29 && tookMs < 2000)
  await machine.close()
})

test('[LO13] notify wakes at most as many as it says, of those on the key', async (t) => {
  const machine = new LocusMachine({ containers: 2 })
  const program = { module, entry: 'waiter' }
  const loci = [0, 1, 2].map((slot) => machine.start(slot, { program }))
  const other = machine.start(3, { program, container: 1 })
  await until('all rest', () =>
    [0, 1, 2, 3].every((slot) => machine.state(slot) === locusStates.resting),
  )
  const notify = (slot: number, most: number) =>
    machine.run(slot, { program: { module, entry: 'notifier' }, block: encodeBlock(most) })

  const two = await notify(4, 2)
  const rest = await notify(5, 10)
  const ends = await Promise.all(loci.map(async (locus) => (await locus.outcome, locus.end()!)))

  t.is(decodeBlock(two.block), 2)
  t.is(decodeBlock(rest.block), 1)
  for (const end of ends) t.deepEqual(decodeBlock(end.block), { first: 'ok', word: 1, register: 0 })
  t.is(machine.state(3), locusStates.resting)
  await other.worker.terminate()
  await t.throwsAsync(other.outcome)
  await machine.close()
})

test('[LO14] a locus that waits is at rest, and woken it comes back through the gate', async (t) => {
  const machine = new LocusMachine({})
  const locus = machine.start(0, { program: { module, entry: 'waiter' } })
  await until('it rests', () => machine.state(0) === locusStates.resting)

  let resting = false
  await machine.atRest([0], () => (resting = machine.state(0) === locusStates.resting))
  await machine.run(1, { program: { module, entry: 'notifier' }, block: encodeBlock(1) })
  const outcome = await locus.outcome

  t.true(resting)
  t.is(outcome.status, 'ok')
  await machine.close()
})
