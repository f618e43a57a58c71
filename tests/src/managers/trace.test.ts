/** MG: what managers note of their doings in the trace ring. One in the simulator, event by event; two on threads, as a user sees it. */
import type { TraceKind } from '@katydid/abi'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'
import { SimWorld } from './support/sim-world.js'

const small = {
  frames: 40 + 8 + 1,
  pages: 160,
  stride: 12,
  containers: 2,
  loci: 2,
  segments: 48,
  segmentBlocks: 32,
  options: { snapshotFolds: 2 },
}

test('[MG74] each fault, installation, discard, write, snapshot, fold and cleaning is noted, as often as it was done', (t) => {
  const world = new SimWorld(1, small)
  world.begin()
  for (let round = 0; round < 60; round++) {
    for (let hot = 0; hot < 20; hot++) world.write(0, hot, round * 100 + hot + 1)
    world.write(1, (round * 2) % 160, round + 7)
    world.capture()
    world.runUntilIdle(300)
  }
  const of = (kind: TraceKind) => world.traced.filter((each) => each.kind === kind)
  const sum = (kind: TraceKind, fact: 'a' | 'b') =>
    of(kind).reduce((total, each) => total + each[fact], 0)

  t.is(of('fault').length, world.counters.get('faults'))
  t.true(of('install').length >= of('fault').length)
  t.is(sum('write', 'a'), world.counters.get('pagesWritten'))
  t.true(sum('discard', 'a') >= world.counters.get('discardsDirty'))
  t.is(of('snapshot').filter(({ a }) => a !== 1).length, world.counters.get('snapshots'))
  t.true(
    of('snapshot').some(({ a }) => a === 1),
    'and of itself',
  )
  const folded = of('fold')
  t.true(folded.length > 0)
  t.true(folded.every(({ a, b }) => of('snapshot').some((each) => each.a === a && each.b === b)))
  t.true(of('clean').length > 0)
  t.is(sum('clean', 'b') > 0, world.counters.get('pagesMoved') > 0)
})

test('[MG74] on threads the trace of the world has them in each manager’s row', async (t) => {
  const world = await openForTest(t, {
    dir: temporaryFolder(t),
    frames: 64,
    snapshotEveryMs: 0,
    managers: [{ name: 'demand-zero' }],
  })
  const args = { pages: 120, rounds: 2, pauseMs: 0 }
  const seen = (row: string): Set<string> => {
    const { traceEvents } = world.trace()
    const tid = traceEvents.find(({ ph, args: { name } }) => ph === 'M' && name === row)?.tid
    return new Set(traceEvents.filter((each) => each.tid === tid).map(({ name }) => name))
  }

  await world.run(fixture('paged-rounds'), { name: 'kept', args })
  const first = seen('manager 0')
  await world.run(fixture('volatile-rounds'), {
    name: 'volatile',
    args,
    container: { manager: 'demand-zero' },
  })
  const second = seen('manager 1')

  for (const kind of ['fault', 'install', 'discard', 'write', 'snapshot'])
    t.true(first.has(kind), `${kind} of ${[...first].join()}`)
  for (const kind of ['fault', 'install', 'discard', 'write'])
    t.true(second.has(kind), `${kind} of ${[...second].join()}`)
})
