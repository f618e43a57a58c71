/**
 * A world under constant load on real threads, looked at again and again: heap, resident memory, shared memory, file handles, threads,
 * frames, disk. What is in a steady state does not grow; what grows is named (`soak-growth.ts`).
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import type { World } from 'katydid'
import { root } from '../support/house.js'
import { growthOf, type Sample } from './soak-growth.js'
import { loaded, openLoaded } from './soak-load.js'

export interface SoakOptions {
  readonly minutes: number
  readonly seed: number
  readonly onSample?: (sample: Sample) => void
}

export interface SoakResult {
  readonly samples: readonly Sample[]
  /** What grew, as sentences; empty when nothing did. */
  readonly growth: readonly string[]
}

const { scalesKey, weightOf, weighedAt, mostThreads } = (await import(
  `${root}/tests/fixtures/soak-heaps.mjs`
)) as {
  readonly scalesKey: string
  readonly weightOf: (thread: number) => number
  readonly weighedAt: (thread: number) => number
  readonly mostThreads: number
}
/** A thread that was not weighed for so long has ended. */
const staleS = 20

/** Keeps a world busy for so many minutes. Threads weigh themselves where `soak-heaps.mjs` was loaded into them. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-soak-'))
  const scales = new Int32Array(new SharedArrayBuffer(4 * (2 * mostThreads + 2)))
  setEnvironmentData(scalesKey, scales.buffer)
  const world = await openLoaded(dir)
  try {
    return await watch(world, dir, scales, options)
  } finally {
    await world.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

async function watch(
  world: World,
  dir: string,
  scales: Int32Array,
  { minutes, seed, onSample }: SoakOptions,
): Promise<SoakResult> {
  const forMs = minutes * 60_000
  const wrong: string[] = []
  let lines = 0
  world.on('output', () => lines++)
  world.on('rollback', ({ reason }) => wrong.push(`the world went back: ${reason}`))
  world.on('replay_differed', ({ detail }) => wrong.push(detail))
  world.on('failed', ({ status, detail }) => wrong.push(`${status}: ${detail}`))
  const everyMs = Math.max(500, forMs / 45)
  const load = await loaded(world, { seed, visitEveryMs: Math.min(2000, forMs / 30) })
  const samples: Sample[] = []
  let beganAt = Date.now()
  const sampled = async (): Promise<Sample> => {
    await Promise.race([load.going, pause(everyMs)])
    const counted = { second: seconds(beganAt), visitors: load.visitors(), lines }
    return look(world, dir, scales, counted)
  }
  // A machine that has other work takes a while until everything has been done once.
  while (!isWarm(await sampled()));
  beganAt = Date.now()
  while (Date.now() < beganAt + forMs) {
    const sample = await sampled()
    samples.push(sample)
    onSample?.(sample)
  }
  await load.end()
  return { samples, growth: [...wrong, ...growthOf(samples)] }
}

const isWarm = ({ captures, visitors, lines }: Sample): boolean =>
  captures >= 20 && visitors >= 6 && lines >= 20

type Counted = Pick<Sample, 'second' | 'visitors' | 'lines'>

async function look(
  world: World,
  dir: string,
  scales: Int32Array,
  counted: Counted,
): Promise<Sample> {
  globalThis.gc?.()
  const { heapUsed, rss, external } = process.memoryUsage()
  const { report, containers, loci } = await world.status()
  const { pageSets, tableBytesFree, freeFrames } = report as {
    readonly pageSets: readonly { readonly frames: number }[]
    readonly tableBytesFree: number
    readonly freeFrames: number
  }
  const counters = world.counters()
  const framesHeld = pageSets.reduce((sum, { frames }) => sum + frames, 0)
  return {
    ...counted,
    heapMb: mb(heapUsed),
    rssMb: mb(rss),
    externalMb: mb(external),
    handles: fs.readdirSync('/proc/self/fd').length,
    threads: fs.readdirSync('/proc/self/task').length,
    framesHeld,
    framesLost: world.shape.frames - framesHeld - freeFrames,
    tableBytesFree,
    diskMb: mb(diskBytes(dir)),
    segments: counters.segmentsInUse,
    containers: containers.length,
    loci: loci.length,
    captures: counters.snapshots,
    faults: counters.faults,
    heaps: heapsOn(scales),
  }
}

function heapsOn(scales: Int32Array): Map<number, number> {
  const now = Date.now() / 1000
  const threads = Array.from({ length: Atomics.load(scales, 0) }, (_, thread) => thread)
  const alive = threads.filter((thread) => Atomics.load(scales, weighedAt(thread)) > now - staleS)
  return new Map(alive.map((thread) => [thread, mb(1024 * Atomics.load(scales, weightOf(thread)))]))
}

function diskBytes(dir: string): number {
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => fs.statSync(path.join(dir, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.blocks * 512 : 0), 0)
}

const mb = (bytes: number): number => Math.round((bytes / 1024 ** 2) * 100) / 100
const seconds = (since: number): number => Math.round((Date.now() - since) / 1000)
