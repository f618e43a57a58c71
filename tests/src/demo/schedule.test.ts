/** When blows fall. */
import test from 'ava'
import { drawBlows } from '@katydid/demo/job/schedule.js'

test('[JB8] the same seed draws the same moments, another seed others', (t) => {
  t.deepEqual(drawBlows(7, 3, 1e6), drawBlows(7, 3, 1e6))
  t.notDeepEqual(drawBlows(7, 3, 1e6), drawBlows(8, 3, 1e6))
})

test('[JB8] there are as many kills as asked for, and one blow to the manager', (t) => {
  const blows = drawBlows(1, 5, 1e6)

  t.is(blows.filter(({ kind }) => kind === 'process').length, 5)
  t.is(blows.filter(({ kind }) => kind === 'manager').length, 1)
  t.deepEqual(drawBlows(1, 0, 1e6), [])
})

test('[JB17] with several machines each kill is of one of them, and all are drawn', (t) => {
  const blows = drawBlows(7, 60, 1e6, 3)

  t.true(blows.every(({ kind }) => kind === 'machine'))
  t.is(new Set(blows.map(({ machine }) => machine)).size, 3)
  t.deepEqual(blows, drawBlows(7, 60, 1e6, 3))
})

test('[JB8] moments rise and are uniform over the progress', (t) => {
  const moments = Array.from({ length: 2000 }, (_, seed) => drawBlows(seed, 2, 1000)).flatMap(
    (blows) => {
      const at = blows.map(({ atBytes }) => atBytes)
      t.deepEqual(
        at,
        [...at].sort((a, b) => a - b),
      )
      return at
    },
  )

  for (let tenth = 0; tenth < 10; tenth++) {
    const share = moments.filter((at) => Math.floor(at / 100) === tenth).length / moments.length
    t.true(Math.abs(share - 0.1) < 0.02, `tenth ${tenth} has ${share}`)
  }
})
