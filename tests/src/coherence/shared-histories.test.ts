/** CH: recorded histories of loci on several machines, judged by the checker, which knows nothing of pages or directories. */
import type { Consistency } from '@katydid/abi'
import { Random } from '@katydid/actor'
import test from 'ava'
import { incoherent, isSequential, type History, type Operation } from './history.js'
import { litmus, litmusNames, type LitmusName, type Step } from './litmus.js'
import { SharedWorld } from './shared-world.js'

const pageOf = { x: 0, y: 3 } as const
const wires = { latencyMs: 0.2, spreadMs: 1, reorder: 0.05, duplication: 0.02, loss: 0.01 }

function world(seed: number, machines: number, consistency: Consistency): SharedWorld {
  const made = new SharedWorld(seed, {
    machines,
    pages: 8,
    frames: 32,
    guestFrames: 12,
    wires,
    options: { consistency },
  })
  for (let machine = 2; machine <= machines; machine++) {
    made.invoked(machine)
    made.join(machine)
  }
  return made
}

interface Deed {
  readonly page: number
  readonly value: number | null
}

/** Runs a thread on each machine but home, each acquiring before every step if it shall; answers what was done and read. */
function record(
  shared: SharedWorld,
  threads: readonly (readonly Deed[])[],
  acquires: boolean,
): History {
  const records = threads.map((steps, i) =>
    shared.guests[i]!.recorder(
      0,
      steps,
      acquires
        ? function* () {
            yield shared.acquire(i + 2)
          }
        : undefined,
    ),
  )
  const done = shared.network.runUntil(
    () => records.every((each) => each.done),
    shared.network.clock.nowMs() + 60_000,
  )
  if (!done) throw new Error('a locus waits for ever')
  return threads.map((steps, i) =>
    steps.map(({ page, value }, step): Operation => ({
      kind: value === null ? 'load' : 'store',
      location: String(page),
      value: value ?? records[i]!.read[step]!,
    })),
  )
}

/** Each thread of the litmus test, once all machines have a copy of both pages. */
const deedsOf = (name: LitmusName): readonly (readonly Deed[])[] =>
  litmus[name].map((thread: readonly Step[]) =>
    thread.map(({ kind, location, value }) => ({
      page: pageOf[location],
      value: kind === 'store' ? value! : null,
    })),
  )

function runLitmus(
  name: LitmusName,
  seed: number,
  consistency: Consistency,
  acquires: boolean,
): History {
  const threads = deedsOf(name)
  const shared = world(seed, threads.length + 1, consistency)
  const look = [pageOf.x, pageOf.y].map((page) => ({ page, value: null }))
  record(
    shared,
    threads.map(() => look),
    false,
  )
  return record(shared, threads, acquires)
}

test('[CH21] over several machines no litmus test shows an outcome that no interleaving gives, with any accesses', (t) => {
  for (const name of litmusNames)
    for (let seed = 1; seed <= 6; seed++) {
      const history = runLitmus(name, seed, 'sequential', false)

      t.true(isSequential(history), `${name}, seed ${seed}: ${JSON.stringify(history)}`)
    }
})

test('[CH22] with release consistency store buffering shows between machines that do not acquire', (t) => {
  let seen = 0
  for (let seed = 1; seed <= 6; seed++) {
    const history = runLitmus('store buffering', seed, 'release', false)
    if (!isSequential(history)) seen++

    t.deepEqual(incoherent(history), [])
  }

  t.true(seen > 0)
})

test('[CH22] with release consistency a message is passed to a machine that acquires between the flag and what it announces', (t) => {
  for (let seed = 1; seed <= 6; seed++) {
    const history = runLitmus('message passing', seed, 'release', true)

    t.true(isSequential(history), JSON.stringify(history))
  }
})

test('[CH23] random programs on several machines leave histories that are sequentially consistent', (t) => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new Random(seed)
    let value = 0
    const threads = [0, 1, 2].map(() =>
      Array.from({ length: 14 }, () => ({
        page: random.below(3),
        value: random.chance(0.5) ? ++value : null,
      })),
    )

    const history = record(world(seed, 4, 'sequential'), threads, false)

    t.true(isSequential(history), `seed ${seed}`)
  }
})
