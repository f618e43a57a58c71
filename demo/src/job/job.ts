/**
 * The main job from the list of files to the exported index: worlds are started, struck and started again.
 *
 * One life: start the world's process → it opens or recovers its world → its loci read on → a blow is due and falls,
 * or the loci end → (after a kill: the next process) → the index is exported → the world is closed. A kill that nobody
 * ordered is treated as one that was. Nothing here looks at time but to report it.
 */
import type { Corpus } from '../corpus/corpus.js'
import type { Options } from '../options.js'
import { Accounts } from './accounts.js'
import type { BlowReport, Events, Recovery, Totals } from './events.js'
import { JobFailure, Stopped } from './failure.js'
import { progressFile, readProgress, type LocusProgress } from './progress-file.js'
import { machineOf } from './placing.js'
import { RecoveryWatch } from './recoveries.js'
import { drawBlows, type Blow } from './schedule.js'
import type { WorkFolder } from './work-folder.js'
import { WorldChild } from './world-child.js'

const snapshotEveryMs = 500
/** Few, so that the manager's maps are larger than what it can hold of them. */
const managerFrames = 4
const lookEveryMs = 20
/** After so many kills that nobody here ordered the job gives up. */
const patience = 200

export class Job {
  readonly #options: Options
  readonly #corpus: Corpus
  readonly #work: WorkFolder
  readonly #events: Events
  readonly #accounts: Accounts
  readonly #blows: Blow[]
  readonly #recoveries: Recovery[] = []
  readonly #beganMs = performance.now()
  #watch: RecoveryWatch | null = null
  #sessions = 0
  #strangers = 0
  #blowCount = 0
  /** Faults of the manager on its own pages since it came back; null until then. */
  #faultsBack: number | null = null

  constructor(options: Options, corpus: Corpus, work: WorkFolder, events: Events) {
    this.#options = options
    this.#corpus = corpus
    this.#work = work
    this.#events = events
    this.#accounts = new Accounts(corpus.byteLength)
    this.#blows = drawBlows(options.seed, options.kills, corpus.byteLength, options.machines)
  }

  /** What each blow cost. */
  get recoveries(): Recovery[] {
    const last = this.#recoveries.findLastIndex(({ kind }) => kind === 'manager')
    return this.#recoveries.map((each, at) =>
      at === last ? { ...each, ownFaults: this.#faultsBack } : each,
    )
  }

  /** Runs to the exported index. Throws a JobFailure when it cannot, Stopped when `signal` aborts; no process is left. */
  async run(signal: AbortSignal): Promise<Totals> {
    for (;;) {
      const child = new WorldChild({
        world: this.#work.world,
        folder: this.#work.path,
        fileList: this.#work.fileList,
        machines: this.#options.machines,
        frames: this.#options.frames,
        managerFrames,
        loci: this.#options.loci,
        snapshotEveryMs,
      })
      this.#sessions++
      try {
        const pages = await this.#live(child, signal)
        if (pages !== null) return this.#totals(pages)
      } finally {
        if (!child.isOver) await child.stop()
        this.#accounts.close()
      }
    }
  }

