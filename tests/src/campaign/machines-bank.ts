/**
 * A bank over machines, on real threads and real disks: a clerk on each machine moves money between tellers on all of them, while machines, their parts, clerks and processes
 * are killed and stopped at random. Again and again all clerks are made to stand, the books of all machines are read, and judged (`bank-books.ts`). The processes only tell;
 * here is decided.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '@katydid/actor'
import { judgeBooks, type Audit } from './bank-books.js'
import { BankProcess, type ProcessJob, type Told } from './machines-bank-process.js'
import { Losses, type Loss } from './machines-bank-losses.js'
import { strikes, type Strike } from './machines-bank-strikes.js'

export interface MachinesBankOptions {
  readonly minutes: number
  readonly seed: number
  readonly machines: number
  /** Each machine in a process of its own. */
  readonly apart: boolean
  /** Tellers a machine. */
  readonly tellers?: number
  readonly onLoss?: (loss: Loss) => void
  readonly onTold?: (line: string) => void
}

export interface MachinesBankResult {
  readonly audits: number
  /** How often each blow fell. */
  readonly blows: ReadonlyMap<Strike, number>
  readonly losses: readonly Loss[]
  /** Transfers in the last books, and invocations that clerks made. */
  readonly transfers: number
  readonly acknowledged: number
  readonly refused: number
  /** Milliseconds from the order to stand until the books were read. */
  readonly auditMs: { readonly mean: number; readonly most: number }
  readonly wrong: readonly string[]
}

const openMs = 240_000
const standMs = 300_000
/** An auditor asks so many containers, one after the other, on processors that all machines share. */
const answerMs = 60_000
const lookMs = 20

