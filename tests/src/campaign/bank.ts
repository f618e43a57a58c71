/**
 * A bank of many containers on real threads, in a process that is killed again and again, with its manager and its loci killed inside.
 * After each return to the line its books are read and judged (`bank-books.ts`); how many epochs each return cost is noted. The
 * process (`tests/fixtures/bank-child.mjs`) only tells; here is decided.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { Random } from '@katydid/actor'
import { root } from '../support/house.js'
import { judgeBooks, type Audit, type Promised } from './bank-books.js'
import { copyOf, readLine, type LineRead } from './bank-lines.js'

export interface BankOptions {
  readonly minutes: number
  readonly containers: number
  readonly loci: number
  readonly seed: number
  /** Longest life of a process after its books were read. */
  readonly lifeMs?: number
  /** Milliseconds between kills inside; 0: none. */
  readonly insideMs?: number
  readonly snapshotEveryMs?: number
  /** The campaign goes on until so many lines were read, and so many on copies, ten times as long at most. */
  readonly leastLines?: number
  readonly leastCopies?: number
  /** So many kept lines are read after each life, each on a copy of the directory. */
  readonly copiesALife?: number
  /** Without kills: one life. */
  readonly calm?: boolean
  readonly onReturn?: (back: Return) => void
  readonly onTold?: (line: string) => void
}

/** A return to the line. */
export interface Return {
  readonly second: number
  readonly why: string
  /** Newest epoch that was captured before, and that of which everything was there. */
  readonly captured: number
  readonly line: number
  readonly lost: number
  /** Transfers of all clerks that were made again. */
  readonly transfersLost: number
}

export interface BankResult {
  readonly returns: readonly Return[]
  readonly audits: number
  /** Lines whose books were read while the world ran, and those that a loss or a newer one took away meanwhile; milliseconds a line. */
  readonly lines: LinesRead
  /** The same of kept lines to which a copy of the directory went back. */
  readonly copies: LinesRead
  readonly kills: { readonly process: number; readonly manager: number; readonly clerk: number }
  readonly acknowledged: { readonly snapshots: number; readonly visitors: number }
  readonly epochs: number
  readonly refused: number
  /** Most epochs between the newest that began and the line, while the world ran. */
  readonly lagMax: number
  readonly lagMean: number
  /** How often the line was said to lag, and the drains. */
  readonly lags: number
  readonly drains: { readonly count: number; readonly maxMs: number; readonly givenUp: number }
  readonly callsASecond: number
  /** What is wrong, as sentences. */
  readonly wrong: readonly string[]
}

/** What was promised with a capture. */
interface Word {
  readonly capture: number
  readonly promised: Promised
}

interface LinesRead {
  readonly read: number
  readonly unread: number
  readonly meanMs: number
}

interface Told {
  readonly opened?: { readonly capture: number; readonly damage: string | null }
  readonly ready?: true
  readonly line?: number
  readonly captured?: number
  readonly done?: readonly number[]
  readonly recoverable?: number
  readonly rollback?: number
  readonly reason?: string
  readonly audit?: Audit
  /** Books of the kept line `of`, read in `ms`. */
  readonly past?: Audit
  readonly of?: number
  readonly ms?: number
  readonly unread?: number
  readonly acked?: number
  readonly refused?: string
  readonly visiting?: number
  readonly visited?: number
  readonly kill?: 'manager' | 'clerk'
  readonly failed?: string
  readonly ended?: string
  readonly status?: string
  readonly detail?: string
  readonly lag?: number
  readonly epoch?: number
  /** As it was with `lag`, and as an event. */
  readonly isHeld?: boolean
  readonly lagging?: boolean
  readonly drainUs?: number
  readonly isGivenUp?: boolean
  readonly calls?: number
  readonly audited?: boolean
  /** The lines that are kept. */
  readonly kept?: readonly number[]
}

const silenceMs = 60_000
/** Epochs that were captured and are not on the line, unless the line is said to lag. */
const mostLost = 2
/** So many lines are kept, so that one is there while it is read, and old ones when a life is over. */
const keptLines = 6
/** More tellers, opened beside themselves, are more than managers take on, and take longer than a life. */
const mostRead = 16
const mostWaited = 10
const child = `${root}/tests/fixtures/bank-child.mjs`

