/** MG: replacement policies against naive models of them, on random traces. */
import { asFrame, type Frame } from '@katydid/abi'
import { AgeingPolicy } from '@katydid/managers/policies/ageing.js'
import { ClockPolicy } from '@katydid/managers/policies/clock.js'
import { ExactLruPolicy } from '@katydid/managers/policies/exact-lru.js'
import { FifoPolicy } from '@katydid/managers/policies/fifo.js'
import type { Candidates, ReplacementPolicy } from '@katydid/managers/policies/policy.js'
import test from 'ava'
import { array, assert, constantFrom, integer, property, record } from 'fast-check'

const first = 100
const frames = 5

/** One reference of a trace: a page, read or written; some pages may not go at that moment. */
const references = array(
  record({
    page: integer({ min: 0, max: 11 }),
    write: constantFrom(true, false, false),
    pinned: integer({ min: 0, max: 40 }),
  }),
  { minLength: 1, maxLength: 120 },
)
type Reference = { readonly page: number; readonly write: boolean; readonly pinned: number }

/** A memory of a few frames that runs a trace under a policy; answers the pages that went, in order. */
function run(policy: ReplacementPolicy, trace: readonly Reference[]): number[] {
  const frameOf = new Map<number, Frame>()
  const pageOf = new Map<Frame, number>()
  const touched = new Set<Frame>()
  const dirty = new Set<Frame>()
  const free = Array.from({ length: frames }, (_, i) => asFrame(first + frames - 1 - i))
  const gone: number[] = []
  for (const { page, write, pinned } of trace) {
    let frame = frameOf.get(page)
    if (frame === undefined) {
      const candidates: Candidates = {
        allows: (each) => pageOf.get(each) !== pinned,
        isDirty: (each) => dirty.has(each),
        wasTouched: (each) => touched.delete(each),
      }
      if (free.length === 0) {
        const [victim] = policy.choose(1, candidates, 2)
        if (victim === undefined) continue
        const old = pageOf.get(victim)!
        gone.push(old)
        frameOf.delete(old)
        pageOf.delete(victim)
        dirty.delete(victim)
        touched.delete(victim)
        policy.removed(victim)
        free.push(victim)
      }
      frame = free.pop()!
      frameOf.set(page, frame)
      pageOf.set(frame, page)
      policy.inserted(frame)
    } else policy.referenced(frame)
    touched.add(frame)
    if (write) dirty.add(frame)
  }
  return gone
}

/** The same memory, by pages and times alone: `rank` says of the pages that may go which goes. */
function naive(
  trace: readonly Reference[],
  rank: (page: { readonly came: number; readonly used: number }) => number,
): number[] {
  const held = new Map<number, { came: number; used: number }>()
  const gone: number[] = []
  for (const [now, { page, pinned }] of trace.entries()) {
    const known = held.get(page)
    if (known !== undefined) {
      known.used = now
      continue
    }
    if (held.size === frames) {
      let victim: number | null = null
      for (const [each, times] of held) {
        if (each === pinned) continue
        if (victim === null || rank(times) < rank(held.get(victim)!)) victim = each
      }
      if (victim === null) continue
      gone.push(victim)
      held.delete(victim)
    }
    held.set(page, { came: now, used: now })
  }
  return gone
}

const sameAs = (
  create: () => ReplacementPolicy,
  model: (trace: readonly Reference[]) => number[],
) =>
  property(references, (trace) => {
    const chosen = run(create(), trace)
    const expected = model(trace)
    if (JSON.stringify(chosen) !== JSON.stringify(expected))
      throw new Error(`${JSON.stringify(chosen)} went, not ${JSON.stringify(expected)}`)
  })

test('[MG31] FIFO lets go of the page that came first', (t) => {
  t.notThrows(() =>
    assert(
      sameAs(
        () => new FifoPolicy(),
        (trace) => naive(trace, ({ came }) => came),
      ),
      { numRuns: 500 },
    ),
  )
})

test('[MG31] LRU, where every reference is seen, lets go of the page unused for longest', (t) => {
  t.notThrows(() =>
    assert(
      sameAs(
        () => new ExactLruPolicy(),
        (trace) => naive(trace, ({ used }) => used),
      ),
      { numRuns: 500 },
    ),
  )
})

