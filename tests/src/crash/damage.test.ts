/** The small part of `npm run crash` that every run of the tests has: damage to the bytes of a store. */
import test from 'ava'
import {
  drawnMutations,
  lostRootPages,
  smallStore,
  sufferDamage,
  type Store,
} from '../campaign/damage.js'
import { flipEveryByte } from '../campaign/every-byte.js'

let store: Store

test.before(async () => {
  store = await smallStore(5)
})

test('[WO21] flipped, swapped, old, blank or missing bytes are refused or reported, and nothing is read wrong', async (t) => {
  const some = [...drawnMutations(store, 5, 2 * store.blocks)].filter((_, nth) => nth % 19 === 0)

  const { wrong, mutations, outcomes } = await sufferDamage(store, some)

  t.deepEqual(wrong, [])
  t.true(mutations > 40, `${mutations} mutations`)
  t.true(outcomes.refused > 0 && outcomes.reported > 0 && outcomes.whole > 0)
})

test('[WO21] a file that is missing or blank is refused', async (t) => {
  const blank = new Uint8Array(store.remains.image.length)
  const mutations = [
    { what: 'missing', image: new Uint8Array(0) },
    { what: 'blank', image: blank },
  ]

  const { outcomes } = await sufferDamage(store, mutations)

  t.is(outcomes.refused, 2)
})

test('[WO21] a bit in any byte of a store is refused, reported or of no weight', (t) => {
  const { wrong, bytes, reported } = flipEveryByte(store, { stride: 1021, first: 7 })

  t.deepEqual(wrong, [])
  t.true(bytes > 300 && reported > 0, `${bytes} bytes, ${reported} reported`)
})

test('[WO21] these tests see a store that is older than promised and does not say so', async (t) => {
  const { remains } = store
  const image = store.earlier.slice(0, remains.image.length)
  const older = { ...store, remains: { ...remains, promised: remains.promised + 1, image } }

  const { outcomes } = await sufferDamage(older, [{ what: 'old as a whole', image }])

  t.is(outcomes.wrong, 1)
})

test('[WO21] of a store whose process was killed, with visits that no capture has, nothing is read wrong either', async (t) => {
  let [visitsAgain, worldsBack] = [0, 0]
  // Not every store has such visits when its process is killed.
  for (let seed = 14; seed < 22 && (visitsAgain === 0 || worldsBack === 0); seed++) {
    const killed = await smallStore(seed, 'killed')
    const drawn = [...drawnMutations(killed, seed, killed.blocks)]
    const some = drawn.filter((_, nth) => nth % 97 === 0)
    const unharmed = { what: 'nothing', image: killed.remains.image }

    const { wrong, again, takenBack } = await sufferDamage(killed, [unharmed, ...some])

    t.deepEqual(wrong, [], `seed ${seed}`)
    visitsAgain += again
    worldsBack += takenBack
  }

  t.true(visitsAgain > 0, 'visits were run again')
  t.true(worldsBack > 0, 'worlds were taken back to kept lines')
})

test('[MG160] where a manager’s newest root page is lost and the log that the older one needs was given up, nothing stale is read', async (t) => {
  let [withoutRoot, lost] = [0, 0]
  for (let seed = 10; seed < 22 && withoutRoot < 3; seed++) {
    const killed = await smallStore(seed, 'killed')
    const found = await sufferDamage(killed, lostRootPages(killed))
    t.deepEqual(found.wrong, [], `seed ${seed}`)
    withoutRoot += found.withoutRoot
    lost += found.mutations
  }

  t.true(lost > 8 && withoutRoot >= 3, `${withoutRoot} managers of ${lost} worlds`)
})
