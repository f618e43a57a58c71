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
  /** Who is killed, by turns. */
  readonly kills?: readonly LevelReturn['after'][]
  /** No more kills than that; the run is over after them. */
  readonly mostKills?: number
  /** Without a patron nobody asks for captures. */
  readonly patron?: boolean
  /** Each so manieth entry that a clerk has with a teller is dated by the thread’s own clock; 0: none. */
  readonly dated?: number
  readonly onTold?: (line: string) => void
}

/** What one return cost. */
export interface LevelReturn {
  /** Lost was the thread of a clerk in the middle of a visit; the tellers’ manager; or that, while nobody stood in any teller. */
  readonly after: 'clerk' | 'manager' | 'aside'
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

type Word = 'kill' | 'done' | 'again' | 'aside'

const fixture = (name: string): string => `${root}/tests/fixtures/${name}.mjs`
const { asideAt, stopAt, wordAt, wordsKey } = (await import(fixture('levels-words'))) as {
  readonly asideAt: number
  readonly stopAt: number
  readonly wordsKey: string
  readonly wordAt: (locus: number, field: Word) => number
}

/** Runs the bank at one level. */
export async function runLevel(options: LevelsOptions): Promise<LevelsResult> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-levels-'))
  const words = new Int32Array(new SharedArrayBuffer(4096))
  setEnvironmentData(wordsKey, words.buffer)
  const { clerks, tellers, level, snapshotEveryMs = 1000 } = options
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
  /** How the manager was ended when it was last. */
  #managerKilled: LevelReturn['after'] = 'manager'
  #isOver = false

  constructor(world: World, words: Int32Array, options: LevelsOptions) {
    this.#world = world
    this.#words = words
    this.#options = options
  }

  async run(): Promise<LevelsResult> {
    const { level, seconds } = this.#options
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
    await Promise.race([sleep(seconds * 1000), this.#killing()])
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
      const { moved, reason } = event
      const isDragged = ({ because }: { readonly because: string }): boolean =>
        because.startsWith('it had received')
      const isTeller = ({ container }: { readonly container: string }): boolean =>
        container.startsWith('teller')
      // With a manager that is lost go its tellers. If nobody else has a reason of its own, all of the world went back.
      const isManager = reason.startsWith('the manager')
      const others = moved.filter((each) => !isTeller(each))
      const whole =
        isManager && others.length > 0 && others.every(({ because }) => because === reason)
      const dragged = whole ? others.length : moved.filter(isDragged).length
      const tills = moved.filter(({ container }) => container.startsWith('till')).length
      const intervals = moved.reduce((sum, each) => sum + intervalsOf(each), 0)
      this.#countAgain()
      const after = isManager ? this.#managerKilled : 'clerk'
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
    const { level, tellers } = this.#options
    const made = { tellers: [] as Container[], tills: [] as Container[] }
    for (let i = 0; i < tellers; i++) made.tellers.push(await this.#container(`teller ${i}`, level))
    // The last is the patron's.
    for (let i = 0; i < this.#standing(); i++) made.tills.push(await this.#container(`till ${i}`))
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
      const role = of === this.#options.clerks ? 'patron' : 'clerk'
      const { dated = 0 } = this.#options
      const args = { role, of, tellers: await this.#grants(till, tellers), chains, atomic, dated }
      const locus = await this.#world.startLocus(till, { name: `${role} ${of}`, args })
      work.push(() => locus.result())
    }
    return work
  }

  /** Clerks and patron. */
  #standing(): number {
    return this.#options.clerks + (this.#options.patron === false ? 0 : 1)
  }

  async #killing(): Promise<void> {
    const { clerks, killEveryMs = 1500, kills = usual, mostKills = Infinity } = this.#options
    const before = new Map<string, number[]>()
    let clerk = 0
    for (let nth = 0; this.#returns.length < mostKills; nth++) {
      await sleep(killEveryMs === 0 ? 1e8 : killEveryMs)
      if (this.#isOver) return
      const who = kills[nth % kills.length]!
      // What fails more often within a minute is given up.
      const lately = (before.get(who === 'clerk' ? `${clerk}` : 'manager') ?? []).filter(
        (at) => at > Date.now() - minuteMs,
      )
      if (lately.length >= most) continue
      before.set(who === 'clerk' ? `${clerk}` : 'manager', [...lately, Date.now()])
      if (who !== 'clerk') this.#managerKilled = who
      if (who === 'clerk') {
        Atomics.store(this.#words, wordAt(clerk, 'kill'), 1)
        clerk = (clerk + 1) % clerks
      } else if (who === 'manager') await this.#world.crashManager(this.#options.level)
      else await this.#killAside()
    }
  }

  /** The manager dies while nobody stands in its containers. */
  async #killAside(): Promise<void> {
    const loci = Array.from({ length: this.#standing() }, (_, of) => of)
    const stands = (of: number): boolean => Atomics.load(this.#words, wordAt(of, 'aside')) === 1
    const returns = this.#returns.length
    const clerks = loci.slice(0, this.#options.clerks)
    const work = clerks.map((of) => this.#workOf(of))
    // There has to be something to lose.
    if (!(await until(() => clerks.every((of) => this.#workOf(of) >= work[of]! + someWork)))) return
    Atomics.store(this.#words, asideAt, 1)
    try {
      if (!(await until(() => loci.every(stands)))) return
      await this.#world.crashManager(this.#options.level)
      if (!(await until(() => this.#returns.length > returns)))
        this.#wrong.push('its manager was ended, and nobody went back')
    } finally {
      Atomics.store(this.#words, asideAt, 0)
    }
  }

  #sum(field: Word): number {
    let sum = 0
    for (let clerk = 0; clerk < this.#options.clerks; clerk++)
      sum += Atomics.load(this.#words, wordAt(clerk, field))
    return sum
  }

  /** Transfers that the clerk has made, those that it made again counted twice. */
  #workOf(clerk: number): number {
    const [done, again] = (['done', 'again'] as const).map((field) =>
      Atomics.load(this.#words, wordAt(clerk, field)),
    )
    return done! + again!
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

/** By turns; the manager must not fail more than five times a minute. */
const usual = ['clerk', 'aside', 'clerk', 'manager', 'clerk', 'aside'] as const
const most = 4
const minuteMs = 61_000
/** So many transfers each clerk makes before it stands aside. */
const someWork = 10

/** Within a while, however loaded the machine is. */
async function until(holds: () => boolean): Promise<boolean> {
  for (let tries = 0; !holds(); tries++) {
    if (tries === 10_000) return false
    await sleep(1)
  }
  return true
}

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
