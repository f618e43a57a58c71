/**
 * The same bank with tellers of each quality of service, on real threads: what is lost when a clerk's thread ends in the middle of a visit, or
 * the tellers' manager does; and how long an answer for good takes. As data: who went back that was not lost itself, and how far.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Capref, type ServiceLevel } from '@katydid/abi'
import { openWorld, type Container, type World } from 'katydid'
import { root } from '../support/house.js'

export interface LevelsOptions {
  readonly level: ServiceLevel
  readonly seconds: number
  readonly tellers: number
  readonly clerks: number
  readonly snapshotEveryMs?: number
  /** Milliseconds between kills; 0: none. */
  readonly killEveryMs?: number
  readonly onTold?: (line: string) => void
}

/** What one return cost. */
export interface LevelReturn {
  readonly after: 'clerk' | 'manager'
  /** All of the world went back. */
  readonly whole: boolean
  /** Containers that went back, and those of them that were not lost themselves. */
  readonly moved: number
  readonly dragged: number
  /** Tills among them: the work of clerks and of the patron. */
  readonly tills: number
  /** Transfers of clerks that were done before and are to be done again. */
  readonly transfers: number
  /** Intervals between where they were and where they are. */
  readonly intervals: number
}

export interface LevelsResult {
  readonly level: ServiceLevel
  readonly returns: readonly LevelReturn[]
  readonly transfersASecond: number
  readonly durableMs: readonly number[]
  /** Why visits were not logged, how often; how often a run again differed. */
  readonly notLogged: ReadonlyMap<string, number>
  readonly differed: number
  readonly wrong: readonly string[]
}

type Word = 'kill' | 'done' | 'again'

const fixture = (name: string): string => `${root}/tests/fixtures/${name}.mjs`
const { stopAt, wordAt, wordsKey } = (await import(fixture('levels-words'))) as {
  readonly stopAt: number
  readonly wordsKey: string
  readonly wordAt: (locus: number, field: Word) => number
}

