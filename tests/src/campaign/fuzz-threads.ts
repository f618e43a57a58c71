/**
 * Fuzz on real threads: a world with few frames, opened as its users open it; batches of loci at work side by side, each in a part
 * of a container of its own; meanwhile captures, dead managers, closing and opening again. Each access is held against the model.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Random } from '@katydid/actor'
import * as fc from 'fast-check'
import { KatydidError, openWorld, type World } from 'katydid'
import { root } from '../support/house.js'
import { drawDeeds, type Deed, type Part } from './thread-deeds.js'

export interface ThreadFuzzResult {
  readonly operations: number
  readonly batches: number
  readonly openings: number
  readonly managersKilled: number
  readonly failure: string | null
}

export interface ThreadFuzzOptions {
  readonly steps: number
  readonly seed: number
  readonly onCourse?: (result: ThreadFuzzResult) => void
}

const program = `${root}/tests/fixtures/fuzz-locus.mjs`
const pageBytes = 4096
const partPages = 40
const parts = 2
const names = ['one', 'two'] as const
const deedsOfBatch = 250

type Tally = { -readonly [K in keyof ThreadFuzzResult]: ThreadFuzzResult[K] }

type Container = Awaited<ReturnType<World['createContainer']>>

class ThreadRun {
  readonly tally: Tally
  readonly #dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-fuzz-'))
  readonly #parts = new Map<string, Part>()
  readonly #granted = new Map<string, number>()
  #world: World | null = null
  #count = 0

  constructor(tally: Tally) {
    this.tally = tally
    for (const name of [...names, 'inner'])
      for (let part = 0; part < parts; part++)
        this.#parts.set(`${name} ${part}`, {
          base: part * partPages * pageBytes,
          bytes: new Uint8Array(partPages * pageBytes),
        })
  }

  /** Two loci side by side; the first also invokes a container of its own. `meanwhile` happens as they run. */
  async batch(random: Random, meanwhile: 'nothing' | 'snapshot' | 'kill'): Promise<void> {
    const world = await this.#open()
    const ends: Promise<void>[] = []
    for (let part = 0; part < parts; part++) {
      const name = names[random.below(names.length)]!
      const home = await this.#container(world, name)
      const place = this.#parts.get(`${name} ${part}`)!
      const deeds = drawDeeds(random, place, deedsOfBatch)
      if (part === 0) deeds.push(this.#invocation(random, name))
      const args = { base: place.base, length: place.bytes.length, deeds }
      ends.push(this.#toItsEnd(world, home, `locus ${this.#count++}`, args))
      this.tally.operations += deeds.length
    }
    if (meanwhile === 'snapshot') await world.snapshot()
    if (meanwhile === 'kill') {
      await world.crashManager()
      this.tally.managersKilled++
    }
    await Promise.all(ends)
    this.tally.batches++
  }

  /** Runs a locus until its result is recoverable; one that a rollback unmade did nothing, and is made again. */
  async #toItsEnd(world: World, home: Container, name: string, args: object): Promise<void> {
    for (;;) {
      try {
        const handle = await world.startLocus(home, { name, args })
        await handle.result()
        return
      } catch (error) {
        if (!(error instanceof KatydidError) || !error.again) throw error
      }
    }
  }

  async snapshot(): Promise<void> {
    await (await this.#open()).snapshot()
    this.tally.operations++
  }

  async status(): Promise<void> {
    const { containers } = await (await this.#open()).status()
    const strange = containers.filter(
      ({ name }) =>
        !name.startsWith('(') && name !== 'inner' && !names.some((each) => each === name),
    )
    if (strange.length > 0) throw new Error(`the world has containers ${JSON.stringify(strange)}`)
    this.tally.operations++
  }

  async close(): Promise<void> {
    await this.#world?.close()
    this.#world = null
  }

  async end(): Promise<void> {
    try {
      await this.close()
    } finally {
      fs.rmSync(this.#dir, { recursive: true, force: true })
    }
  }

  #invocation(random: Random, home: string): Deed {
    const place = this.#parts.get('inner 0')!
    const deeds = drawDeeds(random, place, 20)
    this.tally.operations += deeds.length
    const inner = { base: place.base, length: place.bytes.length, deeds }
    return ['invoke', this.#granted.get(home), inner]
  }

  #container(world: World, name: string): Promise<Container> {
    return world.createContainer({ name, program, size: parts * partPages * pageBytes })
  }

  async #open(): Promise<World> {
    if (this.#world !== null) return this.#world
    this.tally.openings++
    this.#world = await openWorld({
      dir: this.#dir,
      frames: 64,
      loci: 4,
      diskBytes: 256 * 1024 ** 2,
      snapshotEveryMs: 60,
    })
    const inner = await this.#container(this.#world, 'inner')
    for (const name of names) {
      const home = await this.#container(this.#world, name)
      this.#granted.set(name, await this.#world.grant(home, inner))
    }
    // From here on no rollback unmakes a container or takes a capability back.
    await this.#world.snapshot()
    return this.#world
  }
}

type AnyCommand = fc.AsyncCommand<object, ThreadRun>

class Command implements AnyCommand {
  readonly #text: string
  readonly #deed: (run: ThreadRun) => Promise<void>

  constructor(text: string, deed: (run: ThreadRun) => Promise<void>) {
    this.#text = text
    this.#deed = deed
  }

  check(): boolean {
    return true
  }

  run(_: object, run: ThreadRun): Promise<void> {
    return this.#deed(run)
  }

  toString(): string {
    return this.#text
  }
}

const batch = (meanwhile: 'nothing' | 'snapshot' | 'kill'): fc.Arbitrary<AnyCommand> =>
  fc
    .nat()
    .map(
      (seed) =>
        new Command(`batch ${seed}, ${meanwhile}`, (run) => run.batch(new Random(seed), meanwhile)),
    )
const simple = (text: string, deed: (run: ThreadRun) => Promise<void>): fc.Arbitrary<AnyCommand> =>
  fc.constant(new Command(text, deed))

const kinds: fc.Arbitrary<AnyCommand>[] = [
  ...Array.from({ length: 6 }, () => batch('nothing')),
  ...Array.from({ length: 3 }, () => batch('snapshot')),
  batch('kill'),
  simple('snapshot', (run) => run.snapshot()),
  simple('status', (run) => run.status()),
  simple('close and open', (run) => run.close()),
]

/** Runs courses on threads until so many operations were compared. What a seed draws is the same each time; the threads' order is not. */
export async function fuzzThreads(options: ThreadFuzzOptions): Promise<ThreadFuzzResult> {
  const tally: Tally = { operations: 0, batches: 0, openings: 0, managersKilled: 0, failure: null }
  const course = fc.asyncProperty(
    fc.commands<object, ThreadRun, false>(kinds, { maxCommands: 30, size: 'max' }),
    async (commands) => {
      const run = new ThreadRun(tally)
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: run }), commands)
      } finally {
        await run.end()
      }
    },
  )
  for (let seed = options.seed; tally.operations < options.steps; seed++) {
    const found = await fc.check(course, { seed, numRuns: 1, endOnFailure: true })
    if (found.failed) {
      const error = found.errorInstance
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const again = `again: npm run fuzz -- --threads --seed ${seed} --steps 1`
      tally.failure = `seed ${seed}:\n  ${fc.stringify(found.counterexample?.[0])}\n${what}\n${again}`
      return tally
    }
    options.onCourse?.(tally)
  }
  return tally
}
