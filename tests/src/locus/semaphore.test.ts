/** LO: a locus at a semaphore, on its own thread; the test is the kernel. */
import { asLocus, locusStates } from '@katydid/abi'
import { decodeBlock } from '@katydid/locus'
import test from 'ava'
import { LocusMachine } from './support/locus-machine.js'

const program = { module: new URL('./support/programs.js', import.meta.url).href, entry: 'taker' }
async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('[LO78] at a semaphore a locus is at rest, with the number of its wait in its record until it runs again', async (t) => {
  const machine = new LocusMachine({ containers: 1 })
  const { region } = machine
  const wait = (): number => region.words.load(region.locusWord(asLocus(0), 'semaphoreWait'))
  const locus = machine.start(0, { program })
  await until(() => machine.waiting.length === 1)
  const waiting = [wait(), machine.state(0)]

  // Served while the gate is shut: it stays as it came.
  let served: number[] = []
  const captured = machine.atRest([0], () => (served = [wait(), machine.register(0, 0)]))
  machine.waiting[0]!.answer({ status: 'ok' })
  await captured
  await until(() => machine.waiting.length === 2)
  const again = [wait(), machine.register(0, 0)]
  machine.waiting[1]!.answer({ status: 'timed_out', detail: '' })
  await locus.outcome

  t.deepEqual(waiting, [1, locusStates.resting])
  t.deepEqual(served, [1, 0])
  t.deepEqual(again, [2, 1])
  t.is(wait(), 0)
  t.deepEqual(decodeBlock(locus.end()!.block), ['ok', 'timed_out'])
  await machine.close()
})
