/** Who waits is served lowest need first, at a logarithmic cost. */
import * as fc from 'fast-check'
import test from 'ava'
import { Component } from '@katydid/kernel/state-interval/line/component.js'
import { Meter } from '@katydid/kernel/state-interval/line/meter.js'
import { WaitHeap } from '@katydid/kernel/state-interval/line/wait-heap.js'
import { runs } from './runs.js'

test('[SI40] a point serves all that wait for it or for an earlier one, lowest need first, and nobody else', (t) => {
  const need = fc.integer({ min: 1, max: 30 })
  const deed = fc.record({ isTake: fc.boolean(), need })
  const held = fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), (deeds) => {
    const heap = new WaitHeap(new Meter())
    const waiting: number[] = []
    for (const { isTake, need: interval } of deeds) {
      if (isTake) {
        const lowest = Math.min(...waiting)
        const served = heap.takeUpTo(interval)
        t.is(served?.interval, lowest <= interval ? lowest : undefined)
        if (served !== null) waiting.splice(waiting.indexOf(lowest), 1)
      } else {
        heap.add(interval, new Component(1, interval))
        waiting.push(interval)
      }
      t.is(heap.size, waiting.length)
    }
    const rest = Array.from(waiting, () => heap.takeUpTo(99)?.interval)
    t.deepEqual(
      rest,
      [...waiting].sort((a, b) => a - b),
    )
    t.is(heap.takeUpTo(99), null)
  })

  fc.assert(held, { numRuns: 2 * runs, seed: 2026 })
})

test('[SI43] waiting costs a level of the heap for each place that is passed', (t) => {
  const meter = new Meter()
  const heap = new WaitHeap(meter)
  const count = 1023

  for (let interval = count; interval > 0; interval--)
    heap.add(interval, new Component(1, interval))
  const levels = Array.from({ length: count }, (_, nth) => Math.floor(Math.log2(nth + 1)))
  t.is(
    meter.steps,
    levels.reduce((sum, each) => sum + each, 0),
  )

  const before = meter.steps
  for (let interval = 1; interval <= count; interval++)
    t.is(heap.takeUpTo(interval)?.interval, interval)
  const took = meter.steps - before
  t.true(took > 2 * count && took <= 10 * count, `${took} steps for ${count}`)
})

test('[SI43] who comes in order passes nobody', (t) => {
  const meter = new Meter()
  const heap = new WaitHeap(meter)

  for (let interval = 1; interval <= 100; interval++) heap.add(5, new Component(1, interval))

  t.is(meter.steps, 99)
})
