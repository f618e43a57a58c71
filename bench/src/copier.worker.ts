/** The far side of `round-trip-and-copy`: copies the page that is asked for, then says so. */
import { parentPort, workerData } from 'node:worker_threads'
import { answered, asked, awaitChange, store, type RoundTripTask } from './tasks.js'

const task = workerData as RoundTripTask
const { pages, pageBytes, spin } = task
const words = new Int32Array(task.control)
const target = new Uint8Array(task.target)
const content = store(pages, pageBytes)
const sources = Array.from({ length: pages }, (_, page) =>
  content.subarray(page * pageBytes, (page + 1) * pageBytes),
)

parentPort!.postMessage('ready')
for (let known = 0; ;) {
  known = awaitChange(words, asked, known, spin)
  const page = (known - 1) % pages
  target.set(sources[page]!, page * pageBytes)
  Atomics.store(words, answered, known)
  Atomics.notify(words, answered)
}
