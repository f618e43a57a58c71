/** How short room is, and how long writers are held for it. */
import {
  headroom,
  holdMs,
  longestHoldMs,
  softLimit,
} from '@katydid/managers/self-managing/headroom.js'
import test from 'ava'
import { assert as holds, integer, property } from 'fast-check'

const blocks = integer({ min: 0, max: 4_000_000 })

test('[MG81] what is in memory only is room spoken for, with heads and own pages', (t) => {
  t.is(headroom({ free: 1000, unwritten: 0, own: 0 }), 1000)
  t.is(headroom({ free: 1000, unwritten: 320, own: 20 }), 1000 - 320 - 10 - 20)
  t.true(headroom({ free: 10, unwritten: 320, own: 20 }) < 0)
})

test('[MG80] a writer is held the longer the less is left, not at all at the limit, and never longer than a second', (t) => {
  holds(
    property(blocks, blocks, blocks, (disk, one, other) => {
      const soft = Math.max(1, softLimit(disk))
      const [less, more] = [Math.min(one, other), Math.max(one, other)]
      t.true(holdMs(less, soft) >= holdMs(more, soft))
      t.true(holdMs(less - soft, soft) <= longestHoldMs)
      t.is(holdMs(soft, soft), 0)
    }),
  )
  t.is(holdMs(-5, 100), longestHoldMs)
})

test('[MG80] the limit is a sixteenth of the disk, and 64 MiB of a large one', (t) => {
  t.is(softLimit(8192), 512)
  t.is(softLimit(10_000_000), 16_384)
})
