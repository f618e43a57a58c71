/** One thread of a litmus test, as a locus in a container: it runs its steps again and again, in step with the others, and reports what it read. */
import { parentPort, workerData } from 'node:worker_threads'
import { asLocus } from '@katydid/abi'
import { Region, type RegionHandle } from '@katydid/actor'
import { joinAsLocus } from '../support/small-machine.js'
import type { Step } from './litmus.js'

export interface LitmusData {
  readonly handle: RegionHandle
  readonly table: number
  readonly pages: number
  readonly locus: number
  readonly threads: number
  readonly steps: readonly Step[]
  readonly rounds: number
  readonly way: 'plain' | 'atomic'
  /** A word to meet at. */
  readonly meeting: Int32Array
}

const { handle, table, pages, locus, threads, steps, rounds, way, meeting } =
  workerData as LitmusData
const { window } = joinAsLocus(new Region(handle), table, asLocus(locus), pages)

/** Each round has words of its own, x and y in lines and pages of theirs. */
const offsets = { x: 0, y: (pages / 2) * 4096 } as const
const lineBytes = 64
const perPage = 4096 / lineBytes
/** Runs between two meetings: two threads drift apart soon, more of them do not run at once anyway. */
const inStep = threads === 2 ? 16 : 256
const batch = (pages / 2) * perPage

const isStore = steps.map(({ kind }) => kind === 'store')
const at = steps.map(({ location }) => offsets[location])
const values = steps.map(({ value }) => value ?? 0)
const read = new Int32Array(rounds * steps.length)

function meet(times: number): void {
  const all = times * threads
  if (Atomics.add(meeting, 0, 1) + 1 === all) Atomics.notify(meeting, 0)
  // Spinning keeps them in step; where there are more threads than cores somebody has to give way.
  for (let spins = 0; spins < 2000; spins++) if (Atomics.load(meeting, 0) >= all) return
  for (let now = Atomics.load(meeting, 0); now < all; now = Atomics.load(meeting, 0))
    Atomics.wait(meeting, 0, now, 1)
}

function plainRound(base: number, out: number): void {
  for (let i = 0; i < isStore.length; i++) {
    if (isStore[i]) window.setInt32(at[i]! + base, values[i]!)
    else read[out + i] = window.getInt32(at[i]! + base)
  }
}

function atomicRound(base: number, out: number): void {
  for (let i = 0; i < isStore.length; i++) {
    if (isStore[i]) window.atomicStore(at[i]! + base, values[i]!)
    else read[out + i] = window.atomicLoad(at[i]! + base)
  }
}

const run = way === 'plain' ? plainRound : atomicRound
let times = 0
for (let round = 0; round < rounds; round++) {
  const slot = round % batch
  // The words are used anew: whoever is first clears them, while nobody runs.
  if (slot === 0) {
    meet(++times)
    if (locus === 0) for (let i = 0; i < 2 * batch; i++) window.setInt32(i * lineBytes, 0)
    meet(++times)
  }
  // In step, so that they meet in the same words.
  if (slot % inStep === 0) meet(++times)
  run(slot * lineBytes, round * steps.length)
}
parentPort!.postMessage(read)
