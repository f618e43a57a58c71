/**
 * Real loci on real threads over fewer frames than pages, paged by the test. `flaw` leaves one step of the protocol out, to
 * show that the test sees it.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { asLocus, bellBits, locusStates, type Frame } from '@katydid/abi'
import { Random, Bell } from '@katydid/actor'
import { reclaimLocus, takeTraps, type PendingTrap } from '@katydid/memory'
import { manager, smallMachine, type SmallMachine } from './small-machine.js'

export interface PagingRun {
  readonly pages: number
  readonly frames: number
  readonly loci: number
  readonly rounds: number
  readonly seed: number
  readonly style?: 'words' | 'views'
  /** Loci killed at a random moment, from the last on; their words do not count. */
  readonly kills?: number
  /** reuse: a frame is used anew without acknowledgement (M1). copy: a page is copied out without it (M2). */
  readonly flaw?: 'reuse' | 'copy'
}

export interface PagingResult {
  /** Accesses that met another page than the one asked for. */
  readonly strangers: number
  /** Words whose final value is not the number of times they were raised. */
  readonly lostWrites: number
  readonly evictions: number
  /** Pages that the clock hand took out and that were touched since. */
  readonly aged: number
  /** Loci that ran to their end. */
  readonly finished: number
}

interface Report {
  readonly raised: Int32Array
  readonly strangers: number
}

