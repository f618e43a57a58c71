/**
 * A world under constant load on real threads, looked at again and again: heap, resident memory, shared memory, file handles, threads,
 * frames, disk. What is in a steady state does not grow; what grows is named.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openWorld, type World } from 'katydid'
import { root } from '../support/house.js'

export interface SoakOptions {
  readonly minutes: number
  readonly seed: number
  readonly onSample?: (sample: Sample) => void
}

/** One look. Bytes in MiB. */
export interface Sample {
  readonly second: number
  readonly heapMb: number
  readonly rssMb: number
  /** Memory outside the heap that the opener's thread knows: the machine's region above all. */
  readonly externalMb: number
  readonly handles: number
  readonly threads: number
  readonly framesHeld: number
  readonly tableBytesFree: number
  readonly diskMb: number
  readonly segments: number
  readonly captures: number
  readonly faults: number
  /** Loci that came and went. */
  readonly visitors: number
}

export interface SoakResult {
  readonly samples: readonly Sample[]
  /** What grew, as sentences; empty when nothing did. */
  readonly growth: readonly string[]
}

/** What may vary without growing: a share of the earlier mean, and so much besides. */
const slack: Readonly<Partial<Record<keyof Sample, { share: number; plus: number }>>> = {
  heapMb: { share: 0.1, plus: 3 },
  rssMb: { share: 0.08, plus: 24 },
  externalMb: { share: 0, plus: 1 },
  handles: { share: 0, plus: 2 },
  threads: { share: 0, plus: 1 },
  framesHeld: { share: 0.05, plus: 8 },
  diskMb: { share: 0.15, plus: 8 },
  segments: { share: 0.15, plus: 3 },
}

const program = `${root}/tests/fixtures/soak-locus.mjs`
const pageBytes = 4096
const loci = 3
const pagesOfLocus = 160
const visitMs = 500
const visitEveryMs = 5000

/** Keeps a world busy for so many minutes. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-soak-'))
  const world = await openWorld({
    dir,
    frames: 192,
    loci: loci + 1,
    diskBytes: 256 * 1024 ** 2,
    snapshotEveryMs: 200,
  })
  try {
    return await load(world, dir, options)
  } finally {
    await world.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

async function load(world: World, dir: string, options: SoakOptions): Promise<SoakResult> {
  const { minutes, seed } = options
  const endsAt = Date.now() + minutes * 60_000
  const done = { visitors: 0 }
  const residents = Array.from({ length: loci }, (_, nth) =>
    resident(world, nth, seed, minutes * 60_000),
  )
  const working = Promise.all([...residents, visits(world, seed, endsAt, done)])
  const samples: Sample[] = []
  const everyMs = Math.max(1000, (minutes * 60_000) / 45)
  const beganAt = Date.now()
  while (Date.now() < endsAt) {
    await Promise.race([working, pause(everyMs)])
    const second = Math.round((Date.now() - beganAt) / 1000)
    const sample = await look(world, dir, second, done.visitors)
    samples.push(sample)
    options.onSample?.(sample)
  }
  await working
  return { samples, growth: growthOf(samples) }
}

/** A locus that works from beginning to end, in a container of its own. */
async function resident(world: World, nth: number, seed: number, forMs: number): Promise<void> {
  const container = await home(world, `load ${nth}`)
  const args = { base: 0, pages: pagesOfLocus, forMs, seed: seed + nth }
  const handle = await world.startLocus(container, { name: `resident ${nth}`, args })
  await handle.result()
}

/** Loci that come, work a little and go. */
async function visits(
  world: World,
  seed: number,
  endsAt: number,
  done: { visitors: number },
): Promise<void> {
  const container = await home(world, 'visitors')
  while (Date.now() + visitEveryMs < endsAt) {
    await pause(visitEveryMs)
    const args = { base: 0, pages: pagesOfLocus, forMs: visitMs, seed: seed + done.visitors }
    const handle = await world.startLocus(container, { name: `visitor ${done.visitors}`, args })
    await handle.result()
    done.visitors++
  }
}

const home = (world: World, name: string): ReturnType<World['createContainer']> =>
  world.createContainer({ name, program, size: pagesOfLocus * pageBytes })

async function look(world: World, dir: string, second: number, visitors: number): Promise<Sample> {
  globalThis.gc?.()
  const { heapUsed, rss, external } = process.memoryUsage()
  const { report } = await world.status()
  const { pageSets, tableBytesFree } = report as {
    pageSets: { frames: number }[]
    tableBytesFree: number
  }
  const counters = world.counters()
  const mb = (bytes: number): number => Math.round((bytes / 1024 ** 2) * 10) / 10
  return {
    second,
    heapMb: mb(heapUsed),
    rssMb: mb(rss),
    externalMb: mb(external),
    handles: fs.readdirSync('/proc/self/fd').length,
    threads: fs.readdirSync('/proc/self/task').length,
    framesHeld: pageSets.reduce((sum, { frames }) => sum + frames, 0),
    tableBytesFree,
    diskMb: mb(diskBytes(dir)),
    segments: counters.segmentsInUse,
    captures: counters.snapshots,
    faults: counters.faults,
    visitors,
  }
}

function diskBytes(dir: string): number {
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => fs.statSync(path.join(dir, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.blocks * 512 : 0), 0)
}

/** The first third warms up; then the means of the two others are compared. */
export function growthOf(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3)
  if (third < 3) return [`${samples.length} samples are too few to tell growth`]
  const mean = (of: readonly Sample[], field: keyof Sample): number =>
    of.reduce((sum, sample) => sum + sample[field], 0) / of.length
  const earlier = samples.slice(third, 2 * third)
  const later = samples.slice(2 * third)
  const growth = Object.entries(slack).flatMap(([name, { share, plus }]) => {
    const field = name as keyof Sample
    const [before, after] = [mean(earlier, field), mean(later, field)]
    return after > before * (1 + share) + plus
      ? [`${field} grew from ${before.toFixed(1)} to ${after.toFixed(1)}`]
      : []
  })
  if (later.at(-1)!.tableBytesFree < earlier[0]!.tableBytesFree)
    growth.push('free page-table bytes became fewer')
  if (later.at(-1)!.faults <= later[0]!.faults) growth.push('the load came to a stop')
  return growth
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
