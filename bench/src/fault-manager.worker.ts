/** The manager of `container-fault`: answers faults from memory with frames it has, and takes all pages out when told to. */
import { parentPort, workerData } from 'node:worker_threads'
import { bellBits } from '@katydid/abi'
import { Bell, Region } from '@katydid/actor'
import { takeTraps } from '@katydid/memory'
import { manager, openLcd } from './machine.js'
import { store, type FaultTask } from './tasks.js'

const task = workerData as FaultTask
const region = new Region(task.region)
const lcd = openLcd(region)
const { pageBytes } = region.plan.shape
const bell = new Bell(region.words, region.actorWord(manager, 'bell'), task.spin)
const content = store(task.pages, pageBytes)
const sources = Array.from({ length: task.pages }, (_, page) =>
  content.subarray(page * pageBytes, (page + 1) * pageBytes),
)
const first = region.plan.firstFrame / pageBytes
const offsets = sources.map((_, page) => page * pageBytes)

parentPort!.postMessage('ready')
for (;;) {
  const reasons = bell.park(1000)
  for (const trap of takeTraps(region, manager)) {
    const page = Math.floor(trap.offset / pageBytes)
    const frame = (first + page) as Parameters<typeof lcd.install>[0][0]['frame']
    region.u8.set(sources[page]!, frame * pageBytes)
    const status = lcd.install([{ offset: page * pageBytes, frame, access: trap.access }])
    trap.answer(status)
  }
  if ((reasons & bellBits.control) !== 0) {
    const generation = lcd.remove(offsets)
    while (!lcd.acknowledged(generation));
    Atomics.add(task.emptied, 0, 1)
    Atomics.notify(task.emptied, 0)
  }
}
