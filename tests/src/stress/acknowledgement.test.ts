import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { smallMachine } from '../support/small-machine.js'

test('[ME9] a locus in a loop of reads acknowledges within 50 ms', async (t) => {
  const { region, table, lcd, frames } = smallMachine(4, 4)
  lcd.install([{ offset: 0, frame: frames[0]!, access: 'read' }])
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('../support/reading-locus.worker.js', import.meta.url), {
    workerData: { handle: region.handle, table, flag },
  })
  await once(worker, 'message')
  await new Promise((resolve) => setTimeout(resolve, 300))
  const times: number[] = []

  for (let round = 0; round < 20; round++) {
    const generation = lcd.protect([])
    const from = performance.now()
    while (!lcd.acknowledged(generation) && performance.now() - from < 1000);
    times.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  Atomics.store(flag, 0, 1)
  await worker.terminate()

  // The quickest: a thread that the system does not run acknowledges nothing, and a hoisted load would delay every one.
  const least = Math.min(...times)
  t.true(least < 50, `${least.toFixed(1)} ms at the least`)
})
