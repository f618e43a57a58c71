/** The bell of an actor that waits in its event loop: no ring is lost, from wherever it comes. */
import { actorPorts, bellBits } from '@katydid/abi'
import { AsyncBell, ringPort } from '@katydid/actor'
import test from 'ava'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { smallRegion } from './actors.js'

const port = actorPorts.network

/** Milliseconds a park takes. */
async function parked(bell: AsyncBell, timeoutMs: number): Promise<number> {
  const begin = performance.now()
  await bell.park(timeoutMs)
  return performance.now() - begin
}

test('[NW18] a ring or a wake that came before the park ends it at once', async (t) => {
  const region = smallRegion()
  const bell = new AsyncBell(region, port)

  ringPort(region, port, bellBits.mail)
  const rung = await parked(bell, 5000)
  const reasons = bell.take()
  bell.wake()
  const woken = await parked(bell, 5000)
  const silent = await parked(bell, 50)

  t.true(rung < 1000 && woken < 1000)
  t.is(reasons, bellBits.mail)
  t.true(silent >= 45)
})

test('[NW18] what happens in the event loop ends a park, and so does its time', async (t) => {
  const bell = new AsyncBell(smallRegion(), port)
  const woken = parked(bell, 5000)
  setTimeout(() => bell.wake(), 10)

  t.true((await woken) < 2000)
  bell.take()
  t.true((await parked(bell, 30)) >= 25)
})

test('[NW18] ten thousand rings from another thread, at any moment: the owner sees each before its next sleep', async (t) => {
  const region = smallRegion()
  const bell = new AsyncBell(region, port)
  const rounds = 10_000
  const script = `
    const { workerData } = require('node:worker_threads')
    const words = new Int32Array(workerData.memory.buffer)
    for (let n = 1; n <= workerData.rounds; n++) {
      while (Atomics.load(words, workerData.echo) !== n - 1) Atomics.wait(words, workerData.echo, Atomics.load(words, workerData.echo) === n - 1 ? -1 : Atomics.load(words, workerData.echo), 1000)
      for (let spin = (n * 7919) % 2000; spin > 0; spin--) Atomics.load(words, workerData.echo)
      Atomics.store(words, workerData.ball, n)
      const before = Atomics.or(words, workerData.bell, 1)
      if (before & 4) Atomics.notify(words, workerData.bell, 1)
    }`
  const echo = region.actorWord(actorPorts.console, 'traps')
  const worker = new Worker(script, {
    eval: true,
    workerData: {
      memory: region.handle.memory,
      rounds,
      echo,
      ball: echo + 1,
      bell: region.actorWord(port, 'bell'),
    },
  })
  const ended = once(worker, 'exit')
  let longest = 0
  for (let n = 1; n <= rounds;) {
    longest = Math.max(longest, await parked(bell, 900))
    bell.take()
    if (region.words.load(echo + 1) !== n) continue
    region.words.store(echo, n)
    region.words.notify(echo, 1)
    n += 1
  }
  await ended

  t.true(longest < 850)
})
