/** CH: the directory at home and the pages of its guests, under calls that are late, lost, doubled and overtaken, against ground truth. */
import test from 'ava'
import { Pair, type PairShape } from './pair.js'

const small: PairShape = { guests: 2, pages: 1, consistency: 'sequential', frames: 1 }
const wide: PairShape = { guests: 3, pages: 3, consistency: 'sequential', frames: 2 }

/** Runs so many seeds of so many steps; the first that goes wrong, with the last of what it did. */
function play(shape: PairShape, seeds: number, steps: number, from = 1) {
  const total = { reads: 0, writes: 0, gathers: 0, backs: 0, losses: 0, faults: 0, presses: 0 }
  for (let seed = from; seed < from + seeds; seed++) {
    const pair = new Pair(seed, shape)
    for (let i = 0; i < steps && pair.found.length === 0; i++) pair.step()
    if (pair.found.length === 0) pair.settle()
    if (pair.found.length > 0)
      return { wrong: [`seed ${seed}: ${pair.found[0]}`, ...pair.bag.log.slice(-40)], total }
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += pair.seen[key]
  }
  return { wrong: [], total }
}

test('[CH1] no machine reads what another has overwritten, and no store is lost while its machine lives, however calls between them go astray', (t) => {
  const one = play(small, 1000, 300)
  const three = play(wide, 1000, 300)

  t.deepEqual([...one.wrong, ...three.wrong], [])
  t.true(one.total.reads > 3000 && one.total.writes > 1500 && one.total.gathers > 1000)
  t.true(three.total.losses > 300 && three.total.backs > 100 && three.total.presses > 1000)
})

test('[CH3] with release consistency a machine that has acquired reads nothing older, and no store is lost', (t) => {
  const one = play({ ...small, consistency: 'release' }, 500, 300, 10_000)
  const three = play({ ...wide, consistency: 'release' }, 500, 300, 10_000)

  t.deepEqual([...one.wrong, ...three.wrong], [])
})
