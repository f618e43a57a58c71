/** A locus that stops where it is told, holding what is to be reclaimed after it was killed there. */
import { parentPort, workerData } from 'node:worker_threads'
import { asLocus, waitStates } from '@katydid/abi'
import { Region, type RegionHandle } from '@katydid/actor'
import { container, joinAsLocus } from './small-machine.js'

export type HoldingPoint = 'running' | 'trap' | 'view' | 'wait' | 'lock'

const { handle, table, at } = workerData as {
  handle: RegionHandle
  table: number
  at: HoldingPoint
}
const region = new Region(handle)
const locus = asLocus(0)
const { window } = joinAsLocus(region, table, locus, 4)
const forever = new Int32Array(new SharedArrayBuffer(4))

function hold(): void {
  parentPort!.postMessage('held')
  Atomics.wait(forever, 0, 0)
}

switch (at) {
  case 'running':
    window.getInt32(0)
    hold()
    break
  case 'trap':
    parentPort!.postMessage('held')
    window.getInt32(3 * 4096)
    break
  case 'view':
    window.eachPage(0, 4096, 'write', hold, 'direct')
    break
  case 'wait':
    region.words.store(region.locusWord(locus, 'waitContainer'), container)
    region.words.store(region.locusWord(locus, 'waitState'), waitStates.waiting)
    hold()
    break
  case 'lock':
    region.words.add(region.locusWord(locus, 'locks'), 1)
    hold()
    break
}