  /** One process: to the exported index (its pages), or to its death (null). */
  async #live(child: WorldChild, signal: AbortSignal): Promise<number | null> {
    let isExporting = false
    for (;;) {
      if (signal.aborted) throw new Stopped()
      this.#look(child)
      const failed = child.said('failed')
      if (failed !== null) throw new JobFailure(failed.sentence)
      const damage = child.said('ready')?.damage ?? null
      if (damage !== null) throw new JobFailure(`The world came back damaged: ${damage}`)
      if (child.isOver) return this.#died(child)
      const exported = child.said('exported')
      if (exported !== null) return exported.pages
      this.#follow(child)
      const isDone = child.said('done') !== null
      const blow = this.#blows[0]
      const isDue = blow !== undefined && (isDone || this.#accounts.farthestBytes >= blow.atBytes)
      if (isDue && this.#watch === null && child.said('ready') !== null) {
        this.#blows.shift()
        if (await this.#strike(child, blow)) return null
      } else if (isDone && blow === undefined && this.#watch === null && !isExporting) {
        isExporting = true
        child.tell({ kind: 'export', to: this.#work.index(this.#options.machines) })
      }
      await child.news(lookEveryMs)
    }
  }

  #loci(): LocusProgress[] {
    return Array.from({ length: this.#options.loci }, (_, locus) =>
      readProgress(progressFile(this.#work.path, locus)),
    )
  }

  #look(child: WorldChild): void {
    const status = child.said('status')
    this.#accounts.tell(status)
    const back = child.said('manager-back')
    if (back !== null && status !== null)
      this.#faultsBack = Math.max(0, status.counters.ownFaults - back.ownFaultsBefore)
    const now = this.#accounts.snapshot(this.#loci(), this.#work.usedBytes(), performance.now())
    this.#events.progress(now)
  }

  /** Delivers the blow. True when the process is dead. */
  async #strike(child: WorldChild, { kind, machine }: Blow): Promise<boolean> {
    const report = { ...this.#report(kind, true), ...(machine === undefined ? {} : { machine }) }
    this.#events.blow(report)
    if (machine !== undefined) {
      child.tell({ kind: 'end-machine', machine, blow: report.number })
      const isOn = (locus: number): boolean => machineOf(locus, this.#options.machines) === machine
      this.#watch = new RecoveryWatch(report, this.#loci(), performance.now(), isOn)
      return false
    }
    if (kind === 'manager') {
      this.#faultsBack = null
      child.tell({ kind: 'end-manager' })
      this.#watch = new RecoveryWatch(report, this.#loci(), performance.now())
      return false
    }
    await child.kill()
    // Read after the kill: nothing can move any more.
    this.#watch = new RecoveryWatch(report, this.#loci(), performance.now())
    return true
  }

  /** A process that is gone without our doing. A signal is a blow like ours; anything else ends the job. */
  async #died(child: WorldChild): Promise<null> {
    const { code, signal, output } = await child.ended()
    if (signal === null || ++this.#strangers > patience) {
      const how = signal === null ? `exit status ${code}` : `${signal}, ${patience} times`
      throw new JobFailure(
        `The world's process ended by itself (${how}). It said: ${output || 'nothing'}`,
      )
    }
    // A manager whose maps had not come back yet is ended again: the run is to show that they do.
    if (this.#areMapsOut()) this.#blows.unshift({ kind: 'manager', atBytes: 0 })
    this.#settle(true)
    const report = this.#report('process', false)
    this.#events.blow(report)
    this.#watch = new RecoveryWatch(report, this.#loci(), performance.now())
    return null
  }

  #report(kind: Blow['kind'], isOurs: boolean): BlowReport {
    const captures = this.#accounts.captures
    return {
      kind,
      isOurs,
      number: ++this.#blowCount,
      atBytes: this.#loci().reduce((bytes, { readBytes }) => bytes + readBytes, 0),
      totalBytes: this.#corpus.byteLength,
      openSnapshots: captures?.open ?? 0,
      openPages: captures?.pagesOpen ?? 0,
    }
  }

  /** Looks whether what was struck runs again. */
  #follow(child: WorldChild): void {
    if (this.#watch === null) return
    if (this.#watch.kind === 'manager') {
      if (child.said('manager-back') !== null) this.#watch.back(performance.now())
    } else if (this.#watch.kind === 'machine') {
      if (child.said('machine-back')?.blow === this.#watch.number)
        this.#watch.back(performance.now())
    } else if (child.said('ready') !== null) this.#watch.back(performance.now())
    this.#settle(child.said('done') !== null)
  }

  /** The manager was ended, and has not yet brought in more of its maps than it can hold at once. */
  #areMapsOut(): boolean {
    return this.#watch?.kind === 'manager' && (this.#faultsBack ?? 0) <= managerFrames
  }

  /** Closes the account of the last blow, once what it struck is back. Until then no other blow falls. */
  #settle(isOver: boolean): void {
    if (!isOver && this.#areMapsOut()) return
    const recovery = this.#watch?.account(this.#loci(), isOver, this.#faultsBack) ?? null
    if (recovery === null) return
    this.#watch = null
    this.#recoveries.push(recovery)
    this.#events.recovered(recovery)
  }

  #totals(pages: number): Totals {
    const sum = (name: Parameters<Accounts['sum']>[0]): number => this.#accounts.sum(name)
    const nowMs = performance.now()
    return {
      progress: this.#accounts.snapshot(this.#loci(), this.#work.usedBytes(), nowMs),
      sessions: this.#sessions,
      pages,
      machines: this.#options.machines,
      frames: this.#options.frames * this.#options.machines,
      manager: {
        pages: sum('ownPagesMax'),
        frames: sum('ownFramesMax'),
        faults: sum('ownFaults'),
        isToEnd: this.#options.kills > 0 && this.#options.machines === 1,
        faultsBack: this.#faultsBack,
      },
      barriers: sum('barriers'),
      acknowledgedGroups: sum('acknowledgedGroups'),
      bytesWritten: sum('bytesWritten'),
      jobMs: nowMs - this.#beganMs,
    }
  }
}
