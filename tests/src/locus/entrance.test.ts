/** SI: invocations at the gate of a container that is to be captured. Real threads; the test is the kernel. */
import { asContainer, asLocus, containerGates, locusPort, locusStates } from '@katydid/abi'
import { ringPort } from '@katydid/actor'
import { encodeBlock } from '@katydid/locus'
import test from 'ava'
import { allRights, LocusMachine } from './support/locus-machine.js'

const module = new URL('./support/programs.js', import.meta.url).href
type Field = 'gate' | 'epoch' | 'mixed' | 'frames'

class Entrance {
  readonly machine = new LocusMachine({ containers: 2, frames: 64, pages: 16 })
  ended = false

  set(slot: number, field: Field, value: number): void {
    this.machine.region.words.store(this.#word(slot, field), value)
  }

  get(slot: number, field: Field): number {
    return this.machine.region.words.load(this.#word(slot, field))
  }

  /** A locus in container 0 invokes container 1. */
  async start(): Promise<void> {
    const { machine } = this
    machine.programs.set(1, { module, entry: 'passesBytes' })
    const caprefs = [machine.grant('own', 0, 1, { container: 1, rights: allRights })]
    const block = encodeBlock({ caprefs, block: [1] })
    const locus = machine.start(0, { program: { module, entry: 'invoker' }, block })
    await locus.outcome
    this.ended = true
  }

  /** Whether it waits outside. */
  get waits(): boolean {
    const { region } = this.machine
    const quiet = this.machine.state(0) === locusStates.quiet
    return quiet && region.words.load(region.locusWord(asLocus(0), 'awaits')) === 2
  }

  ring(): void {
    ringPort(this.machine.region, locusPort(asLocus(0)), 1)
  }

  #word(slot: number, field: Field): number {
    return this.machine.region.containerWord(asContainer(slot), field)
  }
}

async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('[SI24] an invocation of a higher epoch waits for the capture of the container it goes to, and is not in it meanwhile', async (t) => {
  const entrance = new Entrance()
  entrance.set(0, 'epoch', 5)
  entrance.set(1, 'epoch', 4)
  entrance.set(1, 'gate', containerGates.shut)
  const done = entrance.start()
  await until(() => entrance.waits)
  const outside = [entrance.get(1, 'frames'), entrance.ended]

  entrance.set(1, 'epoch', 5)
  entrance.set(1, 'gate', containerGates.open)
  entrance.ring()
  await done

  t.deepEqual(outside, [0, false])
  t.false(entrance.waits)
  t.is(entrance.get(1, 'frames'), 0)
  await entrance.machine.close()
})

test('[SI24] nobody goes in while a container is cut, of whatever epoch', async (t) => {
  const entrance = new Entrance()
  entrance.set(0, 'epoch', 4)
  entrance.set(1, 'epoch', 4)
  entrance.set(1, 'gate', containerGates.cutting)
  const done = entrance.start()
  await until(() => entrance.waits)
  const outside = [entrance.get(1, 'frames'), entrance.ended]

  entrance.set(1, 'gate', containerGates.open)
  entrance.ring()
  await done

  t.deepEqual(outside, [0, false])
  await entrance.machine.close()
})

test('[SI24] one of the same epoch, or for which the capture was given up, goes in though a capture is wanted', async (t) => {
  for (const mixed of [0, 5]) {
    const entrance = new Entrance()
    entrance.set(0, 'epoch', mixed === 0 ? 4 : 5)
    entrance.set(1, 'epoch', 4)
    entrance.set(1, 'mixed', mixed)
    entrance.set(1, 'gate', containerGates.shut)

    await entrance.start()

    t.is(entrance.get(1, 'gate'), containerGates.shut)
    t.is(entrance.get(1, 'frames'), 0)
    await entrance.machine.close()
  }
})

test('[SI24] a capture that does not come is not waited for for ever', async (t) => {
  const entrance = new Entrance()
  entrance.set(0, 'epoch', 5)
  entrance.set(1, 'epoch', 4)
  entrance.set(1, 'gate', containerGates.shut)
  const began = performance.now()

  await entrance.start()

  t.true(performance.now() - began >= 2_400)
  await entrance.machine.close()
})
