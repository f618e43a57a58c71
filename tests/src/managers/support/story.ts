/**
 * Random stories from a seed: loci read and write, the world is captured, frames are asked back, the manager snapshots
 * itself; then the process is killed, the manager dies, or a locus is lost, and the world must hold what it held at the
 * capture it came back at.
 */
import { Random } from '@katydid/actor'
import { SimWorld, type WorldShape } from './sim-world.js'

export type Mishap = 'process' | 'manager' | 'locus'

export interface Story {
  readonly seed: number
  readonly shape: WorldShape
  readonly mishaps: readonly Mishap[]
  readonly rounds: number
  readonly operations: number
}

export interface StoryEnd {
  readonly world: SimWorld
  readonly problems: readonly string[]
  /** Captures that worlds came back at. */
  readonly lines: readonly number[]
}

/** Tells the story; problems are what should not have been. */
export function tell(story: Story): StoryEnd {
  const random = new Random(story.seed)
  const problems: string[] = []
  const lines: number[] = []
  let world = new SimWorld(random.next(), story.shape)
  const note = (more: readonly string[]): void => {
    problems.push(...more.map((each) => `seed ${story.seed}: ${each}`))
  }
  world.begin()
  for (let round = 0; round < story.rounds; round++) {
    live(world, random, story)
    const announced = world.kernel.line
    const mishap = story.mishaps[random.below(story.mishaps.length)]!
    if (mishap === 'process') {
      note(world.kernel.complaints)
      world = new SimWorld(
        random.next(),
        story.shape,
        Uint8Array.from(world.file.image),
        world.captured,
      )
      lines.push(world.reopen())
    } else if (mishap === 'manager') lines.push(world.restartManager())
    else lines.push(world.rollBack())
    const line = lines.at(-1)!
    if (line < announced)
      note([`it came back at capture ${line}, though ${announced} was the line`])
    if (world.kernel.containers.length === 0) {
      world.adoptAll()
      continue
    }
    note(world.differences())
  }
  note(world.kernel.complaints)
  note(world.reports)
  return { world, problems, lines }
}

function live(world: SimWorld, random: Random, story: Story): void {
  for (let i = 0; i < story.shape.loci; i++)
    world.locus(random.fork(), story.operations, story.shape.pages)
  const parts = 1 + random.below(4)
  for (let part = 0; part < parts; part++) {
    const steps = random.below(story.operations * 12)
    for (let step = 0; step < steps && world.sim.step(world.sim.clock.nowMs() + 5); step++) {
      // Each step is the whole work.
    }
    const what = random.below(8)
    if (what === 0) world.kernel.askBack(1 + random.below(4))
    else if (what === 1) world.manager?.stabilise(() => {})
    else world.capture()
  }
  const steps = random.below(400)
  for (let step = 0; step < steps && world.sim.step(world.sim.clock.nowMs() + 5); step++) {
    // Each step is the whole work.
  }
}
