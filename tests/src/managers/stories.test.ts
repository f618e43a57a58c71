import test from 'ava'
import { SimWorld } from './support/sim-world.js'
import { tell, type Mishap } from './support/story.js'

/** A disk that must be cleaned, maps larger than the own page set, 18 frames for 288 pages. */
const shape = {
  frames: 18 + 8 + 1,
  pages: 96,
  stride: 40,
  containers: 3,
  loci: 2,
  segments: 48,
  segmentBlocks: 32,
  options: { snapshotFolds: 2 },
}

const kinds: readonly (readonly [string, readonly Mishap[], readonly number[]])[] = [
  ['[MG9] the process is killed', ['process'], [11, 12, 13, 14]],
  ['[MG10] the world goes back while the manager lives', ['locus'], [21, 22, 23]],
  ['[MG12] the manager dies', ['manager'], [31, 32, 33]],
  [
    '[MG9] all of it, one after the other',
    ['process', 'manager', 'locus'],
    [238, 279, 288, 291, 292, 314],
  ],
]

for (const [title, mishaps, seeds] of kinds)
  for (const seed of seeds)
    test(`${title}, at random moments: each time the content is that of the line; seed ${seed}`, (t) => {
      const end = tell({ seed, shape, mishaps, rounds: 5, operations: 120 })

      t.deepEqual(end.problems, [])
      t.true(end.lines.some((line) => line > 0))
    })

test('[MG12] a manager that dies at any of its steps comes back with the content of the line', (t) => {
  const problems: string[] = []
  let lines = 0

  for (let steps = 0; steps < 400; steps += 9) {
    const world = new SimWorld(4, { ...shape, containers: 2 })
    world.begin()
    for (let i = 0; i < 2; i++) world.locus(world.sim.random.fork(), 60, 96)
    world.capture()
    world.runUntilIdle(2)
    world.capture()
    for (let step = 0; step < steps; step++) world.sim.step(world.sim.clock.nowMs() + 5)
    const announced = world.kernel.line
    const line = world.restartManager()
    if (line < announced) problems.push(`after ${steps} steps: ${line} below ${announced}`)
    problems.push(...world.differences().map((each) => `after ${steps} steps: ${each}`))
    if (line > 0) lines++
  }

  t.deepEqual(problems, [])
  t.true(lines > 10)
})
