/** On threads over two and three machines: what loci read of pages that are lent is what some interleaving gives. */
import type { Container, World } from 'katydid'
import { Random } from '@katydid/actor'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { isSequential, type History, type Operation } from '../coherence/history.js'
import { historyOf, litmus, litmusNames, type Step } from '../coherence/litmus.js'
import { temporaryFolder } from '../support/folders.js'
import { openSeveral } from '../support/several.js'
import { fixture } from '../support/worlds.js'

interface Access {
  readonly kind: Operation['kind']
  readonly offset: number
  readonly value?: number
}

interface Told {
  readonly read?: readonly (readonly number[])[]
  readonly status?: string
}

const pageBytes = 4096
const kinds = ['load', 'load', 'store', 'add'] as const
const size = 8 * pageBytes

class Rounds {
  readonly #world: World
  readonly #shared: Container
  readonly #askers: readonly Container[]
  #met = 0
  #asked = 0

  private constructor(world: World, shared: Container, askers: readonly Container[]) {
    this.#world = world
    this.#shared = shared
    this.#askers = askers
  }

  /** A container of the first machine, and who invokes it on each. */
  static async open(t: ExecutionContext, machines: number): Promise<Rounds> {
    const world = await openSeveral(t, machines, {
      dir: temporaryFolder(t),
      snapshotEveryMs: 1_000,
      managers: [{ name: 'proxy' }, { name: 'sharing' }],
    })
    const make = (name: string, program: string, machine: number, manager = '') =>
      world.createContainer({ name, size, program: fixture(program), machine, manager })
    const shared = await make('shared', 'lent-history', 1, 'sharing')
    const askers: Container[] = []
    for (let machine = 1; machine <= machines; machine++)
      askers.push(await make(`asker ${machine}`, 'remote-asks', machine))
    return new Rounds(world, shared, askers)
  }

  /** Each thread does its rounds, on the machines in turn; what each has read, round by round. */
  async run(threads: readonly (readonly (readonly Access[])[])[]): Promise<number[][][]> {
    const first = this.#met / threads.length
    const results = threads.map(async (rounds, nth) => {
      // The last machines first: with fewer threads than machines somebody is a guest.
      const from = this.#askers[this.#askers.length - 1 - (nth % this.#askers.length)]!
      const cap = await this.#world.grant(from, this.#shared)
      const args = { cap, args: { first, threads: threads.length, rounds } }
      const locus = await this.#world.startLocus(from, { name: `t ${this.#asked++}`, args })
      const { read, status } = (await locus.result()).result as Told
      if (read === undefined) throw new Error(`a thread ended with ${status}`)
      return read.map((values) => [...values])
    })
    const read = await Promise.all(results)
    this.#met += threads[0]!.length * threads.length
    return read
  }

  /** The word at which threads meet counts from here on as if so many had come each round. */
  async clear(threads: number): Promise<void> {
    const over = this.#met % threads
    if (over === 0) return
    const one = await this.run([[[]]])
    if (one.length !== 1) throw new Error('one thread meets nobody')
    await this.clear(threads)
  }
}

/** Where round `nth` has its x and y: words of their own on two pages. */
const offsetOf = (location: Step['location'], nth: number): number =>
  (location === 'x' ? 1 : 2) * pageBytes + 4 * nth

const accessOf = ({ kind, location, value }: Step, nth: number): Access => ({
  kind,
  offset: offsetOf(location, nth),
  ...(value === undefined ? {} : { value }),
})

test.serial(
  '[CH63] [CH21] on threads over two machines no litmus test shows an outcome that no interleaving gives',
  async (t) => {
    t.timeout(240_000)
    const each = 40
    const rounds = await Rounds.open(t, 2)
    let nth = 0
    for (const name of litmusNames) {
      const threads: readonly (readonly Step[])[] = litmus[name]
      await rounds.clear(threads.length)
      const base = nth
      nth += each
      const plans = threads.map((steps) =>
        Array.from({ length: each }, (_, round) =>
          steps.map((step) => accessOf(step, base + round)),
        ),
      )
      const read = await rounds.run(plans)
      for (let round = 0; round < each; round++) {
        const outcome = read.map((values) => values[round]!)
        if (!isSequential(historyOf(name, outcome))) t.fail(`${name}: ${JSON.stringify(outcome)}`)
      }
    }
    t.is(nth, each * litmusNames.length)
  },
)

test.serial(
  '[CH64] random programs on threads of three machines leave histories that are sequentially consistent',
  async (t) => {
    t.timeout(240_000)
    const random = new Random(64)
    const rounds = await Rounds.open(t, 3)
    const count = 30
    let value = 0
    const plans = Array.from({ length: 3 }, () =>
      Array.from({ length: count }, (_, round) =>
        Array.from({ length: 6 }, (): Access => {
          const kind = kinds[random.below(kinds.length)]!
          const offset = random.below(3) * pageBytes + 1024 + 4 * round
          return kind === 'load' ? { kind, offset } : { kind, offset, value: ++value }
        }),
      ),
    )
    const read = await rounds.run(plans)
    for (let round = 0; round < count; round++) {
      const history: History = plans.map((thread, i) => {
        const values = [...read[i]![round]!]
        return thread[round]!.map(({ kind, offset, value: given = 0 }): Operation => {
          const location = `${offset}`
          if (kind === 'store') return { kind, location, value: given }
          const found = values.shift()!
          return kind === 'load'
            ? { kind, location, value: found }
            : { kind, location, value: found, left: found + given }
        })
      })
      if (!isSequential(history)) t.fail(JSON.stringify(history))
    }
    t.is(read.length, 3)
  },
)
