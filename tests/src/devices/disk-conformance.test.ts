/** Every disk there is passes the same checks: in memory in the simulator, and in a file behind real threads. */
import {
  actorPorts,
  asPort,
  type AnySignature,
  type ArgsOf,
  type PortId,
  type Reply,
} from '@katydid/abi'
import { Simulator } from '@katydid/actor'
import {
  anybody,
  barrierAt,
  DiskCore,
  MemoryFile,
  openDisk,
  regionFrames,
  serveBarrier,
  serveDisk,
  silentMeter,
} from '@katydid/devices'
import {
  diskConformance,
  runDiskConformance,
  type DiskUnderTest,
} from '@katydid/devices/testing/conformance.js'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { DiskThreads } from './disk-threads.js'

const owners = [actorPorts.firstManager, asPort(actorPorts.firstManager + 1)] as const

/** A disk in memory, its driver, its barrier thread and its owners, all in the simulator. */
function simulatedDisk(seed: number): DiskUnderTest {
  const sim = new Simulator(seed, { delayMs: (random) => random.below(3) })
  const file = new MemoryFile(4096)
  const start = (): void => {
    const barrier = sim.endpoint(actorPorts.barrier)
    serveBarrier(barrier, file, silentMeter)
    const driver = sim.endpoint(actorPorts.disk)
    const core = new DiskCore({
      file,
      opened: openDisk(file, { uuid: [1, 2, 3, seed], segmentBlocks: 8, capacity: 16 }),
      frames: regionFrames(sim.region),
      barrier: barrierAt(driver, actorPorts.barrier),
      meter: silentMeter,
      clock: sim.clock,
    })
    serveDisk(driver, core, anybody)
    sim.onTurn(actorPorts.disk, () => {
      core.turn()
      return Infinity
    })
  }
  start()
  const callers = new Map(owners.map((owner) => [owner, sim.endpoint(owner)]))
  return {
    owners,
    blockBytes: 4096,
    ask<S extends AnySignature>(owner: PortId, signature: S, args: ArgsOf<S>): Promise<Reply<S>> {
      return new Promise((resolve) => {
        callers.get(owner)!.call(actorPorts.disk, signature, args, resolve)
        sim.run(sim.clock.nowMs() + 20_000)
      })
    },
    read(block) {
      const bytes = new Uint8Array(4096)
      file.read(block, bytes)
      return bytes
    },
    crash() {
      sim.crash(actorPorts.disk)
      sim.crash(actorPorts.barrier)
      start()
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}

for (const check of diskConformance) {
  test(`${check.title} (in the simulator)`, async (t) => {
    await check.run(t, simulatedDisk(t.title.length))
  })
}

test('[DK19] a disk in a file, on real threads, passes every check', async (t) => {
  await runDiskConformance(t, () =>
    DiskThreads.start(temporaryFolder(t), { segmentBlocks: 8, segments: 16 }),
  )
})
