/**
 * A locus of the mapped paging tests: goes through random pages of its own and of what is mapped, checks at every access that the
 * page is the one it asked for, and raises its own counter there.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { asContainer, asLocus, locusStates } from '@katydid/abi'
import { Random, Region } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import { MappedLocus, pageBytes } from './mapped-machine.js'
import { counterOf, nameOf, type MappedDone, type MappedTask } from './mapped-work.js'

const task = workerData as MappedTask
const region = new Region(task.handle)
const shared = asContainer(1)
const locus = new MappedLocus(region, asLocus(task.locus), asContainer(task.host), task.pages)
const random = new Random(task.seed)
const raised = [0, 1, 2].map(() => new Int32Array(task.pages))
const mine = counterOf(task.locus)
let strangers = 0

const first = task.host === 1 ? 0 : task.mappedFrom
const mapped =
  task.host === 1
    ? locus.own
    : locus.open(shared, 0x100000, first * pageBytes, (task.pages - first) * pageBytes)
if (task.flaw === 'unattached' && task.host !== 1)
  region.words.and(region.containerWord(shared, 'attached'), ~(1 << task.locus))

for (let round = 0; round < task.rounds; round++) {
  // In spells, so that a locus is often busy in one container while pages of the other are taken out.
  if (task.style === 'words' && ((round >> 6) & 1) === 0) touch(locus.own, task.host, 0)
  else touch(mapped, 1, first)
}
locus.trap.goQuiet(locusStates.ended)
const done: MappedDone = { raised, strangers }
parentPort!.postMessage(done)

function touch(window: Window, container: number, from: number): void {
  const page = from + random.below(task.pages - from)
  const at = (page - from) * pageBytes
  const name = nameOf(container, page)
  if (window.getInt32(at) !== name) strangers++
  const burst = 1 + random.below(4)
  if (task.style === 'views' && random.below(2) === 0)
    return touchView(window, container, page, at, burst)
  for (let i = 0; i < burst; i++) {
    window.setInt32(at + mine, window.getInt32(at + mine) + 1)
    if (window.getInt32(at) !== name) strangers++
  }
  raised[container]![page]! += burst
}

/** Real memory is out while pages are taken out elsewhere: it must stay this page's until the callback has returned. */
function touchView(
  window: Window,
  container: number,
  page: number,
  at: number,
  burst: number,
): void {
  const show = (view: Uint8Array): void => {
    const words = new Int32Array(view.buffer, view.byteOffset, view.byteLength / 4)
    for (let i = 0; i < 300; i++) {
      if (words[0] !== nameOf(container, page)) strangers++
      if (i < burst) words[mine / 4]!++
    }
  }
  window.eachPage(at, pageBytes, 'write', show, 'direct')
  raised[container]![page]! += burst
}
