/** Maps that share pages, against plain Maps that share nothing. */
import { asBlock, type DiskBlock } from '@katydid/abi'
import test from 'ava'
import { array, assert, constant, integer, nat, oneof, property, record } from 'fast-check'
import { MapBench, type Modelled } from './support/map-bench.js'

/** Pages in one leaf, in leaves next to each other, and far apart, so that trees have one to three levels. */
const pages = [0, 1, 2, 511, 512, 513, 1024, 5000, 262_143, 262_144, 300_000, 134_217_727]

const deed = oneof(
  { weight: 8, arbitrary: record({ what: constant('set' as const), map: nat(), page: nat() }) },
  { weight: 3, arbitrary: record({ what: constant('share' as const), map: nat() }) },
  { weight: 2, arbitrary: record({ what: constant('drop' as const), map: nat() }) },
  { weight: 2, arbitrary: record({ what: constant('move' as const), map: nat(), page: nat() }) },
)

const checksum = 7
const empty = (): Modelled => ({ map: { page: 0, height: 0 }, model: new Map() })

function fresh(bench: MapBench): { block: DiskBlock; checksum: number } {
  return { block: bench.newBlock() ?? asBlock(0), checksum }
}

test('[MG100] whatever is shared, written, moved and given up in whatever order, each map says what it should and each block is counted once', (t) => {
  assert(
    property(array(deed, { minLength: 20, maxLength: 120 }), (deeds) => {
      const bench = new MapBench()
      let all = [empty(), empty()]
      for (const each of deeds) {
        const at = each.map % all.length
        const chosen = all[at]!
        if (each.what === 'share')
          all.push({ map: bench.maps.share(chosen.map), model: new Map(chosen.model) })
        else if (each.what === 'drop') {
          if (all.length === 1) continue
          bench.dismantle(chosen)
          all = all.filter((other) => other !== chosen)
        } else {
          const to = fresh(bench)
          if (to.block === 0) break
          const page = pages[each.page % pages.length]!
          const from = chosen.model.get(page)
          if (each.what === 'set') {
            bench.maps.set(chosen.map, page, to)
            chosen.model.set(page, to.block)
          } else if (from !== undefined) {
            bench.maps.move(
              all.map(({ map }) => map),
              page,
              from,
              to,
            )
            for (const { model } of all) if (model.get(page) === from) model.set(page, to.block)
          }
        }
      }
      t.deepEqual(bench.differences(all), [])
      for (const each of all) bench.dismantle(each)
      t.deepEqual(bench.differences([]), [])
      t.deepEqual([bench.refs.total, bench.names.total, bench.pagesInUse], [0, 0, 0])
    }),
    { numRuns: 150 },
  )
})

test('[MG100] a map that is half taken apart keeps what others share with it', (t) => {
  assert(
    property(array(integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 12 }), (steps) => {
      const bench = new MapBench()
      const first = empty()
      for (const page of pages) {
        const to = fresh(bench)
        bench.maps.set(first.map, page, to)
        first.model.set(page, to.block)
      }
      let newest = first
      const leaving: Modelled[] = []
      for (const [nth, count] of steps.entries()) {
        const next = { map: bench.maps.share(newest.map), model: new Map(newest.model) }
        const to = fresh(bench)
        const page = pages[nth % pages.length]!
        bench.maps.set(next.map, page, to)
        next.model.set(page, to.block)
        leaving.push(newest)
        newest = next
        bench.dismantle(leaving[nth % leaving.length]!, count)
        for (const [at, block] of newest.model)
          t.is(bench.maps.get(newest.map, at)?.block, block, `page ${at} after ${nth} versions`)
      }
      for (const each of leaving) bench.dismantle(each)
      t.deepEqual(bench.differences([newest]), [])
    }),
    { numRuns: 40 },
  )
})

test('[MG100] a share costs one count, and a write behind it copies the way to its page only', (t) => {
  const bench = new MapBench()
  const first = empty()
  for (let leaf = 0; leaf < 40; leaf++) bench.maps.set(first.map, leaf * 512, fresh(bench))
  const before = bench.pagesInUse

  const second = bench.maps.share(first.map)
  const shared = bench.pagesInUse
  bench.maps.set(second, 0, fresh(bench))

  t.is(shared, before)
  t.is(bench.maps.copies, 2)
  // The top, a leaf, and the counts of the one segment whose block two leaves name.
  t.true(bench.pagesInUse - before <= 3, `${bench.pagesInUse - before}`)
})
