/** A small disk over which cold pages lie scattered: only by moving them does it go on. */
import test from 'ava'
import { SimWorld, type WorldShape } from './support/sim-world.js'

const shape = {
  frames: 40 + 8 + 1,
  pages: 160,
  stride: 12,
  containers: 2,
  loci: 2,
  segments: 48,
  segmentBlocks: 32,
  options: { snapshotFolds: 2 },
} satisfies WorldShape

/** In each round some hot pages again and again and a cold one or two, so that each segment holds something cold. */
function scatter(world: SimWorld, rounds: number, from = 0): void {
  for (let round = from; round < from + rounds; round++) {
    for (let hot = 0; hot < 20; hot++) world.write(0, hot, round * 100 + hot + 1)
    world.write(1, (round * 2) % 160, round + 7)
    world.write(1, (round * 2 + 1) % 160, round + 9)
    world.capture()
    world.runUntilIdle(300)
  }
}

const killed = (world: SimWorld, seed: number): SimWorld => {
  const next = new SimWorld(seed, world.shape, Uint8Array.from(world.file.image), world.captured)
  next.reopen()
  return next
}

test('[MG19] a disk over which little is scattered does not fill', (t) => {
  const world = new SimWorld(1, shape)
  world.begin()

  scatter(world, 100)

  t.deepEqual(world.reports, [])
  t.deepEqual(world.kernel.complaints, [])
  t.true(world.counters.get('pagesWritten') > 48 * 32)
  t.true(world.counters.get('pagesMoved') > 0)
  t.deepEqual(world.differences(), [])
  t.deepEqual(killed(world, 2).differences(), [])
})

/** The same disk just before it is cleaned for the first time. */
function almostLow(): SimWorld {
  const world = new SimWorld(3, shape)
  world.begin()
  let round = 0
  while (world.freeSegments > 12) scatter(world, 1, round++)
  return world
}

const before = almostLow()

for (const mishap of ['process', 'manager'] as const)
  test(`[MG20] a crash at any step of cleaning leaves every container as it was: the ${mishap}`, (t) => {
    const problems: string[] = []
    const moved: number[] = []

    for (let steps = 0; steps < 240; steps += 8) {
      const world = killed(before, 10)
      for (let page = 0; page < 32; page++) world.write(0, page, 900 + page)
      world.capture()
      for (let i = 0; i < 2; i++) world.locus(world.sim.random.fork(), 60, 160)
      world.sim.runUntil(() => world.counters.get('pagesMoved') > 0, 60_000)
      for (let step = 0; step < steps; step++) world.sim.step(world.sim.clock.nowMs() + 5)
      moved.push(world.counters.get('pagesMoved'))
      const announced = world.kernel.line
      const again = mishap === 'process' ? killed(world, steps + 11) : world
      const line = mishap === 'process' ? again.kernel.line : again.restartManager()
      if (line < announced) problems.push(`after ${steps} steps: ${line} below ${announced}`)
      problems.push(...again.differences().map((each) => `after ${steps} steps: ${each}`))
      if (steps % 80 > 0) continue
      scatter(again, 2, 2000 + steps)
      problems.push(...again.reports, ...again.differences(), ...killed(again, 5).differences())
    }

    t.deepEqual(problems, [])
    t.true(new Set(moved).size > 3, moved.join(' '))
  })

test('[MG20] what is moved while its container goes back or is destroyed is needed by nobody', (t) => {
  const world = killed(before, 77)
  scatter(world, 2, 500)
  world.sim.runUntil(() => world.counters.get('pagesMoved') > 0, world.sim.clock.nowMs() + 5000)
  world.rollBack()
  const afterRollback = world.differences()
  world.kernel.destroy(1)
  world.model = new Map([...world.model].filter(([key]) => key.startsWith('0:')))
  world.runUntilIdle(2000)
  world.settle()

  t.deepEqual(afterRollback, [])
  t.deepEqual(world.differences(), [])
  t.deepEqual(world.kernel.complaints, [])
  t.true(world.freeSegments > 30, `${world.freeSegments}`)
})

test('[MG21] pages that find the disk full wait for room, and are refused when none can be won', (t) => {
  const world = new SimWorld(6, { ...shape, pages: 700, stride: 1, containers: 1 })
  world.begin()
  const answers: string[] = []

  // All of 700 pages are needed; each capture writes a third of them anew, which soon is more than the disk has.
  for (let round = 0; round < 12; round++) {
    for (let page = round % 3; page < 700; page += 3) answers.push(world.write(0, page, round + 1))
    world.capture()
    world.runUntilIdle(300)
  }
  const waited = [...answers]
  // None of it is captured any more: nothing is ever given up.
  for (let round = 0; round < 3; round++)
    for (let page = 0; page < 700; page++) answers.push(world.write(0, page, 50 + round))

  t.deepEqual(new Set(waited), new Set(['ok']))
  t.true(answers.includes('disk_full'))
  t.false(answers.includes('io_error'))
})
