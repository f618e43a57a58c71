/** Page locks and deadlocks, without anything around them, against a plain model. */
import { circleThrough, youngest } from '@katydid/managers/transactional/deadlock.js'
import { LockTable, type LockMode } from '@katydid/managers/transactional/lock-table.js'
import test from 'ava'
import { array, assert, constantFrom, nat, property, record } from 'fast-check'
import { LockModel } from './lock-model.js'

const owners = 5
const steps = array(
  record({
    owner: nat(owners - 1),
    page: nat(2),
    deed: constantFrom<LockMode | 'release'>('read', 'write', 'read', 'write', 'release'),
  }),
  { minLength: 20, maxLength: 60 },
)

/** Plays the steps on both; those of an owner that waits are passed over, unless it lets go. */
function play(
  script: readonly { owner: number; page: number; deed: LockMode | 'release' }[],
  look: (table: LockTable<number>, model: LockModel, owner: number) => void,
): void {
  const [table, model] = [new LockTable<number>(), new LockModel()]
  for (const { owner, page, deed } of script) {
    if (deed === 'release') {
      const waited = all.filter((each) => model.isWaiting(each) && each !== owner)
      const served = table.release(owner)
      model.release(owner)
      const gone = waited.filter((each) => !model.isWaiting(each))
      if (String(served.toSorted(byNumber)) !== String(gone.toSorted(byNumber)))
        throw new Error(`served ${served.join()}, not ${gone.join()}`)
    } else if (!model.isWaiting(owner)) {
      const answer = table.request(owner, page, deed)
      model.request(owner, page, deed)
      const expected = model.isWaiting(owner) ? 'waits' : 'granted'
      if (answer !== expected) throw new Error(`${deed} of ${page}: ${answer}, not ${expected}`)
    }
    look(table, model, owner)
  }
}

const byNumber = (one: number, other: number): number => one - other
const all = Array.from({ length: owners }, (_, owner) => owner)

test('[TX4] locks are granted, queued and served as a plain model says, and nothing is left when all have let go', (t) => {
  assert(
    property(steps, (script) => {
      let last: LockTable<number> | null = null
      play(script, (table) => {
        last = table
      })
      for (const owner of all) (last as LockTable<number> | null)?.release(owner)
      return ((last as LockTable<number> | null)?.size ?? 0) === 0
    }),
    { numRuns: 1500 },
  )
  t.pass()
})

test('[TX4] a reader that wants to write goes before all who hold nothing', (t) => {
  const table = new LockTable<string>()
  table.request('a', 1, 'read')
  table.request('b', 1, 'read')
  t.is(table.request('c', 1, 'write'), 'waits')
  t.is(table.request('a', 1, 'write'), 'waits')

  t.deepEqual(table.waitsFor('c'), ['a', 'b', 'a'])
  t.deepEqual(table.waitsFor('a'), ['b'])
  t.deepEqual(table.release('b'), ['a'])
  t.deepEqual(table.release('a'), ['c'])
})

test('[TX5] a circle is found when, and only when, there is one, and leads from each to one that it waits for', (t) => {
  let [circles, looks] = [0, 0]
  assert(
    property(steps, (script) => {
      play(script, (table, model, owner) => {
        const circle = circleThrough(owner, (each) => table.waitsFor(each))
        looks++
        if ((circle !== null) !== model.isInCircle(owner)) throw new Error('a circle was missed')
        if (circle === null) return
        circles++
        for (const [index, each] of circle.entries())
          if (!model.waitsFor(each).has(circle[(index + 1) % circle.length]!))
            throw new Error(`${each} does not wait for the next`)
      })
    }),
    { numRuns: 1500 },
  )
  t.true(circles > 100 && looks > circles, `${circles} circles in ${looks} looks`)
})

test('[TX5] the youngest gives way, and so everybody who tries again, as old as before, commits in the end', (t) => {
  let defeated = 0
  for (let seed = 1; seed <= 50; seed++) {
    const table = new LockTable<Worker>()
    const workers = all.map((age): Worker => ({
      age: age + 1,
      at: 0,
      waits: false,
      commits: 0,
      defeats: 0,
    }))
    let rounds = 0
    for (; workers.some(({ commits }) => commits < 20); rounds++) {
      if (rounds > 20_000) throw new Error(`seed ${seed}: somebody never commits`)
      const worker = workers[(rounds * 7 + seed * (rounds >> 3)) % owners]!
      if (!worker.waits && worker.commits < 20) step(table, worker, seed)
    }
    t.is(table.size, 0)
    const [oldest, ...others] = workers.map(({ defeats }) => defeats)
    t.is(oldest, 0)
    if (others.some((each) => each > 0)) defeated++
  }
  t.true(defeated > 20, `somebody gave way with ${defeated} seeds`)
})

interface Worker {
  readonly age: number
  at: number
  waits: boolean
  commits: number
  /** How often it gave way. */
  defeats: number
}

/** Locks four pages in an order of its own, then lets go of all. Who is on a circle and youngest begins anew. */
function step(table: LockTable<Worker>, worker: Worker, seed: number): void {
  if (worker.at === 4) {
    worker.at = 0
    worker.commits++
    return serve(table, worker)
  }
  const page = (worker.at * (1 + (worker.age % 3)) + worker.commits + seed) % 4
  worker.at++
  if (table.request(worker, page, 'write') === 'granted') return
  worker.waits = true
  for (;;) {
    const circle = circleThrough(worker, (each) => table.waitsFor(each))
    if (circle === null) return
    const victim = youngest(circle)
    victim.waits = false
    victim.at = 0
    victim.defeats++
    serve(table, victim)
  }
}

function serve(table: LockTable<Worker>, worker: Worker): void {
  for (const served of table.release(worker)) served.waits = false
}