/** Runs the campaign. Ends at the first life after the time is over, or in which something was wrong. */
export async function bank(options: BankOptions): Promise<BankResult> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-bank-'))
  try {
    return await new Bank(path.join(dir, 'world'), options).run()
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

class Bank {
  readonly #dir: string
  readonly #options: BankOptions
  readonly #random: Random
  readonly #beganAt = Date.now()
  readonly #returns: Return[] = []
  readonly #wrong: string[] = []
  readonly #kills = { process: 0, manager: 0, clerk: 0 }
  readonly #lags: number[] = []
  readonly #rates: number[] = []
  #promised: Promised = { done: [], visitors: 0 }
  /** What was promised with which capture: a line of no older one has it. */
  readonly #promises: Word[] = []
  #kept: readonly number[] = []
  /** Of no earlier line there are all books. */
  #readyAt = 0
  #line = 0
  /** Epochs since the last return. */
  #captured: number[] = []
  #visitor = 0
  #audits = 0
  readonly #lines = { read: 0, unread: 0, ms: 0 }
  readonly #copies = { read: 0, unread: 0, ms: 0 }
  #isReading = false
  #reading: Promise<void> = Promise.resolve()
  #acks = 0
  #epochs = 0
  #refused = 0
  #isReady = false
  #isLagging = false
  #lagCount = 0
  /** The newest epoch when the last return was over; null: not seen yet. */
  #backAt: number | null = null
  #drains = { count: 0, maxMs: 0, givenUp: 0 }
  /** Transfers of all clerks that were last seen, and in the newest books. */
  #seen = 0
  #back: Omit<Return, 'transfersLost'> | null = null
  #lastCalls: { readonly calls: number; readonly at: number } | null = null

  constructor(dir: string, options: BankOptions) {
    this.#dir = dir
    this.#options = options
    this.#random = new Random(options.seed)
  }

  async run(): Promise<BankResult> {
    const { minutes, leastLines = 0, leastCopies = 0 } = this.#options
    const isOver = (): boolean => {
      const isShort = this.#lines.read < leastLines || this.#copies.read < leastCopies
      const least = isShort ? mostWaited * minutes : minutes
      return this.#wrong.length > 0 || this.#second() >= least * 60
    }
    while (!isOver()) await this.#life()
    await this.#reading
    const mean = (list: readonly number[]): number =>
      list.length === 0 ? 0 : list.reduce((sum, each) => sum + each, 0) / list.length
    const meanOf = ({
      read,
      unread,
      ms,
    }: {
      read: number
      unread: number
      ms: number
    }): LinesRead => ({
      read,
      unread,
      meanMs: read === 0 ? 0 : ms / read,
    })
    return {
      returns: this.#returns,
      audits: this.#audits,
      lines: meanOf(this.#lines),
      copies: meanOf(this.#copies),
      kills: this.#kills,
      acknowledged: { snapshots: this.#acks, visitors: this.#promised.visitors },
      epochs: this.#epochs,
      refused: this.#refused,
      lagMax: Math.max(0, ...this.#lags),
      lagMean: mean(this.#lags),
      lags: this.#lagCount,
      drains: this.#drains,
      callsASecond: mean(this.#rates),
      wrong: this.#wrong,
    }
  }

  #second(): number {
    return Math.round((Date.now() - this.#beganAt) / 1000)
  }

  /** One life of the process. It is killed some time after its books were read, one time in five before. */
  async #life(): Promise<void> {
    const { containers, loci, seed, minutes, calm = false, lifeMs = 20_000 } = this.#options
    const job = {
      tellers: containers,
      clerks: loci,
      // One takes 48 containers on.
      managers: containers + loci > 40 ? 2 : 1,
      seed,
      frames: this.#random.chance(0.5) ? 2 * containers : 4 * containers + 64,
      snapshotEveryMs: this.#options.snapshotEveryMs ?? 50 + this.#random.below(51),
      isNew: !this.#isReady,
      insideMs: calm ? 0 : (this.#options.insideMs ?? 4000),
      snapshotMs: calm ? 0 : 600,
      visitMs: calm ? 0 : 700,
      visitor: this.#visitor,
      pauseMs: 0,
      retain: calm ? 0 : keptLines,
      readsPast: !calm && containers <= mostRead,
      // By the seed: which of the lines that are announced are kept, and read.
      retainEveryMs: 300 + this.#random.below(700),
      dieAt: calm || this.#random.chance(0.6) ? 0 : 1 + this.#random.below(30),
    }
    const isEarly = this.#isReady && this.#random.chance(0.2)
    const afterMs = this.#random.fraction() * (isEarly ? 2500 : lifeMs)
    const life = spawn(process.execPath, [child, this.#dir, JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(life, 'close')
    let complaint = ''
    life.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    const kill = (): boolean => life.kill('SIGKILL')
    let isSilent = false
    const silence = setTimeout(() => {
      isSilent = true
      kill()
    }, silenceMs)
    let strike: NodeJS.Timeout | null = null
    const left = Math.max(0, minutes * 60_000 - (Date.now() - this.#beganAt))
    if (isEarly) strike = setTimeout(kill, afterMs)
    this.#lastCalls = null
    try {
      for await (const line of createInterface({ input: life.stdout })) {
        silence.refresh()
        this.#options.onTold?.(line)
        const told = JSON.parse(line) as Told
        this.#hear(told)
        if (told.audit !== undefined) strike ??= setTimeout(kill, calm ? left : afterMs)
        if (this.#wrong.length > 0) kill()
      }
      const [code, signal] = (await ended) as [number | null, string | null]
      if (isSilent) this.#wrong.push(`the process told nothing for ${silenceMs / 1000} s`)
      else if (signal === 'SIGKILL') this.#kills.process++
      else this.#wrong.push(`the process ended with ${code ?? signal}: ${complaint.trim()}`)
    } finally {
      clearTimeout(silence)
      if (strike !== null) clearTimeout(strike)
      kill()
    }
    if (!this.#isReading) await this.#readCopies(job)
  }

  /** Copies for some of the lines that were kept when the process was killed. They are read one after the other while the bank goes on. */
  async #readCopies(job: object): Promise<void> {
    const whole = this.#kept.filter((each) => each >= this.#readyAt)
    if (this.#wrong.length > 0 || whole.length === 0) return
    const copies: { readonly copy: string; readonly line: number }[] = []
    for (let nth = 0; nth < (this.#options.copiesALife ?? 0); nth++)
      copies.push({
        copy: await copyOf(this.#dir, nth),
        line: whole[this.#random.below(whole.length)]!,
      })
    // What was promised later may be with a capture that has an older number.
    const promises = [...this.#promises]
    this.#isReading = true
    this.#reading = this.#readAll(copies, promises, job)
  }

  async #readAll(
    copies: readonly { readonly copy: string; readonly line: number }[],
    promises: readonly Word[],
    job: object,
  ): Promise<void> {
    for (const { copy, line } of copies)
      try {
        this.#judgeCopy(line, await readLine(copy, line, job), promises)
      } catch (error) {
        this.#wrong.push((error as Error).message)
      }
    this.#isReading = false
  }

  #judgeCopy(line: number, { audit, ms }: LineRead, promises: readonly Word[]): void {
    if (audit === null) {
      this.#copies.unread++
      return
    }
    this.#copies.read++
    this.#copies.ms += ms
    const before = promises.findLast(({ capture }) => capture <= line)
    const wrong = judgeBooks(audit, before?.promised ?? { done: [], visitors: 0 })
    this.#wrong.push(...wrong.map((each) => `on a copy, back at line ${line}, ${each}`))
  }

  #hear(told: Told): void {
    if (told.opened !== undefined) this.#opened(told.opened)
    if (told.ready === true) {
      this.#isReady = true
      this.#readyAt = told.line ?? 0
    }
    if (told.done !== undefined) this.#seen = Math.max(this.#seen, sum(told.done))
    if (told.captured !== undefined) {
      this.#captured.push(told.captured)
      this.#epochs++
    }
    if (told.recoverable !== undefined) this.#line = told.recoverable
    if (told.lagging !== undefined) {
      if (told.lagging && !this.#isLagging) this.#lagCount++
      this.#isLagging = told.lagging
    }
    if (told.drainUs !== undefined) this.#drained(told.drainUs / 1000, told.isGivenUp === true)
    if (told.rollback !== undefined) this.#wentBack(told.rollback, told.reason ?? '')
    if (told.acked !== undefined) this.#acknowledged(told.acked, told.done ?? [])
    if (told.refused !== undefined) this.#refused++
    if (told.visiting !== undefined) this.#visitor = told.visiting
    if (told.visited !== undefined) {
      this.#visitor = told.visited + 1
      this.#promised = { ...this.#promised, visitors: told.visited + 1 }
    }
    if (told.kill !== undefined) this.#kills[told.kill]++
    if (told.audit !== undefined) this.#audited(told.audit)
    if (told.past !== undefined) this.#readLine(told.past, told)
    if (told.unread !== undefined) this.#lines.unread++
    if (told.kept !== undefined) this.#kept = told.kept
    if (told.failed !== undefined) this.#wrong.push(`the world failed: ${told.failed}`)
    if (told.ended !== undefined && !told.ended.startsWith('visitor'))
      this.#wrong.push(`${told.ended} ended: ${told.status}, ${told.detail}`)
    if (told.lag !== undefined) this.#lagged(told.lag, told)
  }

  #drained(ms: number, isGivenUp: boolean): void {
    const { count, maxMs, givenUp } = this.#drains
    const more = isGivenUp ? 1 : 0
    this.#drains = { count: count + 1, maxMs: Math.max(maxMs, ms), givenUp: givenUp + more }
  }

  #opened({ capture, damage }: { capture: number; damage: string | null }): void {
    if (damage !== null) this.#wrong.push(`a killed process is no damage: ${damage}`)
    if (this.#isReady) this.#wentBack(capture, 'the process was killed')
    this.#isLagging = false
  }

  #wentBack(line: number, why: string): void {
    if (line < this.#line)
      this.#wrong.push(`capture ${this.#line} was recoverable, the world is back at ${line}`)
    const captured = Math.max(line, ...this.#captured)
    // Numbers of epochs that an earlier return took back are not used again.
    const lost = this.#captured.filter((each) => each > line).length
    // Nobody has read the books since the return before: what both cost in transfers is said of this one.
    if (this.#back !== null) this.#report(0)
    if (lost > mostLost && !this.#isLagging)
      this.#wrong.push(
        `${lost} epochs are lost and the line was not said to lag, back from ${captured} to ${line}: ${why}`,
      )
    this.#back = { second: this.#second(), why, captured, line, lost }
    this.#captured = []
    this.#backAt = null
    this.#line = line
    this.#lastCalls = null
  }

  #acknowledged(capture: number, done: readonly number[]): void {
    this.#acks++
    this.#line = Math.max(this.#line, capture)
    const { done: before, visitors } = this.#promised
    this.#promised = { visitors, done: done.map((each, i) => Math.max(each, before[i] ?? 0)) }
    this.#promises.push({ capture, promised: this.#promised })
  }

  /** The books of a line that was announced agree, whoever was in the middle of what when they were read. */
  #readLine(audit: Audit, { of = 0, ms = 0 }: Told): void {
    this.#lines.read++
    this.#lines.ms += ms
    const wrong = judgeBooks(audit, { done: [], visitors: 0 })
    this.#wrong.push(...wrong.map((each) => `on line ${of} ${each}`))
  }

  #audited(audit: Audit): void {
    this.#audits++
    this.#wrong.push(...judgeBooks(audit, this.#promised))
    const found = sum(audit.ledgers.slice(0, -1).map(({ done }) => done))
    this.#report(Math.max(0, this.#seen - found))
    this.#seen = found
  }

  #report(transfersLost: number): void {
    if (this.#back === null) return
    const back = { ...this.#back, transfersLost }
    this.#back = null
    this.#returns.push(back)
    this.#options.onReturn?.(back)
  }

  #lagged(lag: number, { calls = 0, audited = false, isHeld = false, epoch = 0 }: Told): void {
    // Epochs that a return took back are not on the line, and cannot be lost any more.
    this.#backAt ??= epoch
    const since = Math.min(lag, epoch - this.#backAt)
    if (since > mostLost && !isHeld)
      this.#wrong.push(`the line is ${since} epochs behind and is not said to lag`)
    if (!audited) {
      this.#lastCalls = null
      return
    }
    this.#lags.push(lag)
    const at = Date.now()
    const before = this.#lastCalls
    if (before === null) this.#lastCalls = { calls, at }
    else if (at - before.at >= 1000) {
      this.#rates.push(((calls - before.calls) / (at - before.at)) * 1000)
      this.#lastCalls = { calls, at }
    }
  }
}

const sum = (list: readonly number[]): number => list.reduce((total, each) => total + each, 0)
