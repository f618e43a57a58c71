/** LO: what a locus notes of containers that it reaches by mappings, on real threads. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asContainer } from '@katydid/abi'
import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { LocusMachine } from './support/locus-machine.js'

const module = new URL('./support/programs.js', import.meta.url).href
const at = 0x1000000

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i > 5000) throw new Error('it never came to be')
    await sleep(1)
  }
}

/** A locus of container 0 that counts in what is mapped of container 1; what each has received of the other. */
async function sharing(writable: boolean) {
  const machine = new LocusMachine({ containers: 2, pages: 16 })
  machine.mapped.push({ host: 0, at, source: 1, writable })
  const { region } = machine
  const index = (receiver: number, sender: number): number =>
    region.dependencyIndex(asContainer(receiver), asContainer(sender))
  const locus = machine.start(0, {
    program: { module, entry: 'mappedRounds' },
    block: encodeBlock({ at, write: writable }),
  })
  await until(() => machine.register(0, 0) > 10)
  return {
    machine,
    locus,
    received: (receiver: number, sender: number): bigint =>
      Atomics.load(region.i64, index(receiver, sender)),
    /** The kernel's part of a cut: what was received goes into the capture. */
    take: (): void => {
      Atomics.store(region.i64, index(0, 1), 0n)
      Atomics.store(region.i64, index(1, 0), 0n)
    },
    stop: async () => {
      await locus.worker.terminate()
      await locus.outcome.catch(() => undefined)
      await machine.close()
    },
  }
}

test('[LO90] a window on a mapping that may be written makes both containers depend on each other', async (t) => {
  const { received, stop } = await sharing(true)

  t.true(received(0, 1) >= 200n)
  t.true(received(1, 0) >= 100n)
  await stop()
})

test('[LO90] a window that may only be read makes its container depend on the supplier, and not the other way', async (t) => {
  const { received, stop } = await sharing(false)

  t.true(received(0, 1) >= 200n)
  t.is(received(1, 0), 0n)
  await stop()
})

test('[LO90] after each capture what windows are open on is noted anew', async (t) => {
  const { machine, received, take, stop } = await sharing(true)
  const taken: bigint[] = []

  for (let i = 0; i < 5; i++) {
    let before = Infinity
    await machine.atRest([0], () => {
      taken.push(received(0, 1), received(1, 0))
      take()
      // Read at rest: what it did before says nothing of whether it has come back.
      before = machine.register(0, 0)
    })
    await until(() => machine.register(0, 0) > before + 5)
  }

  t.true(taken.every((each) => each > 0n))
  t.true(received(0, 1) > taken[0]!)
  t.true(received(1, 0) > taken[1]!)
  await stop()
})

test('[LO90] what is not stored by way of a mapping because it may only be read is access_denied', async (t) => {
  const machine = new LocusMachine({ containers: 2, pages: 16 })
  machine.mapped.push({ host: 0, at, source: 1, writable: false })
  machine.pager.setWord(0, 4, 1)

  const end = await machine.run(0, {
    program: { module, entry: 'mappedRounds' },
    block: encodeBlock({ at, write: false }),
  })

  t.deepEqual(decodeBlock(end.block), { refused: 'access_denied', round: 0 })
  await machine.close()
})

test('[WO70] a program that asks for the same window again gets the same, of its own pages and of what is mapped', async (t) => {
  const machine = new LocusMachine({ containers: 2, pages: 16 })
  machine.mapped.push({ host: 0, at, source: 1, writable: true })

  const end = await machine.run(0, {
    program: { module, entry: 'reopens' },
    block: encodeBlock({ at }),
  })

  t.deepEqual(decodeBlock(end.block), { same: [true, true, true, true], distinct: 4 })
  await machine.close()
})
