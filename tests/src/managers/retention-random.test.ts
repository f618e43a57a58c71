/**
 * Random lives of containers with retained snapshots written, captured, opened, forked, dropped, destroyed, gone back, killed at any step. Everything always reads as the naive model says.
 */
import { Random } from '@katydid/actor'
import test from 'ava'
import { RetainedWorld } from './support/retained-world.js'
import type { WorldShape } from './support/sim-world.js'

const shape = {
  frames: 40 + 8 + 1,
  pages: 30,
  stride: 40,
  containers: 2,
  loci: 1,
  segments: 160,
  segmentBlocks: 24,
  options: { retain: 3, snapshotFolds: 5, foldSlice: 3, cleanPages: 4 },
} satisfies WorldShape

const most = 6

class Life {
  world: RetainedWorld
  readonly problems: string[] = []
  readonly done = new Map<string, number>()
  readonly #random: Random
  #value = 1

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.world = RetainedWorld.begin(seed, shape)
  }

  live(deeds: number): void {
    for (let nth = 0; nth < deeds && this.problems.length === 0; nth++) {
      const deed = this.#pick()
      this.done.set(deed, (this.done.get(deed) ?? 0) + 1)
      this.#do(deed)
      if (nth % 6 > 0) continue
      this.problems.push(
        ...this.world.differences().map((each) => `after ${nth}, ${deed}: ${each}`),
      )
    }
    for (const container of this.#writable())
      this.problems.push(...this.world.lookBack(container).map((each) => `at the end: ${each}`))
  }

  #pick() {
    const deeds = ['write', 'write', 'write', 'open', 'fork', 'drop', 'retain', 'destroy'] as const
    const rare = ['kill', 'kill', 'restart', 'rollback', 'settle'] as const
    return this.#one(this.#random.chance(0.75) ? deeds : rare)
  }

  #do(deed: string): void {
    const { world } = this
    const source = this.#one(this.#writable())
    const listed = deed === 'write' ? [] : world.list(source)
    const chosen = listed.length === 0 ? null : this.#one(listed).stateInterval
    switch (deed) {
      case 'write':
        this.#write(source)
        world.capture()
        return
      case 'open':
        if (chosen !== null && world.containers.length < most) world.open(source, chosen)
        return
      case 'fork':
        if (chosen !== null && world.containers.length < most) world.fork(source, chosen)
        return
      case 'drop':
        if (chosen !== null) world.drop(source, chosen)
        return
      case 'retain':
        world.retain(source, this.#random.below(5))
        return
      case 'destroy':
        // What captures hold is destroyed with the next of them, as the kernel does it.
        if (this.#writable().length > 2 || source.opened) world.destroy(source)
        world.capture()
        return
      case 'settle':
        world.world.settle()
        return
      case 'restart':
        this.#shake(source, chosen)
        world.restartManager()
        return
      case 'rollback':
        this.#shake(source, chosen)
        world.rollBack()
        return
      default:
        this.#shake(source, chosen)
        this.world = world.killed(this.#random.below(1000))
    }
  }

  /** Much is under way, and how far it comes is drawn. */
  #shake(source: RetainedWorld['containers'][number], chosen: number | null): void {
    const { world } = this
    this.#write(source)
    world.beginCapture()
    if (chosen !== null && world.containers.length < most) {
      world.step(this.#random.below(60))
      world.beginFork(source, chosen)
    }
    world.step(this.#random.below(200))
  }

  #write(container: RetainedWorld['containers'][number]): void {
    const count = 1 + this.#random.below(14)
    for (let i = 0; i < count; i++)
      this.world.write(container, this.#random.below(shape.pages), this.#value++)
  }

  #writable() {
    return this.world.containers.filter(({ opened, token }) => !opened && token !== 0)
  }

  #one<T>(of: readonly T[]): T {
    return of[this.#random.below(of.length)]!
  }
}

for (const seed of [1, 2, 3, 4, 5, 6])
  test(`[MG100] whatever is retained, opened, forked, dropped and killed in whatever order, every page reads as it should: ${seed}`, (t) => {
    const life = new Life(seed)

    life.live(90)

    t.deepEqual(life.problems, [])
    t.true(life.done.size > 8, [...life.done.keys()].join(' '))
  })
