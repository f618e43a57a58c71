/** One thread under the baton: plays a part of a small scene, once a seed, and reports what the last to leave saw. */
import { bellBits } from '@katydid/abi'
import { BatonDeadlock, BatonWords, Bell, ring, type BatonHandle, type Words } from '@katydid/actor'
import { parentPort, workerData } from 'node:worker_threads'

export type Scene = 'plain add' | 'careful add' | 'bell' | 'deaf bell' | 'sleep' | 'deadlock'

export interface BatonWork {
  readonly handle: BatonHandle
  readonly words: SharedArrayBuffer
  readonly thread: number
  readonly scene: Scene
  readonly seeds: readonly number[]
}

export interface BatonReport {
  readonly thread: number
  /** One a seed: what this thread has to say of the scene. */
  readonly said: readonly number[]
  readonly hashes: readonly number[]
}

const rounds = 5
const counter = 0
const bellAt = 1
const workAt = 2

const scenes: Record<Scene, (words: BatonWords, thread: number) => number> = {
  'plain add': (words) => {
    for (let n = 0; n < rounds; n++) words.store(counter, words.load(counter) + 1)
    return 0
  },
  'careful add': (words) => {
    for (let n = 0; n < rounds; n++) {
      let seen = words.load(counter)
      for (;;) {
        const held = words.compareExchange(counter, seen, seen + 1)
        if (held === seen) break
        seen = held
      }
    }
    return 0
  },
  bell: (words, thread) => (thread === 0 ? listen(words) : work(words, ring)),
  'deaf bell': (words, thread) => (thread === 0 ? listen(words) : work(words, ringDeaf)),
  sleep: (words, thread) => {
    const outcome = words.wait(counter, 0, 100 * (thread + 1))
    return outcome === 'timed-out' ? Math.round(words.nowMs()) : -1
  },
  deadlock: (words) => {
    try {
      words.wait(counter, 0, Infinity)
      return 0
    } catch (error) {
      return error instanceof BatonDeadlock ? 1 : 2
    }
  },
}

/** Takes what was worked until all is there; answers how often it slept to the end of its time (it wakes to mail even so). */
function listen(words: BatonWords): number {
  const bell = new Bell(words, bellAt, 0)
  let slept = 0
  while (words.load(workAt) < rounds) {
    const began = words.nowMs()
    bell.park(1000)
    if (words.nowMs() - began >= 1000) slept += 1
  }
  return slept
}

function work(words: Words, rings: typeof ring): number {
  for (let n = 0; n < rounds; n++) {
    words.add(workAt, 1)
    rings(words, bellAt, bellBits.mail)
  }
  return 0
}

/** A bell with a planted fault: it looks whether the owner sleeps, and only then says why. */
function ringDeaf(words: Words, index: number, reason: number): void {
  const sleeps = (words.load(index) & bellBits.sleeping) !== 0
  words.or(index, reason)
  if (sleeps) words.notify(index, 1)
}

const { handle, words: shared, thread, scene, seeds } = workerData as BatonWork
const view = new Int32Array(shared)
const words = new BatonWords(view, handle, thread)
const said: number[] = []
const hashes: number[] = []
for (const seed of seeds) {
  words.join(seed)
  const answer = scenes[scene](words, thread)
  const adds = scene.endsWith('add')
  if (scene !== 'deadlock') {
    // The last step of each thread counts it out; the last one out reads the result and clears the words.
    const left = words.add(3, 1) + 1
    said.push(adds ? (left === 2 ? view[counter]! : -1) : answer)
    hashes.push(words.trace.hash)
    if (left === 2) view.fill(0)
    words.leave()
  } else said.push(answer)
}
const report: BatonReport = { thread, said, hashes }
parentPort!.postMessage(report)
