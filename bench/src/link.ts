/**
 * `link`: what it costs to call another machine’s kernel: two mailboxes, two network drivers and what joins them, there and back. Beside it
 * a message to another thread and back by a bare port.
 */
import { actorPorts, asGeneration, asMachine, defaultShape } from '@katydid/abi'
import { Region, spawnActor, type SpawnedActor } from '@katydid/actor'
import type { NetworkControl, NetworkData } from '@katydid/devices'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Bench, Contender } from './bench.js'
import { roundTrips } from './invoke.js'
import type { LinkKernelControl } from './link-kernel.worker.js'

const driverFile = new URL(import.meta.resolve('@katydid/devices/network.worker.js'))
const kernelFile = new URL('./link-kernel.worker.js', import.meta.url)

interface Machine {
  readonly driver: SpawnedActor<NetworkControl>
  readonly kernel: SpawnedActor<LinkKernelControl>
  end(): Promise<void>
}

export const link: Bench = {
  name: 'link',
  question:
    'what does a call on another machine cost, beside a message to another thread and back?',
  async run({ quick }, measure) {
    const times = quick ? 200 : 1000
    const pace = { warmUps: 1, rounds: quick ? 2 : 5, targets: {} }
    const worker = new Worker(new URL('./echo.worker.js', import.meta.url))
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-link-'))
    try {
      for (const how of ['ports', 'sockets'] as const)
        await joined(how === 'ports' ? null : folder, async ([one]) => {
          for (const bytes of [0, 4096, 65536]) {
            const katydid: Contender = { pass: () => one.kernel.control.calls(2, times, bytes) }
            const peers = { 'post-message': roundTrips(worker, bytes, times) }
            await measure({ name: `${how}-${bytes}`, unit: 'us', katydid, peers, ...pace })
          }
        })
    } finally {
      await worker.terminate()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** Runs `work` while two machines are joined, by sockets in a folder or by ports. */
async function joined(
  folder: string | null,
  work: (machines: readonly [Machine, Machine]) => Promise<void>,
): Promise<void> {
  const machines = [start(1, folder), start(2, folder)] as const
  try {
    if (folder === null) {
      const { port1, port2 } = new MessageChannel()
      await machines[0].driver.control.connect(2, port1)
      await machines[1].driver.control.connect(1, port2)
    }
    await work(machines)
  } finally {
    for (const machine of machines) await machine.end()
  }
}

function start(id: number, folder: string | null): Machine {
  const shape = { ...defaultShape, frames: 16, maxLoci: 2, tableBytes: 65536, network: true }
  const region = Region.create(shape, id)
  const data: NetworkData = {
    world: 'bench',
    machine: asMachine(id),
    incarnation: 1,
    peers: [asMachine(3 - id)],
    ...(folder === null ? {} : { folder }),
  }
  const common = { region: region.handle, generation: asGeneration(1) }
  const driver = spawnActor<NetworkControl>({
    ...common,
    file: driverFile,
    name: 'network driver',
    port: actorPorts.network,
    data,
  })
  const kernel = spawnActor<LinkKernelControl>({
    ...common,
    file: kernelFile,
    name: 'kernel',
    port: actorPorts.kernel,
    data: {},
  })
  // Stands for the supervisor's tick.
  const ticks = setInterval(() => region.words.add(region.machineWord('tick'), 1), 100)
  const end = async (): Promise<void> => {
    clearInterval(ticks)
    await driver.terminate('the bench has ended')
    await kernel.terminate('the bench has ended')
  }
  return { driver, kernel, end }
}
