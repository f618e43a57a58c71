/** A transaction that wants two frames where one is free, and a locus beside it that can do with that one. In the simulator, real kernel, manager and disk. */
import { hereCapref, transactionCalls, type ContainerSlot } from '@katydid/abi'
import { AccessError } from '@katydid/memory'
import test from 'ava'
import { CampaignHost } from '../campaign/host.js'
import type { SimLocus } from '../campaign/sim-locus.js'
import { WholeWorld, transactional, type SimProgram } from '../campaign/whole-world.js'
import { transactionShape } from './sim-transactions.js'

const pages = 96
const pageBytes = 4096

/** Writes page after page in one transaction, until it is refused; notes with what. */
function greedy(ended: string[]): SimProgram {
  return function* (locus) {
    const begin = { cont: hereCapref, timeoutMs: 5_000, age: 0 }
    const begun = yield* locus.call(transactionCalls.transactionBegin, begin)
    if (begun.status !== 'ok') throw new Error(begun.status)
    const { transaction, slot } = begun
    const window = { transaction, base: 0, length: 0 }
    const opened = yield* locus.call(transactionCalls.transactionWindow, window)
    if (opened.status !== 'ok') throw new Error(opened.status)
    const place = { slot: slot as ContainerSlot, table: opened.table, size: opened.length }
    try {
      yield* locus.elsewhere(place, () => writes(locus))
      ended.push('ok')
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      ended.push(error.status)
    }
    yield* locus.call(transactionCalls.transactionAbort, { transaction })
    return Uint8Array.of(1)
  }
}

function* writes(locus: SimLocus): Generator<'step' | number | (() => boolean), void, void> {
  for (let page = 0; page < pages; page++)
    yield* locus.access((window) => {
      window.setInt32(page * pageBytes, page)
      return page
    })
}

/** Reads other pages again and again, as long as the transaction goes on and a little longer. */
function reader(ended: readonly string[]): SimProgram {
  return function* (locus) {
    for (let n = 0, after = 0; after < 50; n++) {
      if (ended.length > 0) after++
      yield* locus.load((n % 24) * pageBytes + 8)
    }
    return Uint8Array.of(1)
  }
}

test('[TX16] where a transaction waits for two frames nobody else is shown a page only to lose it before it is read: the transaction hears no_frames, and the others read on', async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const ended: string[] = []
    const programs = new Map([
      ['greedy', greedy(ended)],
      ['reader', reader(ended)],
    ])
    const shape = {
      ...transactionShape,
      managers: { a: transactional.name, b: transactional.name },
    }
    const world = new WholeWorld(seed, shape, programs)
    await world.open()
    const host = new CampaignHost(world)
    for (const [name, program] of [
      ['a', 'greedy'],
      ['b', 'reader'],
    ] as const) {
      await host.create(name, pages)
      await host.adopt(name)
      await host.setProgram(name, program)
    }
    await host.start('r', 'b')
    await host.start('g', 'a')
    const isOver = (): boolean =>
      ['r', 'g'].every((name) => world.model.loci.get(name)?.end != null)
    world.until(() => isOver() || world.problems.length > 0, 60_000)

    t.deepEqual(world.problems, [], `seed ${seed}`)
    t.deepEqual(ended, ['no_frames'], `seed ${seed}`)
    t.is(world.model.loci.get('r')?.end, 'ok', `seed ${seed}`)
  }
})