export async function machinesBank(options: MachinesBankOptions): Promise<MachinesBankResult> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-bank-'))
  const bank = new MachinesBank(path.join(folder, 'world'), options)
  try {
    return await bank.run()
  } finally {
    bank.killAll()
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

export class MachinesBank {
  readonly random: Random
  readonly options: MachinesBankOptions
  /** By the number of the first machine that it has. */
  readonly processes = new Map<number, BankProcess>()
  readonly #dir: string
  readonly #beganAt = Date.now()
  readonly #wrong: string[] = []
  readonly #blows = new Map<Strike, number>()
  readonly #losses: Losses
  /** By clerk, what cannot be lost any more. */
  readonly #promised: number[]
  readonly #auditMs: number[] = []
  /** Changes whenever anything goes back, begins again or ends. */
  #era = 0
  #request = 0
  #answer: Audit | null = null
  #acks = 0
  #refused = 0
  #transfers = 0
  /** Machines that were struck and are expected back. */
  readonly #expected = new Set<number>()

  constructor(dir: string, options: MachinesBankOptions) {
    this.#dir = dir
    this.options = options
    this.random = new Random(options.seed)
    this.#promised = Array.from({ length: options.machines }, () => 0)
    this.#losses = new Losses(() => this.#second(), options.onLoss)
  }

  async run(): Promise<MachinesBankResult> {
    await this.#make()
    for (const first of this.#firsts()) this.start(first)
    while (this.#wrong.length === 0 && this.#second() < this.options.minutes * 60) {
      if (!(await this.#audit())) break
      for (const each of this.processes.values()) each.tell({ do: 'go' })
      await this.#work()
    }
    if (this.#wrong.length === 0 && (await this.#audit())) await this.#closeAll()
    // As it was left, and all of it in one process.
    if (this.#wrong.length === 0) {
      this.start(1, this.#all())
      await this.#audit()
    }
    const mean = this.#auditMs.reduce((sum, each) => sum + each, 0) / this.#auditMs.length
    return {
      audits: this.#auditMs.length,
      blows: this.#blows,
      losses: this.#losses.all,
      transfers: this.#transfers,
      acknowledged: this.#acks,
      refused: this.#refused,
      auditMs: { mean, most: Math.max(0, ...this.#auditMs) },
      wrong: this.#wrong,
    }
  }

  killAll(): void {
    for (const each of this.processes.values()) if (each.isAlive) each.signal('SIGKILL')
  }

  /** Starts the process that has this machine. */
  start(first: number, take: readonly number[] = this.options.apart ? [first] : this.#all()): void {
    const isWhole = take.length === this.options.machines
    const job = { ...this.#job(), ...(isWhole ? {} : { take }) }
    this.processes.set(first, new BankProcess(this.#dir, job, (told) => this.#hear(told)))
  }

  /** The process that has the machine. */
  processOf(machine: number): BankProcess {
    return this.processes.get(this.options.apart ? machine : 1)!
  }

  /** All of the machine, or of its process, is going to end. */
  expectEnd(machine: number): void {
    this.#expected.add(machine)
    this.#era++
  }

  ended(why: string): void {
    this.#wrong.push(why)
  }

  #all(): number[] {
    return Array.from({ length: this.options.machines }, (_, nth) => nth + 1)
  }

  #firsts(): number[] {
    return this.options.apart ? this.#all() : [1]
  }

  #job(): ProcessJob {
    const { machines, tellers = 2, seed } = this.options
    const threads = this.random.chance(0.5) ? 'together' : 'apart'
    // All of them write to one real disk.
    const snapshotEveryMs = Math.ceil((50 + this.random.below(150)) * Math.max(1, machines / 3))
    return { machines, tellers, seed, options: { threads, snapshotEveryMs } }
  }

  async #make(): Promise<void> {
    const making = new BankProcess(this.#dir, { ...this.#job(), make: true }, (told) =>
      this.#options.onTold?.(JSON.stringify(told)),
    )
    const code = await making.ended
    if (code !== 0) this.#wrong.push(`the bank could not be made: ${making.complaint}`)
  }

  get #options(): MachinesBankOptions {
    return this.options
  }

  #second(): number {
    return Math.round((Date.now() - this.#beganAt) / 1000)
  }

  #hear(told: Told): void {
    if (told.standing === undefined) this.#options.onTold?.(JSON.stringify(told))
    this.#losses.hear(told)
    if (told.rollback !== undefined || told.failed !== undefined) this.#era++
    if (told.audit === this.#request && told.books !== undefined && told.ledgers !== undefined)
      this.#answer = { books: told.books, ledgers: told.ledgers }
    if (told.acked !== undefined) this.#acknowledged(told.done ?? [])
    if (told.refused !== undefined) this.#refused++
    if (told.ended !== undefined && told.ended.status !== 'ok')
      this.#wrong.push(`${told.ended.name} ended: ${told.ended.status}, ${told.ended.detail}`)
    if (told.complaint !== undefined && this.#expected.size === 0) this.#wrong.push(told.complaint)
  }

  #acknowledged(done: NonNullable<Told['done']>): void {
    this.#acks++
    for (const each of done)
      this.#promised[each.clerk] = Math.max(this.#promised[each.clerk] ?? 0, each.done)
  }

  /** All stand, the books are read, and are as they must be. False: something was wrong. */
  async #audit(): Promise<boolean> {
    const beganAt = Date.now()
    if (!(await this.#until('open', openMs, () => this.#everyProcess((each) => each.isOpen))))
      return false
    this.#expected.clear()
    for (;;) {
      for (const each of this.processes.values()) each.tell({ do: 'pause' })
      if (!(await this.#until('at the gate', standMs, () => this.#allStand()))) return false
      const era = this.#eraNow()
      this.#answer = null
      this.#request++
      // A promise that is heard after the books were read is of later.
      const promised = [...this.#promised]
      this.processes.get(1)!.tell({ do: 'audit', request: this.#request })
      const endAt = Date.now() + answerMs
      while (this.#isUnanswered() && Date.now() < endAt) await sleep(lookMs)
      if (this.#answer === null || this.#eraNow() !== era || !this.#allStand()) {
        if (Date.now() - beganAt < standMs) continue
        this.#wrong.push(`the books could not be read within ${standMs / 1000} s`)
        return false
      }
      return this.#judge(this.#answer, promised, Date.now() - beganAt)
    }
  }

  #isUnanswered(): boolean {
    return this.#answer === null && this.#wrong.length === 0
  }

  #judge(audit: Audit, done: readonly number[], ms: number): boolean {
    this.#auditMs.push(ms)
    this.#losses.flush()
    this.#transfers = audit.ledgers.reduce((sum, each) => sum + each.done, 0)
    this.#wrong.push(...judgeBooks(audit, { done, visitors: 0 }))
    return this.#wrong.length === 0
  }

  #eraNow(): string {
    const entered = [...this.processes.values()].flatMap(({ standing, auditors }) => [
      auditors,
      ...standing.map((each) => each.entered),
    ])
    return [this.#era, ...entered].join()
  }

  #allStand(): boolean {
    const standing = [...this.processes.values()].flatMap((each) => each.standing)
    return (
      standing.length === this.#options.machines &&
      standing.every(({ stands }) => stands) &&
      this.processes.get(1)!.auditors > 0
    )
  }

  #everyProcess(is: (each: BankProcess) => boolean): boolean {
    return [...this.processes.values()].every(is)
  }

  /** Waits until it is so of the clerks; false, and something is wrong, when that takes too long or a process ended. */
  async #until(where: string, forMs: number, isSo: () => boolean): Promise<boolean> {
    const endAt = Date.now() + forMs
    while (!isSo()) {
      if (this.#wrong.length > 0) return false
      const gone = [...this.processes].find(([, each]) => !each.isAlive)
      if (gone !== undefined) {
        this.#wrong.push(`the process of machine ${gone[0]} ended: ${gone[1].complaint.trim()}`)
        return false
      }
      if (Date.now() > endAt) {
        const { processes } = this
        const clerks = [...processes.values()].flatMap((each) => each.standing)
        const who = clerks.filter(({ stands }) => !stands).map(({ clerk }) => clerk)
        this.#wrong.push(`not all were ${where} within ${forMs / 1000} s: clerks ${who.join(', ')}`)
        return false
      }
      await sleep(lookMs)
    }
    return true
  }

  /** They work for some seconds; promises are asked for, and blows fall. */
  async #work(): Promise<void> {
    const { random } = this
    const endAt = Date.now() + 1500 + random.below(5000)
    while (Date.now() < endAt && this.#wrong.length === 0) {
      await sleep(200 + random.below(1200))
      if (random.chance(0.5)) {
        for (const each of this.processes.values()) if (each.isOpen) each.tell({ do: 'snapshot' })
        continue
      }
      const kinds = (Object.keys(strikes) as Strike[]).filter((kind) =>
        this.options.apart ? true : strikes[kind].ofThreads,
      )
      const kind = kinds[random.below(kinds.length)]!
      const machine = 1 + random.below(this.options.machines)
      if (!this.processOf(machine).isOpen) continue
      this.#blows.set(kind, (this.#blows.get(kind) ?? 0) + 1)
      this.#losses.struck(`${kind} of machine ${machine}`)
      await strikes[kind].fall(this, machine)
    }
  }

  async #closeAll(): Promise<void> {
    for (const each of this.processes.values()) each.close()
    for (const [first, each] of this.processes) {
      const code = await each.ended
      if (code !== 0)
        this.#wrong.push(`the process of machine ${first} closed with ${code}: ${each.complaint}`)
    }
    this.processes.clear()
  }
}
