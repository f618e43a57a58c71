/** The near side of `round-trip-and-copy`: asks for every page once a pass and answers how long each took, in microseconds. */
import { parentPort, workerData } from 'node:worker_threads'
import { answered, asked, awaitChange, type RoundTripTask } from './tasks.js'

const { control, target, pages, pageBytes, spin } = workerData as RoundTripTask
const words = new Int32Array(control)
const octets = new Uint8Array(target)
let sequence = 0

parentPort!.on('message', () => {
  const times: number[] = []
  for (let page = 0; page < pages; page++) {
    const from = performance.now()
    const before = sequence++
    Atomics.store(words, asked, sequence)
    Atomics.notify(words, asked)
    awaitChange(words, answered, before, spin)
    const held = octets[page * pageBytes]!
    times.push((performance.now() - from) * 1000)
    if (held !== (page & 255)) throw new Error(`page ${page} holds ${held}`)
  }
  parentPort!.postMessage(times)
})
parentPort!.postMessage('ready')
