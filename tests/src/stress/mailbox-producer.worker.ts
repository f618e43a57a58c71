/** Sends frames of pseudo-random sizes from the barrier's port to the disk's, as fast as they are taken. */
import { actorPorts, bellBits } from '@katydid/abi'
import { bellOf, MailboxWriter, Random, Region, ringPort, type RegionHandle } from '@katydid/actor'
import { parentPort, workerData } from 'node:worker_threads'

export interface ProducerWork {
  readonly region: RegionHandle
  readonly seed: number
  readonly frames: number
  readonly longest: number
  /** First spin budget of both bells; 0 parks at once. */
  readonly spin: number
}

const work = workerData as ProducerWork
const region = new Region(work.region)
const place = region.plan.mailboxes.find(
  ({ from, to }) => from === actorPorts.barrier && to === actorPorts.disk,
)!
const writer = new MailboxWriter(region, place)
const bell = bellOf(region, actorPorts.barrier, work.spin)
const random = new Random(work.seed)
const bytes = new Uint8Array(work.longest)
let timeouts = 0
let refused = 0
for (let n = 0; n < work.frames; n++) {
  const length = random.below(work.longest + 1)
  bytes.fill(n & 0xff, 0, length)
  while (!writer.offer(bytes, length)) {
    refused += 1
    const began = performance.now()
    bell.park(2000)
    if (performance.now() - began >= 1999) timeouts += 1
  }
  ringPort(region, actorPorts.disk, bellBits.mail)
}
parentPort!.postMessage({ timeouts, refused })
