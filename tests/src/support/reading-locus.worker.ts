/** A locus that does nothing but read one page in a tight loop, the worst case for a plain load of the generation. */
import { parentPort, workerData } from 'node:worker_threads'
import { asLocus } from '@katydid/abi'
import { Region, type RegionHandle } from '@katydid/actor'
import { joinAsLocus } from './small-machine.js'

const { handle, table, flag } = workerData as {
  handle: RegionHandle
  table: number
  flag: Int32Array
}
const { window } = joinAsLocus(new Region(handle), table, asLocus(0), 4)

function readFor(reads: number): number {
  let sum = 0
  for (let i = 0; i < reads; i++) sum = (sum + window.getInt32((i & 1023) << 2)) | 0
  return sum
}

let sum = 0
parentPort!.postMessage('reading')
while (Atomics.load(flag, 0) === 0) sum = (sum + readFor(200_000_000)) | 0
parentPort!.postMessage(sum)
