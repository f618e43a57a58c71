/**
 * A locus of the paging tests: raises its own word of random pages and checks, at every access, that the page is the one it
 * asked for. Each page carries its number in every second word, so a frame used anew too early is seen at once.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { locusStates, type LocusSlot } from '@katydid/abi'
import { Random, Region, type RegionHandle } from '@katydid/actor'
import { joinAsLocus } from './small-machine.js'

interface Task {
  readonly handle: RegionHandle
  readonly table: number
  readonly locus: number
  readonly pages: number
  readonly rounds: number
  readonly seed: number
  /** How pages are touched: by typed accesses, or by views of real memory. */
  readonly style: 'words' | 'views'
}

const task = workerData as Task
const region = new Region(task.handle)
const { window, trap } = joinAsLocus(region, task.table, task.locus as LocusSlot, task.pages)
const random = new Random(task.seed)
const { pageBytes } = region.plan.shape
const mine = 8 + task.locus * 8
const raised = new Int32Array(task.pages)
let strangers = 0

for (let round = 0; round < task.rounds; round++) {
  const page = random.below(task.pages)
  const burst = 1 + random.below(4)
  if (task.style === 'views') raiseInView(page, burst)
  else raiseByWords(page, burst)
  raised[page]! += burst
}
trap.goQuiet(locusStates.ended)
parentPort!.postMessage({ raised, strangers })

function raiseByWords(page: number, burst: number): void {
  const at = page * pageBytes
  if (window.getInt32(at) !== page || window.getInt32(at + pageBytes - 8) !== page) strangers++
  for (let i = 0; i < burst; i++) {
    window.setInt32(at + mine, window.getInt32(at + mine) + 1)
    if (window.getInt32(at + ((mine + 2048) % pageBytes)) !== page) strangers++
  }
}

/** Real memory is out while the manager takes pages away: it must stay this page's until the callback has returned. */
function raiseInView(page: number, burst: number): void {
  const show = (view: Uint8Array): void => {
    const words = new Int32Array(view.buffer, view.byteOffset, view.byteLength / 4)
    for (let i = 0; i < burst; i++) {
      if (words[0] !== page || words[words.length - 2] !== page) strangers++
      words[mine / 4]! += 1
    }
  }
  window.eachPage(page * pageBytes, pageBytes, 'write', show, 'direct')
}
