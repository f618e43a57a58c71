/** What a worker is told at its start, and how it talks to the host without waiting. */
import type { Generation, Order, PortId } from '@katydid/abi'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { invariant } from './invariant.js'
import type { RegionHandle } from './region.js'

export interface ActorBoot {
  readonly region: RegionHandle
  readonly port: PortId
  readonly generation: Generation
  readonly data: unknown
}

/** What `spawnActor` puts under this key of the worker's data. */
export interface BootData extends ActorBoot {
  readonly control: MessagePort
}

export const bootKey = 'katydidActor'

/** What this worker was started with. An invariant violation on a thread that `spawnActor` did not start. */
export function actorBoot(): BootData {
  const data = (workerData as { readonly [bootKey]?: BootData } | null)?.[bootKey]
  invariant(data !== undefined, 'AC7: an actor is started by spawnActor')
  return data
}

/** Tells the host to do something. Posted, never awaited. */
export function order(what: Order): void {
  parentPort?.postMessage(what)
}
