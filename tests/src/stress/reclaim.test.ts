import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { asLocus, locusStates, trapStates, waitStates } from '@katydid/abi'
import { reclaimLocus, takeTraps } from '@katydid/memory'
import test from 'ava'
import { container, manager, smallMachine } from '../support/small-machine.js'
import { until } from '../support/until.js'

const locus = asLocus(0)

for (const at of ['running', 'trap', 'view', 'wait', 'lock'] as const) {
  test(`[ME6] a locus killed at the point «${at}» holds nothing after it is reclaimed`, async (t) => {
    const { region, table, lcd, frames } = smallMachine(4, 4)
    lcd.install([{ offset: 0, frame: frames[0]!, access: 'write' }])
    const worker = new Worker(new URL('../support/held-locus.worker.js', import.meta.url), {
      workerData: { handle: region.handle, table, at },
    })
    await once(worker, 'message')
    const trapped = (): boolean =>
      region.words.load(region.locusWord(locus, 'state')) === locusStates.quiet
    if (at === 'trap') await until('it waits for its page', trapped)
    const generation = lcd.remove([0])
    t.is(lcd.acknowledged(generation), at === 'trap')

    await worker.terminate()
    reclaimLocus(region, locus)

    t.true(lcd.acknowledged(generation))
    t.deepEqual(takeTraps(region, manager), [])
    const word = (field: Parameters<typeof region.locusWord>[1]): number =>
      region.words.load(region.locusWord(locus, field))
    t.deepEqual(
      [word('state'), word('trapState'), word('waitState')],
      [locusStates.dead, trapStates.idle, waitStates.idle],
    )
    t.deepEqual([word('pinned'), word('locks'), word('depth')], [0, 0, 0])
    t.is(region.words.load(region.containerWord(container, 'attached')), 0)
  })
}
