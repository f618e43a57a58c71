/** What a worker is told at its start, and how it talks to the host without waiting. */
import type { Generation, Order, PortId } from '@katydid/abi'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { invariant } from './invariant.js'
import type { RegionHandle } from './region.js'

/** One of the actors that a worker runs; most run one. */
export interface SeatBoot {
  readonly port: PortId
  readonly generation: Generation
  readonly data: unknown
  readonly control: MessagePort
}

/** What `spawnTogether` puts under `bootKey` of the worker's data. */
export interface BootData {
  readonly region: RegionHandle
  readonly seats: readonly SeatBoot[]
}

export const bootKey = 'katydidActor'

/** What this worker was started with. An invariant violation on a thread that nobody here started. */
export function workerBoot(): BootData {
  const data = (workerData as { readonly [bootKey]?: BootData } | null)?.[bootKey]
  invariant(data !== undefined, 'AC7: an actor is started by spawnActor')
  return data
}

/** Of a worker that runs one actor: what that was started with. */
export function actorBoot(): SeatBoot & { readonly region: RegionHandle } {
  const { region, seats } = workerBoot()
  invariant(seats.length === 1, 'AC7: this thread is one actor’s', { seats: seats.length })
  return { region, ...seats[0]! }
}

/** An order as it crosses from a worker to the host. */
export interface PostedOrder {
  readonly port: PortId
  readonly order: Order
}

/** Tells the host to do something, as the actor at that port. Posted, never awaited. */
export function orderAs(port: PortId, what: Order): void {
  parentPort?.postMessage({ port, order: what } satisfies PostedOrder)
}

/** As `orderAs`, of a worker that runs one actor. */
export function order(what: Order): void {
  orderAs(actorBoot().port, what)
}