/** Runs the bank at one level. */
export async function runLevel(options: LevelsOptions): Promise<LevelsResult> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-levels-'))
  const words = new Int32Array(new SharedArrayBuffer(4096))
  setEnvironmentData(wordsKey, words.buffer)
  const { clerks, tellers, level, snapshotEveryMs = 100 } = options
  // Always a manager of their own, so that its end is the same loss at each level.
  const module = import.meta.resolve('@katydid/managers/self-managing/self-managing.worker.js')
  const plain = { name: level, module, keepsRoot: true, containerBytes: 64 * 1024 ** 2 }
  const managed = level === 'snapshotting' ? [plain] : [{ name: level }]
  const world = await openWorld({
    dir: path.join(dir, 'world'),
    frames: 512,
    loci: clerks + 4,
    // A transaction has a page table for each locus and teller.
    containers: tellers + clerks + 8 + (clerks + 1) * tellers,
    diskBytes: 512 * 1024 ** 2,
    snapshotEveryMs,
    managers: managed,
  })
  try {
    return await new Levels(world, words, options).run()
  } finally {
    await world.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

class Levels {
  readonly #world: World
  readonly #words: Int32Array
  readonly #options: LevelsOptions
  readonly #returns: LevelReturn[] = []
  #again = 0
  readonly #durableMs: number[] = []
  readonly #notLogged = new Map<string, number>()
  readonly #wrong: string[] = []
  #differed = 0
  #killed: LevelReturn['after'] = 'clerk'
  #isOver = false

  constructor(world: World, words: Int32Array, options: LevelsOptions) {
    this.#world = world
    this.#words = words
    this.#options = options
  }

  async run(): Promise<LevelsResult> {
    const { level, seconds, clerks } = this.#options
    this.#listen()
    const { tellers, tills } = await this.#containers()
    const auditor = await this.#container('auditor')
    const caps = {
      tellers: await this.#grants(auditor, tellers),
      tills: await this.#grants(auditor, tills),
    }
    const work = await this.#begin(tellers, tills)
    await this.#world.snapshot({ durable: true })
    const before = this.#sum('done')
    await Promise.race([sleep(seconds * 1000), this.#killing(clerks)])
    const transfersASecond = (this.#sum('done') + this.#sum('again') - before) / seconds
    this.#isOver = true
    Atomics.store(this.#words, stopAt, 1)
    await Promise.all(work.map((each) => each()))
    this.#countAgain()
    const audit = await this.#world.startLocus(auditor, {
      name: 'audit',
      args: { role: 'audit', ...caps },
    })
    const { result } = (await audit.result()) as { result: Audit }
    this.#wrong.push(...judge(result))
    return {
      level,
      returns: this.#returns,
      transfersASecond,
      durableMs: this.#durableMs,
      notLogged: this.#notLogged,
      differed: this.#differed,
      wrong: this.#wrong,
    }
  }

  #listen(): void {
    const world = this.#world
    const told = (what: object): void => this.#options.onTold?.(JSON.stringify(what))
    world.on('log', ({ text }) => {
      this.#durableMs.push((JSON.parse(text) as { durableMs: number }).durableMs)
    })
    world.on('rollback', (event) => {
      told(event)
      const { moved } = event
      // All of the world went back: from where is not said, and nobody was asked for whom it was needed.
      const whole = moved.some(({ from }) => from === 0)
      const lost = moved.filter(({ because }) => !because.startsWith('it had received')).length
      const dragged = whole ? moved.length - 1 : moved.length - lost
      const tills = moved.filter(({ container }) => container.startsWith('till')).length
      const intervals = moved.reduce((sum, each) => sum + (whole ? 0 : intervalsOf(each)), 0)
      this.#countAgain()
      const after = this.#killed
      this.#returns.push({
        after,
        whole,
        moved: moved.length,
        dragged,
        tills,
        intervals,
        transfers: 0,
      })
    })
    world.on('failed', ({ status, detail }) =>
      this.#wrong.push(`the world failed: ${status}, ${detail}`),
    )
    world.on('trouble', (event) => told(event))
    world.on('not_logged', ({ why }) => {
      this.#notLogged.set(why, (this.#notLogged.get(why) ?? 0) + 1)
    })
    world.on('replay_differed', (event) => {
      told(event)
      this.#differed++
    })
    world.on('locus_ended', ({ name, status, detail }) => {
      if (status !== 'ok') this.#wrong.push(`${name} ended: ${status}, ${detail}`)
    })
  }

  async #container(name: string, manager?: string): Promise<Container> {
    const program = fixture('levels-bank')
    const of = manager === undefined ? {} : { manager }
    return this.#world.createContainer({ name, program, size: 65_536, ...of })
  }

  async #containers(): Promise<{ tellers: Container[]; tills: Container[] }> {
    const { level, tellers, clerks } = this.#options
    const made = { tellers: [] as Container[], tills: [] as Container[] }
    for (let i = 0; i < tellers; i++) made.tellers.push(await this.#container(`teller ${i}`, level))
    // The last is the patron's.
    for (let i = 0; i <= clerks; i++) made.tills.push(await this.#container(`till ${i}`))
    return made
  }

  async #grants(to: Container, those: readonly Container[]): Promise<Capref[]> {
    const caps: Capref[] = []
    for (const each of those) caps.push(await this.#world.grant(to, each))
    return caps
  }

  /** Starts all; answers how to wait for the end of each. */
  async #begin(
    tellers: readonly Container[],
    tills: readonly Container[],
  ): Promise<(() => Promise<unknown>)[]> {
    const chains: Capref[] = []
    for (const [i, each] of tellers.entries())
      chains.push(await this.#world.grant(each, tellers[(i + 1) % tellers.length]!))
    const atomic = this.#options.level === 'transactional'
    const work: (() => Promise<unknown>)[] = []
    for (const [of, till] of tills.entries()) {
      const role = of === tills.length - 1 ? 'patron' : 'clerk'
      const args = { role, of, tellers: await this.#grants(till, tellers), chains, atomic }
      const locus = await this.#world.startLocus(till, { name: `${role} ${of}`, args })
      work.push(() => locus.result())
    }
    return work
  }

  async #killing(clerks: number): Promise<void> {
    const { killEveryMs = 1500, level } = this.#options
    const before = { manager: 0, clerk: 0 }
    for (let kills = 1; ; kills++) {
      await sleep(killEveryMs === 0 ? 1e8 : killEveryMs)
      if (this.#isOver) return
      this.#killed = kills % 3 === 0 ? 'manager' : 'clerk'
      // What fails more often within a minute is given up.
      if (before[this.#killed] >= (this.#killed === 'manager' ? most : most * clerks)) continue
      const nth = before[this.#killed]++
      if (this.#killed === 'manager') await this.#world.crashManager(level)
      else Atomics.store(this.#words, wordAt(nth % clerks, 'kill'), 1)
    }
  }

  #sum(field: Word): number {
    let sum = 0
    for (let clerk = 0; clerk < this.#options.clerks; clerk++)
      sum += Atomics.load(this.#words, wordAt(clerk, field))
    return sum
  }

  /** What was to be done again since it was last counted is of the newest return. */
  #countAgain(): void {
    const again = this.#sum('again')
    const last = this.#returns.pop()
    if (last !== undefined)
      this.#returns.push({ ...last, transfers: last.transfers + again - this.#again })
    this.#again = again
  }
}

const most = 4

/** Numbers jump by this at a return, so that none is used twice. */
const jump = 1e9

/** Between the two; of those from before an earlier return nothing is counted. */
const intervalsOf = ({ from, to }: { readonly from: number; readonly to: number }): number =>
  Math.floor(from / jump) === Math.floor(to / jump) ? from - to : from % jump

interface Audit {
  readonly books: readonly (readonly number[])[]
  readonly ledgers: readonly (readonly number[])[]
}

function judge({ books, ledgers }: Audit): string[] {
  const money = books.reduce((sum, [amount = 0]) => sum + amount, 0)
  const wrong = money === 0 ? [] : [`all money is ${money}, not 0`]
  for (const [teller, [, ...entries]] of books.entries())
    for (const [till, times] of entries.entries()) {
      const meant = ledgers[till]?.[teller + 1] ?? 0
      if (times !== meant)
        wrong.push(`teller ${teller} has ${times} entries of till ${till}, which says ${meant}`)
    }
  return wrong
}