/** Runs it and compares. */
export async function runPaging(run: PagingRun): Promise<PagingResult> {
  const machine = smallMachine(run.pages, run.frames)
  const pager = new Pager(machine, run)
  const alive = { loci: run.loci }
  const reports = Promise.all(
    Array.from({ length: run.loci }, async (_, locus) => {
      const isKilled = locus >= run.loci - (run.kills ?? 0)
      const report = await life(machine, run, locus, isKilled ? 150 + 60 * locus : null)
      alive.loci--
      return report
    }),
  )
  reports.catch(() => (alive.loci = 0))
  while (alive.loci > 0) {
    pager.turn()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const done = await reports
  pager.evictAll()
  const whole = done.filter((report) => report !== null)
  return {
    finished: whole.length,
    strangers: whole.reduce((sum, each) => sum + each.strangers, 0),
    lostWrites: whole.reduce((sum, each, locus) => sum + pager.lostWrites(locus, each.raised), 0),
    evictions: pager.evictions,
    aged: pager.aged,
  }
}

/** One locus from its start to its report, or to its being killed after so many milliseconds and reclaimed (null). */
async function life(
  machine: SmallMachine,
  run: PagingRun,
  locus: number,
  killAfterMs: number | null,
): Promise<Report | null> {
  const { region } = machine
  region.words.store(region.locusWord(asLocus(locus), 'state'), locusStates.starting)
  const worker = new Worker(new URL('./paging-locus.worker.js', import.meta.url), {
    workerData: {
      handle: region.handle,
      table: machine.table,
      locus,
      pages: run.pages,
      rounds: killAfterMs === null ? run.rounds : Infinity,
      seed: run.seed * 100 + locus,
      style: run.style ?? 'words',
    },
  })
  if (killAfterMs !== null) {
    await once(worker, 'online')
    await new Promise((resolve) => setTimeout(resolve, killAfterMs))
    await worker.terminate()
    reclaimLocus(region, asLocus(locus))
    return null
  }
  const [report] = (await once(worker, 'message')) as [Report]
  return report
}

class Pager {
  evictions = 0
  aged = 0
  readonly #machine: SmallMachine
  readonly #run: PagingRun
  readonly #store: Uint8Array
  readonly #resident = new Map<number, { frame: Frame; dirty: boolean }>()
  readonly #free: Frame[]
  readonly #random: Random
  readonly #bell: Bell
  readonly #waiting: PendingTrap[] = []
  #leaving: { generation: number; pages: { page: number; frame: Frame; dirty: boolean }[] } | null =
    null

  constructor(machine: SmallMachine, run: PagingRun) {
    const { pageBytes } = machine.region.plan.shape
    this.#machine = machine
    this.#run = run
    this.#free = [...machine.frames]
    this.#random = new Random(run.seed)
    this.#bell = new Bell(machine.region.words, machine.region.actorWord(manager, 'bell'))
    this.#store = new Uint8Array(run.pages * pageBytes)
    const words = new Int32Array(this.#store.buffer)
    for (let page = 0; page < run.pages; page++) {
      for (let word = 0; word < pageBytes / 4; word++)
        words[(page * pageBytes) / 4 + word] = word % 2 === 0 && (word < 2 || word > 200) ? page : 0
    }
  }

  /** One turn of the manager: answers what it can, evicts when it must. */
  turn(): void {
    if ((this.#bell.park(1) & bellBits.mail) !== 0)
      this.#waiting.push(...takeTraps(this.#machine.region, manager))
    this.#finishLeaving()
    this.#ageSome()
    while (this.#waiting.length > 0 && this.#serve(this.#waiting[0]!)) this.#waiting.shift()
    if (this.#waiting.length > 0 && this.#leaving === null)
      this.#beginLeaving(Math.max(1, this.#run.frames >> 2))
  }

  /** Writes everything back, when nobody runs any more. */
  evictAll(): void {
    if (this.#leaving !== null) this.#copyOut()
    for (const [page, { frame }] of this.#resident) this.#write(page, frame)
  }

  lostWrites(locus: number, raised: Int32Array): number {
    const { pageBytes } = this.#machine.region.plan.shape
    const words = new Int32Array(this.#store.buffer)
    let lost = 0
    for (let page = 0; page < this.#run.pages; page++)
      if (words[(page * pageBytes + 8 + locus * 8) / 4] !== raised[page]) lost++
    return lost
  }

  /** The clock hand passes over some pages while loci use them. */
  #ageSome(): void {
    const { pageBytes } = this.#machine.region.plan.shape
    for (const held of this.#resident.keys())
      if (this.#random.chance(0.3) && this.#machine.lcd.ageOut(held * pageBytes)) this.aged++
  }

  #serve(trap: PendingTrap): boolean {
    const { pageBytes } = this.#machine.region.plan.shape
    const page = Math.floor(trap.offset / pageBytes)
    if (this.#leaving?.pages.some((each) => each.page === page)) return false
    let held = this.#resident.get(page)
    if (held === undefined) {
      const frame = this.#free.pop()
      if (frame === undefined) return false
      this.#machine.region
        .frameBytes(frame)
        .set(this.#store.subarray(page * pageBytes, (page + 1) * pageBytes))
      held = { frame, dirty: false }
      this.#resident.set(page, held)
    }
    held.dirty ||= trap.access === 'write'
    const status = this.#machine.lcd.install([
      { offset: page * pageBytes, frame: held.frame, access: held.dirty ? 'write' : 'read' },
    ])
    if (status !== 'ok') throw new Error(`install answered ${status}`)
    trap.answer('ok')
    return true
  }

  #beginLeaving(count: number): void {
    const pages = [...this.#resident.keys()]
    const victims = Array.from(
      { length: Math.min(count, pages.length) },
      () => pages.splice(this.#random.below(pages.length), 1)[0]!,
    )
    const leaving = victims.map((page) => ({ page, ...this.#resident.get(page)! }))
    const { pageBytes } = this.#machine.region.plan.shape
    if (this.#run.flaw === 'copy') for (const each of leaving) this.#write(each.page, each.frame)
    const generation = this.#machine.lcd.remove(victims.map((page) => page * pageBytes))
    for (const page of victims) this.#resident.delete(page)
    this.evictions += victims.length
    this.#leaving = { generation, pages: leaving }
    this.#finishLeaving()
  }

  #finishLeaving(): void {
    if (this.#leaving === null) return
    if (this.#run.flaw === undefined && !this.#machine.lcd.acknowledged(this.#leaving.generation))
      return
    if (this.#run.flaw === 'copy' && !this.#machine.lcd.acknowledged(this.#leaving.generation))
      return
    if (this.#run.flaw === 'copy') {
      for (const each of this.#leaving.pages) this.#free.push(each.frame)
      this.#leaving = null
    } else this.#copyOut()
  }

  #copyOut(): void {
    for (const each of this.#leaving!.pages) {
      this.#write(each.page, each.frame)
      this.#free.push(each.frame)
    }
    this.#leaving = null
  }

  #write(page: number, frame: Frame): void {
    const { pageBytes } = this.#machine.region.plan.shape
    this.#store.set(this.#machine.region.frameBytes(frame), page * pageBytes)
  }
}