/** CLOCK over a ring written down as it is taught: two passes, clean before dirty. */
function naiveClock(trace: readonly Reference[]): number[] {
  interface Slot {
    page: number
    bit: boolean
    dirty: boolean
  }
  const ring: (Slot | null)[] = Array.from({ length: frames }, () => null)
  const gone: number[] = []
  let hand = 0
  for (const { page, write, pinned } of trace) {
    const held = ring.find((slot) => slot?.page === page)
    if (held !== undefined && held !== null) {
      held.bit = true
      held.dirty ||= write
      continue
    }
    let at = ring.indexOf(null)
    if (at < 0) {
      let fallback = -1
      for (let step = 0; step < 2 * frames && at < 0; step++) {
        const here = hand
        const slot = ring[here]!
        hand = (hand + 1) % frames
        if (slot.page === pinned) continue
        if (slot.bit) slot.bit = false
        else if (!slot.dirty) at = here
        else if (fallback < 0) fallback = here
      }
      if (at < 0) at = fallback
      if (at < 0) continue
      gone.push(ring[at]!.page)
    }
    ring[at] = { page, bit: true, dirty: write }
  }
  return gone
}

test('[MG31] CLOCK gives what was touched a second chance, and lets go of clean pages before dirty ones', (t) => {
  t.notThrows(() =>
    assert(
      sameAs(() => new ClockPolicy(first, frames), naiveClock),
      { numRuns: 500 },
    ),
  )
})

/** Ageing with the whole history of looks as a string, the newest first. */
function naiveAgeing(trace: readonly Reference[]): number[] {
  const held = new Map<number, { looks: string; touched: boolean; came: number }>()
  const gone: number[] = []
  for (const [now, { page, pinned }] of trace.entries()) {
    const known = held.get(page)
    if (known !== undefined) {
      known.touched = true
      continue
    }
    if (held.size === frames) {
      const may = [...held].filter(([each]) => each !== pinned)
      for (const [, each] of may) {
        each.looks = `${each.touched ? 1 : 0}${each.looks}`.slice(0, 32)
        each.touched = false
      }
      may.sort(([, a], [, b]) => (a.looks < b.looks ? -1 : a.looks > b.looks ? 1 : a.came - b.came))
      const victim = may[0]?.[0]
      if (victim === undefined) continue
      gone.push(victim)
      held.delete(victim)
    }
    held.set(page, { looks: '0'.repeat(32), touched: true, came: now })
  }
  return gone
}

test('[MG31] LRU by ageing lets go of the page with the oldest history of looks, of equal ones the first', (t) => {
  t.notThrows(() =>
    assert(
      sameAs(() => new AgeingPolicy(), naiveAgeing),
      { numRuns: 500 },
    ),
  )
})

test('[MG31] with one round a policy that looks at references leaves alone what was just touched', (t) => {
  const touched: Candidates = { allows: () => true, isDirty: () => false, wasTouched: () => true }
  for (const policy of [new ClockPolicy(first, frames), new AgeingPolicy()]) {
    for (let i = 0; i < frames; i++) policy.inserted(asFrame(first + i))

    t.deepEqual(policy.choose(2, touched, 1), [])
  }
  const fifo = new FifoPolicy()
  fifo.inserted(asFrame(first))
  t.deepEqual(fifo.choose(2, touched), [asFrame(first)])
})

test('[MG30] victims are different, allowed, held, and no more than wanted', (t) => {
  const policies = (): ReplacementPolicy[] => [
    new ClockPolicy(first, 16),
    new FifoPolicy(),
    new ExactLruPolicy(),
    new AgeingPolicy(),
  ]
  const model = property(
    array(integer({ min: 0, max: 15 }), { maxLength: 40 }),
    array(integer({ min: 0, max: 15 }), { maxLength: 10 }),
    integer({ min: 1, max: 12 }),
    (inserted, removed, wanted) => {
      for (const policy of policies()) {
        const held = new Set<number>()
        for (const each of inserted) {
          policy.inserted(asFrame(first + each))
          held.add(first + each)
        }
        for (const each of removed) {
          policy.removed(asFrame(first + each))
          held.delete(first + each)
        }
        const victims = policy.choose(
          wanted,
          {
            allows: (frame) => frame % 2 === 0,
            isDirty: (frame) => frame % 3 === 0,
            wasTouched: () => false,
          },
          2,
        )
        const allowed = [...held].filter((frame) => frame % 2 === 0)
        const good =
          new Set(victims).size === victims.length &&
          victims.every((frame) => allowed.includes(frame)) &&
          victims.length === Math.min(wanted, allowed.length)
        if (!good) throw new Error(`${victims.join()} of ${allowed.join()}`)
      }
    },
  )

  t.notThrows(() => assert(model, { numRuns: 300 }))
})
