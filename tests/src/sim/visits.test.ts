/** Logged containers in a whole world in the simulator: what is run again is what was, whatever fails. */
import test from 'ava'
import { runVisits } from '../campaign/visits.js'

test('[SI111] I12: visits that are run again after the loss of managers, loci and power leave every word as it was', async (t) => {
  let [points, again, alone] = [0, 0, 0]
  for (let seed = 1; seed <= 6; seed++) {
    const result = await runVisits({ seed, rounds: 12 })
    t.deepEqual(result.problems, [], `seed ${seed}`)
    points += result.points
    again += result.again
    alone += result.alone
  }

  t.true(points > 500, `${points} visits were points`)
  t.true(again > 50, `${again} were run again`)
  t.true(alone > 0, `${alone} times nobody else went back`)
})
